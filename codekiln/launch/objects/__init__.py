"""Kubernetes objects of a job: a TrainJob or a PyTorchJob, from a pool and what the task asks for."""
