"""`bursar cluster manifest`: what a cluster's administrator applies so that Bursar can read it."""

from __future__ import annotations

import sys
from typing import Any

import yaml
from cyclopts import App

app = App(name="cluster", help="What a cluster needs to let Bursar read it.")

GROUP = "bursar-readers"  # the access entry in the stack puts the snapshot function in it
_READ = ["get", "list"]


@app.command
def manifest() -> None:
    """Print the ClusterRole and its binding: get and list on what is read, and nothing else."""
    sys.stdout.write(yaml.safe_dump_all(manifests(), sort_keys=False))


def manifests() -> list[dict[str, Any]]:
    name = {"name": GROUP}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": name,
        "rules": [
            _rule("", "nodes", "pods", "persistentvolumes", "persistentvolumeclaims"),
            _rule("", "namespaces", "services"),
            _rule("storage.k8s.io", "storageclasses"),
            _rule("metrics.k8s.io", "pods"),
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": name,
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": GROUP,
        },
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP},
        ],
    }
    return [role, binding]


def _rule(api_group: str, *resources: str) -> dict[str, Any]:
    return {"apiGroups": [api_group], "resources": list(resources), "verbs": _READ}
