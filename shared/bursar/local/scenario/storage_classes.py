"""The storage classes of both clusters. A name promises nothing: `gp2` makes gp3 volumes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StorageClass:
    parameters: Mapping[str, str]
    reclaim_policy: str = "Delete"


STORAGE_CLASSES: Mapping[str, StorageClass] = {
    "fast-io2": StorageClass({"type": "io2", "iops": "4000", "encrypted": "true"}),
    "gp2": StorageClass({"type": "gp3", "csi.storage.k8s.io/fstype": "ext4"}),
    "gp3": StorageClass({"type": "gp3", "encrypted": "true"}),
    "gp3-retain": StorageClass({"type": "gp3"}, reclaim_policy="Retain"),
}
