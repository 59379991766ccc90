"""Pipelines of Kubeflow Pipelines: the order of the stages, compiled to YAML files that are uploaded."""
