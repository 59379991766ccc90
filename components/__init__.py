"""Components of Kubeflow Pipelines: a thin wrapper for each stage."""
