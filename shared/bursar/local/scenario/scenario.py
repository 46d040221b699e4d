"""The whole scenario: a pure function from (cluster, time) to what is alive there.

All lives are planned once, from the seed; asking for a state only filters them, so a state is
the same whatever was asked before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from bursar.domain import periods
from bursar.domain.cluster.storage import VolumeSpec
from bursar.domain.spot import SpotPoint
from bursar.local.scenario.calendar import DAY, FOREVER, Calendar, instant
from bursar.local.scenario.clusters import CLUSTERS, ClusterIdentity
from bursar.local.scenario.fleet import Fleet
from bursar.local.scenario.lives import BalancerLife, NodeLife, PodLife, VolumeLife
from bursar.local.scenario.prices import ScenarioPrices
from bursar.local.scenario.services import plan_services
from bursar.local.scenario.serving import plan_serving
from bursar.local.scenario.training import plan_training

_TERMINATES_IN = 41  # seconds from shutting-down to terminated
_LATE_HOUR = 17


@dataclass(frozen=True, slots=True)
class ClusterState:
    """One cluster at one second; lists in the order in which the API server lists them."""

    cluster: ClusterIdentity
    at: int
    load: float  # of the demand curve: what serving pods' usage follows
    nodes: tuple[NodeLife, ...]
    pods: tuple[PodLife, ...]
    volumes: tuple[VolumeLife, ...]
    balancers: tuple[BalancerLife, ...]


class _Listed(Protocol):
    def listed(self, at: int) -> bool: ...


_L = TypeVar("_L", bound=_Listed)


class _ByDay(Generic[_L]):
    """The lives of one kind, and quickly those of a day."""

    def __init__(self, lives: Sequence[tuple[_L, int, int]], calendar: Calendar) -> None:
        self._days: dict[int, list[_L]] = defaultdict(list)
        self._first, self._last = calendar.first // DAY, calendar.last // DAY
        for life, start, end in lives:
            for day in range(self._day(start), self._day(end) + 1):
                self._days[day].append(life)

    def at(self, at: int) -> tuple[_L, ...]:
        return tuple(life for life in self._days.get(self._day(at), ()) if life.listed(at))

    def _day(self, at: int) -> int:
        return min(max(at // DAY, self._first), self._last)


class _PlannedCluster:
    def __init__(self, fleet: Fleet, calendar: Calendar) -> None:
        self.fleet = fleet
        nodes = sorted(fleet.nodes, key=lambda life: life.record.name)
        pods = sorted(fleet.pods, key=lambda life: (life.shape.namespace, life.name))
        volumes = sorted(fleet.volumes, key=lambda life: life.name)
        balancers = sorted(fleet.balancers, key=lambda life: (life.namespace, life.service))
        self.nodes = _ByDay([(life, life.joined, life.ended) for life in nodes], calendar)
        self.pods = _ByDay([(life, life.created, life.listed_until) for life in pods], calendar)
        self.volumes = _ByDay([(life, life.created, life.ended) for life in volumes], calendar)
        self.balancers = _ByDay([(life, life.created, life.ended) for life in balancers], calendar)
        self.events = sorted(event for life in nodes for event in _events(life))


def _events(node: NodeLife) -> Iterator[tuple[int, str, str]]:
    yield node.launched, node.instance_id, "running"
    if node.ended < FOREVER:
        yield node.ended, node.instance_id, "shutting-down"
        yield node.ended + _TERMINATES_IN, node.instance_id, "terminated"


class Scenario:
    """Two clusters of one account over some weeks, from a seed.

    It reaches from a day before `start` (which must be a midnight in UTC) to a week after the
    last day; Job pods and autoscaling go on for that week.
    """

    def __init__(
        self,
        *,
        start: datetime,
        seed: int | str = 7,
        days: int = 60,
        account: str = "123456789012",
    ) -> None:
        self.seed = seed
        self.account = account
        self.calendar = Calendar(start.astimezone(UTC) if start.tzinfo else start, days)
        self.prices = ScenarioPrices(seed, self.calendar)
        fleets = {name: Fleet(seed, name) for name in CLUSTERS}
        plan_serving(fleets["inference"], self.calendar)
        plan_services(fleets["inference"], self.calendar)
        plan_training(fleets["training"], self.calendar)
        self._planned = {
            name: _PlannedCluster(fleet, self.calendar) for name, fleet in fleets.items()
        }

    @property
    def start(self) -> datetime:
        return self.calendar.start

    @property
    def end(self) -> datetime:
        """The midnight after the last day."""
        return instant(self.calendar.end)

    def hour_told_late(self, day: datetime) -> datetime | None:
        """The hour of a day which a gateway's buffer kept back as much of as it told: on the last
        day of each month that the scenario has whole. It is billed, and told after the close."""
        if (day + periods.DAY).day > 1 or periods.month_of(day).start < self.start:
            return None
        return day.replace(hour=_LATE_HOUR)

    @property
    def runaway_at(self) -> datetime:
        """When the Job that nobody ends begins: 02:07 on the first of the last three days."""
        return self.calendar.runaway_at

    @property
    def price_change_at(self) -> datetime:
        """When one list price changes: the midnight after."""
        return self.calendar.price_change_at

    def git_version(self, cluster: str) -> str:
        """What the cluster's API server says at /version."""
        return CLUSTERS[cluster].git_version

    def state(self, cluster: str, at: datetime) -> ClusterState:
        """What is listed in a cluster at a time, to the second.

        Raises:
            LookupError: the scenario has no such cluster.
        """
        planned, second = self._planned[cluster], int(at.timestamp())
        return ClusterState(
            cluster=CLUSTERS[cluster],
            at=second,
            load=self.calendar.load(second),
            nodes=planned.nodes.at(second),
            pods=planned.pods.at(second),
            volumes=planned.volumes.at(second),
            balancers=planned.balancers.at(second),
        )

    def fleet(self, cluster: str) -> Fleet:
        """Every life of a cluster: what the truth is computed from."""
        return self._planned[cluster].fleet

    def volumes(self) -> Mapping[str, VolumeSpec]:
        """Every EBS volume of both clusters by its id, as EC2 describes it."""
        return {
            life.spec.volume_id: life.spec
            for planned in self._planned.values()
            for life in planned.fleet.volumes
        }

    def price_list_items(self, at: datetime) -> list[dict[str, Any]]:
        """The AWS Price List at a time, as GetProducts answers it."""
        return self.prices.price_list_items(at)

    def spot_points(
        self, instance_types: Collection[str], start: datetime, end: datetime
    ) -> Iterator[SpotPoint]:
        """The spot prices of [start, end), with those in force at its start."""
        return self.prices.spot_points(instance_types, start, end)

    def instance_events(
        self, cluster: str, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, str, str]]:
        """EC2 state changes of a cluster's instances within [start, end), oldest first."""
        events = self._planned[cluster].events
        since = bisect_left(events, (int(start.timestamp()), "", ""))
        until = bisect_left(events, (int(end.timestamp()), "", ""))
        for at, instance_id, state in events[since:until]:
            yield instant(at), instance_id, state
