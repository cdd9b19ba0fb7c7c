"""Training: data, networks, and the loop that fits them. Needs the extra `learn` (PyTorch)."""
