"""How Kubeflow Pipelines sees a stage: one thin wrapper each."""
