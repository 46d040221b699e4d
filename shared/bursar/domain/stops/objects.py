"""Kubernetes objects as far as a stop changes them: a few fields, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

Value = bool | str | None  # None: the field is not there
Fields = Mapping[str, Value]


class ObjectKind(StrEnum):
    """Each with the place that its fields are in."""

    RESOURCE_QUOTA = "ResourceQuota"  # spec.hard
    LOCAL_QUEUE = "LocalQueue"  # spec: stopPolicy
    NODE_POOL = "NodePool"  # spec.limits
    JOB = "Job"  # spec: suspend


class NotServedError(Exception):
    """The cluster has no objects of that kind: what serves them is not installed."""


class ObjectChangedError(Exception):
    """Somebody changed, made or deleted the object since it was read; nothing was written."""


class ClusterWriteError(Exception):
    """The cluster refused a write, or did not answer it; the text says why."""


class ObjectName(BaseModel):
    """`namespace` is empty for what belongs to the whole cluster."""

    model_config = ConfigDict(frozen=True)

    kind: ObjectKind
    namespace: str = ""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it stands. `version` rises with each change of it; `uid` is never used again.

    `stop` is the id of the stop that wrote it last. `busy`: it has, or had, pods, or others
    decide when it runs. `amounts` are accelerators: those a Job's pods would ask for, those a
    NodePool's nodes have.
    """

    name: ObjectName
    uid: str
    version: str
    fields: Fields
    stop: str = ""
    busy: bool = False
    amounts: Mapping[str, int] = field(default_factory=dict)

    def reads(self, fields: Fields) -> bool:
        return all(self.fields.get(name) == value for name, value in fields.items())
