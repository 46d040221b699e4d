"""A Kubernetes cluster, read over its API. Import the modules: each costs only what it uses."""
