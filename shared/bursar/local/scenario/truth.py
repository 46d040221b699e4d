"""What the scenario really costs, by arithmetic of its own.

Computed from the lives and the prices alone, to the second, in exact fractions: it shares no
code with the part of Bursar that closes hours, so that it can be used to judge it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

from bursar.domain.eks_support import END_OF_STANDARD_SUPPORT
from bursar.domain.periods import Window
from bursar.local.scenario import list_prices
from bursar.local.scenario.calendar import HOUR
from bursar.local.scenario.clusters import CLUSTERS
from bursar.local.scenario.lives import NodeLife, VolumeLife
from bursar.local.scenario.scenario import Scenario

COMPUTE = "compute"
STORAGE = "storage"
CONTROL_PLANE = "control_plane"
LOAD_BALANCERS = "load_balancers"
NETWORK = "network"  # public IPv4 addresses

_DIGITS = 40
_K = TypeVar("_K")


def true_cost(scenario: Scenario, cluster: str, window: Window) -> dict[str, Decimal]:
    """The cost of a cluster within a window by category. Whole seconds only."""
    start, end = _seconds(window)
    fleet = scenario.fleet(cluster)
    balancer_seconds = sum(_lived(one.created, one.ended, start, end) for one in fleet.balancers)
    public_seconds = sum(
        _lived(node.launched, node.ended, start, end) for node in fleet.nodes if node.group.public
    )
    nodes = (_node_cost(scenario, node, start, end) for node in fleet.nodes)
    volumes = (_volume_cost(volume, start, end) for volume in fleet.volumes)
    return {
        COMPUTE: _decimal(sum(nodes, Fraction(0))),
        STORAGE: _decimal(sum(volumes, Fraction(0))),
        CONTROL_PLANE: _decimal(
            _control_plane_cost(CLUSTERS[cluster].kubernetes_version, start, end)
        ),
        LOAD_BALANCERS: _decimal(_hourly(balancer_seconds, list_prices.NETWORK_BALANCER_HOUR)),
        NETWORK: _decimal(_hourly(public_seconds, list_prices.PUBLIC_IPV4_HOUR)),
    }


def true_compute_by_node_group(
    scenario: Scenario, cluster: str, window: Window
) -> dict[str, Decimal]:
    """The instances' cost within a window by node group; groups without any are absent."""
    return _compute_by(scenario, cluster, window, lambda node: node.group.name)


def true_compute_by_team(scenario: Scenario, cluster: str, window: Window) -> dict[str, Decimal]:
    """The instances' cost within a window by their `team` tag; "" is untagged."""
    return _compute_by(scenario, cluster, window, lambda node: node.group.team)


def _compute_by(
    scenario: Scenario, cluster: str, window: Window, key: Callable[[NodeLife], _K]
) -> dict[_K, Decimal]:
    start, end = _seconds(window)
    sums: dict[_K, Fraction] = defaultdict(Fraction)
    for node in scenario.fleet(cluster).nodes:
        if _lived(node.launched, node.ended, start, end):
            sums[key(node)] += _node_cost(scenario, node, start, end)
    return {name: _decimal(total) for name, total in sums.items()}


def _node_cost(scenario: Scenario, node: NodeLife, start: int, end: int) -> Fraction:
    since, to = max(node.launched, start), min(node.ended, end)
    if to <= since:
        return Fraction(0)
    book, instance_type = scenario.prices, node.group.instance_type
    steps = (
        book.spot_steps(instance_type, node.record.zone or "", since, to)
        if node.group.spot
        else book.on_demand_steps(instance_type)
    )
    ends = [*(at for at, _ in steps[1:]), to]
    return sum(
        (
            _hourly(_lived(at, until, since, to), usd)
            for (at, usd), until in zip(steps, ends, strict=True)
        ),
        Fraction(0),
    )


def _volume_cost(volume: VolumeLife, start: int, end: int) -> Fraction:
    """Billed from its creation to its deletion, whether anything claims it or not."""
    since, to = max(volume.created, start), min(volume.ended, end)
    monthly = _volume_month(volume)
    return sum(
        (
            Fraction(_lived(first, after, since, to), after - first) * monthly
            for first, after in _months(since, to)
        ),
        Fraction(0),
    )


def _volume_month(volume: VolumeLife) -> Fraction:
    spec, month = volume.spec, list_prices.VOLUME_MONTH
    usd = month[spec.volume_type] * spec.size_gib
    iops, throughput = spec.iops or 0, spec.throughput_mibps or 0
    if spec.volume_type == "gp3":
        usd += month["gp3:iops"] * max(iops - 3000, 0)
        usd += month["gp3:throughput"] * max(throughput - 125, 0)
    elif spec.volume_type == "io2":
        usd += month["io2:iops"] * min(iops, 32_000)
        usd += month["io2:iops-tier-2"] * min(max(iops - 32_000, 0), 32_000)
        usd += month["io2:iops-tier-3"] * max(iops - 64_000, 0)
    elif spec.volume_type == "io1":
        usd += month["io1:iops"] * iops
    return Fraction(usd)


def _months(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The calendar months in UTC that touch [start, end), by their first and last seconds."""
    first = datetime.fromtimestamp(start, UTC).replace(day=1, hour=0, minute=0, second=0)
    while first.timestamp() < end:
        after = (first + timedelta(days=32)).replace(day=1)
        yield int(first.timestamp()), int(after.timestamp())
        first = after


def _control_plane_cost(version: str, start: int, end: int) -> Fraction:
    ends_on = END_OF_STANDARD_SUPPORT[version]
    extended = int(datetime(ends_on.year, ends_on.month, ends_on.day, tzinfo=UTC).timestamp())
    extended_seconds = max(end - max(start, extended), 0)
    return _hourly(end - start, list_prices.CLUSTER_HOUR) + _hourly(
        extended_seconds, list_prices.EXTENDED_SUPPORT_HOUR
    )


def _seconds(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())


def _lived(born: int, ended: int, start: int, end: int) -> int:
    return max(min(ended, end) - max(born, start), 0)


def _hourly(seconds: int, usd: Decimal) -> Fraction:
    return Fraction(seconds, HOUR) * Fraction(usd)


def _decimal(exact: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(exact.numerator) / Decimal(exact.denominator)
