"""Roles that a cluster's administrator gives Bursar: to read, and, if they like, to stop."""

from __future__ import annotations

from typing import Any

GROUP = "bursar-readers"  # the access entry in the stack puts the snapshot function in it
STOPPERS = "bursar-stoppers"  # and that of enforce_stop, in this one too
_READ = ["get", "list"]


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
    return [role, _binding("ClusterRole", name)]


def metrics_manifests(namespace: str, service: str) -> list[dict[str, Any]]:
    """A Role, and its binding, to get what one service (`name:port`) answers through the proxy."""
    name = {"name": f"{GROUP}-metrics", "namespace": namespace}
    rule = {
        "apiGroups": [""],
        "resources": ["services/proxy"],
        "resourceNames": [service],
        "verbs": ["get"],
    }
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": name,
        "rules": [rule],
    }
    return [role, _binding("Role", name)]


def stop_manifests() -> list[dict[str, Any]]:
    """The ClusterRole for stops, and its binding: the least that they write."""
    name = {"name": STOPPERS}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": name,
        "rules": [
            _rule("", "resourcequotas", verbs=[*_READ, "create", "delete"]),
            _rule("kueue.x-k8s.io", "localqueues", verbs=[*_READ, "patch"]),
            _rule("karpenter.sh", "nodepools", verbs=[*_READ, "patch"]),
            _rule("batch", "jobs", verbs=[*_READ, "patch"]),
        ],
    }
    return [role, _binding("ClusterRole", name, STOPPERS)]


def _binding(kind: str, name: dict[str, str], group: str = GROUP) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{kind}Binding",
        "metadata": name,
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": kind,
            "name": name["name"],
        },
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group},
        ],
    }


def _rule(api_group: str, *resources: str, verbs: list[str] | None = None) -> dict[str, Any]:
    return {"apiGroups": [api_group], "resources": list(resources), "verbs": verbs or _READ}
