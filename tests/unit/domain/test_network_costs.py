"""The bill's charges for the network, by who sent the bytes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import strategies as some

from bursar.domain.cluster.use import ClusterUse, NamespaceTraffic
from bursar.domain.money import Money
from bursar.domain.network_costs import network_costs
from bursar.domain.network_kinds import NetworkKind, network_kind
from bursar.domain.spend import Metric, SpendFact
from tests.unit.for_all import for_all

FIRST = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def fact(group: str, usd: str, day: int = 0) -> SpendFact:
    return SpendFact(
        account="111122223333",
        metric=Metric.UNBLENDED,
        day=FIRST + timedelta(days=day),
        group=group,
        amount=Money.of(usd),
        estimated=False,
        as_of=NOON,
    )


def use(cluster: str, day: int = 0, hour: int = 0, **sent: int) -> ClusterUse:
    traffic = [NamespaceTraffic(namespace=name, sent_bytes=count) for name, count in sent.items()]
    at = NOON + timedelta(days=day, hours=hour)
    return ClusterUse(cluster=cluster, hour=at, traffic=tuple(traffic))


def test_a_days_charges_go_to_those_who_sent_bytes_on_that_day() -> None:
    facts = [
        fact("service=EC2 - Other", "100"),
        fact("network=nat", "8"),
        fact("network=internet", "4", day=1),
        fact("network=nat", "5", day=2),  # nothing was measured on that day
    ]
    used = [use("prod", web=2), use("prod", hour=1, web=1, rag=0), use("batch", etl=1)]
    used.append(use("prod", day=1, rag=7))
    found = network_costs(facts, used)
    assert [
        (each.kind, each.cluster, each.namespace, each.usd.plain(), each.measured)
        for each in found
    ] == [
        (NetworkKind.INTERNET, "prod", "rag", "4", True),
        (NetworkKind.NAT, "", "", "5", False),
        (NetworkKind.NAT, "batch", "etl", "2", True),
        (NetworkKind.NAT, "prod", "web", "6", True),
    ]


@for_all(
    charges=some.lists(some.tuples(some.integers(0, 10**12), some.integers(0, 2)), max_size=6),
    sent=some.lists(some.tuples(some.integers(0, 10**15), some.integers(0, 2)), max_size=6),
)
def test_the_parts_sum_to_the_bill_exactly(
    charges: list[tuple[int, int]], sent: list[tuple[int, int]]
) -> None:
    facts = [
        fact("network=nat", "0", day).model_copy(update={"amount": Money.from_units(units)})
        for units, day in charges
    ]
    used = [
        use("prod", day=day, hour=n, **{f"ns{n % 3}": count})
        for n, (count, day) in enumerate(sent)
    ]
    whole = Money.sum(each.amount for each in facts)
    assert Money.sum(each.usd for each in network_costs(facts, used)) == whole


@pytest.mark.parametrize(
    ("usage_type", "kind"),
    [
        ("NatGateway-Hours", NetworkKind.NAT),
        ("APS3-NatGateway-Bytes", NetworkKind.NAT),
        ("USW2-DataTransfer-Regional-Bytes", NetworkKind.INTER_ZONE),
        ("DataTransfer-xAZ-Out-Bytes", NetworkKind.INTER_ZONE),
        ("USE1-EU-AWS-Out-Bytes", NetworkKind.INTER_REGION),
        ("EU-USW2-AWS-Out-Bytes", NetworkKind.INTER_REGION),
        ("DataTransfer-Out-Bytes", NetworkKind.INTERNET),
        ("EU-EBS:VolumeUsage.gp3", None),
        ("TS-NatGateway-Hours", None),
        ("CPUCredits:t3", None),
    ],
)
def test_usage_types_say_what_kind_of_charge_they_are(
    usage_type: str, kind: NetworkKind | None
) -> None:
    assert network_kind(usage_type) is kind
