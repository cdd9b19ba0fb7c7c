"""Labelled faces: loading them, aligning them, finding those that occur twice."""
