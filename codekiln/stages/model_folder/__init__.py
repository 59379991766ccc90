"""The folder of a registered version: what it holds, and how MLflow loads it."""
