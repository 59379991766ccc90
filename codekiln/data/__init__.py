"""Records, data folders and readers, and how training data is kept apart from evaluation data."""
