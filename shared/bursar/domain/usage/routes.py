"""Which of several tellings of the same usage is billed, and which models are our own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache

from bursar.domain.usage.model_names import price_names
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.sellers import sells_models

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ModelRoute:
    """`models` is a name or a pattern (`claude-*`); `billed_by` a producer.

    It names a model as prices do: in any case, with or without what gateways and AWS put around
    the name, so that what is charged at one price is billed by one producer. It holds from
    `begins` on (always if None) until another one of the same `models` begins.
    """

    models: str
    billed_by: str
    begins: datetime | None = None

    @property
    def pattern(self) -> str:
        return self.models.lower()

    def names(self, record: UsageRecord) -> bool:
        names = (name.lower() for _, name in price_names(record.provider, record.model))
        return any(fnmatchcase(name, self.pattern) for name in names)


@dataclass(frozen=True, slots=True)
class ModelRoutes:
    """The routes in the order in which they are asked; of those that hold at a record's own
    time the first that matches decides, whenever the record comes in.

    A dated one stands where the first one of the same `models` does. `self_hosted` are models
    whose money is in a cluster's costs: their tokens only say whose.
    `compared` are producers that are billed only where a route names them.
    """

    routes: Sequence[ModelRoute] = ()
    self_hosted: frozenset[str] = field(default_factory=frozenset)
    compared: frozenset[str] = field(default_factory=frozenset)

    def shadow_of(self, record: UsageRecord) -> str:
        """The producer's name when another one is billed for this model, else empty.

        A model that no route names is billed whoever tells of it, but for those compared.
        """
        for route in self._holding(record.at):
            if route.names(record):
                return "" if record.producer == route.billed_by else record.producer
        return record.producer if record.producer in self.compared else ""

    def hosted_name(self, record: UsageRecord) -> str:
        """The name in `self_hosted` of the record's model, told as prices are told it; empty
        where it is none of those, or a seller of models is named: then it is bought."""
        own = _by_lower_case(self.self_hosted)
        # its very name first, whatever that may look like
        told = [(record.provider, record.model), *price_names(record.provider, record.model)]
        for seller, name in told if own else ():
            if found := name if name in self.self_hosted else own.get(name.lower()):
                return "" if sells_models(seller) else found
        return ""

    def _holding(self, at: datetime) -> Iterable[ModelRoute]:
        latest: dict[str, ModelRoute] = {}
        for route in (each for each in self.routes if _begins(each) <= at):
            known = latest.setdefault(route.pattern, route)
            if _begins(route) >= _begins(known):
                latest[route.pattern] = route  # where the first one stands
        return latest.values()


@lru_cache(maxsize=8)
def _by_lower_case(names: frozenset[str]) -> dict[str, str]:
    return {name.lower(): name for name in sorted(names)}


def _begins(route: ModelRoute) -> datetime:
    return route.begins or _EVER
