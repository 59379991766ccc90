"""Kubernetes objects of a job: a TrainJob or a PyTorchJob, built from a pool and the task's own settings."""
