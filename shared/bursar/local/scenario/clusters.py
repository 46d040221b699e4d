"""The two clusters: their Kubernetes releases, and what their API servers say at /version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """An EKS cluster in us-east-1."""

    name: str
    kubernetes_version: str
    git_version: str


CLUSTERS: Mapping[str, ClusterIdentity] = {
    "inference": ClusterIdentity("inference", "1.34", "v1.34.1-eks-113cf36"),
    "training": ClusterIdentity("training", "1.33", "v1.33.5-eks-113cf36"),
}
