"""Judging a recogniser: pure scores, and the protocol that gets them."""
