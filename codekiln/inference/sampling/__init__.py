"""The sampling job: a base model, with or without an adapter, writes programs for problems, here or on a GPU pool."""
