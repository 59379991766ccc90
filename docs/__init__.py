"""The documentation; `docs.generate` writes what it takes from the code."""
