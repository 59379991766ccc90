"""The recipe dataset: rows of the user's own files become training rows as they are."""
