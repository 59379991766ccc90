"""Pipelines of Kubeflow Pipelines: the order of the stages, compiled to YAML files that are uploaded."""

MAX_ROUNDS = 3
"""Rounds of self-generation that one pipeline can have: evaluate has an input for the adapter of each."""
