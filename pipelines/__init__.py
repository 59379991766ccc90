"""The order of stages; what is uploaded to Kubeflow Pipelines is compiled from here."""
