"""What networks see, as arrays and pictures; needs the extra `learn`."""
