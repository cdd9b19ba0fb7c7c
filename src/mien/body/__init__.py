"""The body beside the face: its points, what it does, how far away it is."""
