"""Manifests of Kubernetes Jobs, PyTorchJobs and Kueue Workloads."""
