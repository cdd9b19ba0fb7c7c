"""The page that a person uses, and the API behind it: a thin door onto `Pipeline` (extra `live`)."""
