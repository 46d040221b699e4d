"""Which lines a rule is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field

from bursar.domain.ledger.lines import CostCategory, Kind, LineKey


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an amount while it is being given an owner."""

    key: LineKey
    workload: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class Selection(BaseModel):
    """What every named dimension agrees with; an empty one selects everything.

    `*` and `?` stand for any characters in namespaces, workloads, models and labels' values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    categories: tuple[CostCategory, ...] = ()
    kinds: tuple[Kind, ...] = Field(default=(), description="allocated, idle or shared")
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default={}, description="pod labels that all must be there")

    def selects(self, facts: Facts) -> bool:
        key = facts.key
        return (
            (not self.categories or key.category in self.categories)
            and (not self.kinds or key.kind in self.kinds)
            and (not self.clusters or key.cluster in self.clusters)
            and _is_like(key.namespace, self.namespaces)
            and _is_like(facts.workload, self.workloads)
            and _is_like(key.model, self.models)
            and all(
                fnmatchcase(facts.labels[name], value) if name in facts.labels else False
                for name, value in self.labels.items()
            )
        )


def _is_like(name: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
