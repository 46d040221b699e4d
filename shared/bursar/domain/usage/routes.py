"""Which of several tellings of the same usage is billed, and which models are our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bursar.domain.usage.records import UsageRecord


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """`models` is a name or a pattern (`claude-*`); `billed_by` a producer."""

    models: str
    billed_by: str


@dataclass(frozen=True, slots=True)
class ModelRoutes:
    """The routes in the order in which they are asked; the first that matches decides.

    `self_hosted` are models whose money is in a cluster's costs: their tokens only say whose.
    `compared` are producers that are billed only where a route names them.
    """

    routes: Sequence[ModelRoute] = ()
    self_hosted: frozenset[str] = field(default_factory=frozenset)
    compared: frozenset[str] = field(default_factory=frozenset)

    def shadow_of(self, record: UsageRecord) -> str:
        """The producer's name when another one is billed for this model, else empty.

        A model that no route names is billed whoever tells of it, but for those compared.
        """
        for route in self.routes:
            if fnmatchcase(record.model, route.models):
                return "" if record.producer == route.billed_by else record.producer
        return record.producer if record.producer in self.compared else ""
