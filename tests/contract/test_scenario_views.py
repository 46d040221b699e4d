"""The scenario's objects, read over HTTP by the real reader, are the scenario's own records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import boto3
import pytest

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.adapters.pricing_api import PricingApiPriceList
from bursar.config.clusters import DEFAULT_MODEL_LABELS
from bursar.domain import prices
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey, VolumeMeasure
from bursar.local.embedded.http_api import JsonRpcServer
from bursar.local.kubernetes_server import KubernetesServer
from bursar.local.price_list_service import price_list
from bursar.local.scenario import Scenario, inventory, kubernetes_objects, pods
from bursar.local.scenario.list_prices import ON_DEMAND, VOLUME_MONTH

START = datetime(2026, 8, 24, tzinfo=UTC)
REGION = "us-east-1"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, seed=7)


def instants(scenario: Scenario) -> list[datetime]:
    return [
        START,
        START + timedelta(days=2, hours=10, minutes=3),  # pods wait for their nodes
        START + timedelta(days=9, hours=19, minutes=20, seconds=11),  # a volume is released
        START + timedelta(days=30, hours=18, minutes=40),
        scenario.runaway_at - timedelta(seconds=30),
        scenario.runaway_at + timedelta(hours=9, seconds=7),
        scenario.end - timedelta(seconds=1),
    ]


@pytest.mark.parametrize("cluster", ["inference", "training"])
def test_what_is_read_over_the_api_is_what_the_scenario_says(
    scenario: Scenario, cluster: str
) -> None:
    for at in instants(scenario):
        state = scenario.state(cluster, at)
        with KubernetesServer(
            partial(kubernetes_objects, state),
            lambda token: token == "good",
            git_version=scenario.git_version(cluster),
        ) as server:
            transport = KubernetesTransport(ClusterAccess(server.url, token=lambda: "good"))
            reader = KubernetesApiReader(
                transport, model_labels=DEFAULT_MODEL_LABELS, labels=("team",), usage=True
            )
            assert reader.inventory() == inventory(state)
            assert tuple(reader.pods()) == pods(state)
            assert reader.oddities == []
            transport.close()


def test_the_instants_show_every_kind_of_pod_and_volume(scenario: Scenario) -> None:
    states = [
        scenario.state(cluster, at)
        for cluster in ("inference", "training")
        for at in instants(scenario)
    ]
    seen = [pod for state in states for pod in pods(state)]
    assert {True, False} == {pod.node is None for pod in seen}
    assert any(pod.finished_at for pod in seen)
    assert any((pod.cpu_used_milli or 0) > pod.cpu_milli for pod in seen)
    phases = {volume.phase for state in states for volume in inventory(state).volumes}
    assert phases == {"Bound", "Released"}


def test_lists_that_a_cluster_does_not_serve_are_lookup_errors(scenario: Scenario) -> None:
    with pytest.raises(LookupError):
        kubernetes_objects(scenario.state("inference", START), "secrets")


@pytest.fixture
def listed(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Reads the price list of a time through the real adapter."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")

    def read(at: datetime) -> tuple[dict[PriceKey, Money], PricingApiPriceList]:
        with JsonRpcServer(price_list(scenario.price_list_items(at))) as server:
            client = boto3.client("pricing", region_name=REGION, endpoint_url=server.url)
            source = PricingApiPriceList(client)
            return {row.key: row.usd for row in source.rows(REGION, at)}, source

    yield read


def test_the_price_list_gives_exactly_the_scenarios_prices(listed: Any) -> None:
    rows, source = listed(START)
    assert source.ambiguous == []
    for instance_type, usd in ON_DEMAND.items():
        assert rows[prices.on_demand(REGION, instance_type)] == Money.of(usd)
    for name, usd in VOLUME_MONTH.items():
        volume_type, _, measure = name.partition(":")
        key = prices.volume(REGION, volume_type, MEASURES[measure])
        assert rows[key] == Money.of(usd)
    for key, text in (
        (prices.control_plane(REGION), "0.10"),
        (prices.control_plane(REGION, extended_support=True), "0.60"),
        (prices.load_balancer(REGION, "network"), "0.0225"),
        (prices.public_ipv4(REGION), "0.005"),
        (prices.nat_gateway(REGION, "hour"), "0.045"),
        (prices.data_transfer(REGION, "internet"), "0.09"),
        (prices.data_transfer(REGION, "inter-region:USW2"), "0.02"),
        (prices.data_transfer(REGION, "internet"), "0.09"),
        (prices.data_transfer(REGION, "internet:over-50-tb"), "0.07"),
        (prices.fargate(REGION, "vcpu-hour"), "0.04048"),
    ):
        assert rows[key] == Money.of(text), key
    assert Decimal(0) not in {usd.amount for usd in rows.values()}


MEASURES = {
    "": VolumeMeasure.SIZE,
    "iops": VolumeMeasure.IOPS,
    "iops-tier-2": VolumeMeasure.IOPS_TIER_2,
    "iops-tier-3": VolumeMeasure.IOPS_TIER_3,
    "throughput": VolumeMeasure.THROUGHPUT,
}


def test_one_list_price_changes_in_the_last_days(scenario: Scenario, listed: Any) -> None:
    change = scenario.price_change_at
    before, _ = listed(change - timedelta(seconds=1))
    after, _ = listed(change)
    changed = {key.item for key in before if before[key] != after[key]}
    assert changed == {"g6.xlarge"}
    assert after[prices.on_demand(REGION, "g6.xlarge")] == Money.of("0.7848")
