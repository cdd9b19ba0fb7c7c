"""Reading the expression of a face: the network, its calibration, steadiness, and the words."""
