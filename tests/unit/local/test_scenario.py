"""The scenario is a pure function of a seed, and its story can be recognised."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from bursar.domain.cluster.lifetimes import BilledSpan, InstanceState, billed_spans
from bursar.domain.cluster.records import CapacityType
from bursar.domain.spot import by_zone
from bursar.local.scenario import Scenario, ScenarioSpend, inventory, pods, volume_specs
from bursar.local.scenario.calendar import FOREVER, MINUTE
from bursar.local.scenario.machines import GPU, MACHINES
from bursar.local.scenario.model_usage import BEDROCK, bought_by_team
from bursar.local.scenario.usage import gpu_utilisation

START = datetime(2026, 8, 24, tzinfo=UTC)  # a Monday
CLUSTERS = ("inference", "training")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario(start=START, seed=7)


def at(days: float, hours: float = 0) -> datetime:
    return START + timedelta(days=days, hours=hours)


def test_a_state_is_the_same_whatever_was_asked_before(scenario: Scenario) -> None:
    alone = Scenario(start=START, seed=7).state("inference", at(31, 17))
    for hours in (900, 3, 1200):
        scenario.state("inference", at(0, hours))
    again = scenario.state("inference", at(31, 17))
    assert (again.nodes, again.pods) == (alone.nodes, alone.pods)
    assert pods(again) == pods(alone)


def test_another_seed_is_another_story(scenario: Scenario) -> None:
    other = Scenario(start=START, seed=8).state("training", at(10, 14))
    mine = scenario.state("training", at(10, 14))
    assert {life.uid for life in other.pods}.isdisjoint(life.uid for life in mine.pods)


def test_it_travels_to_another_process_whole(scenario: Scenario) -> None:
    copy = pickle.loads(pickle.dumps(scenario))  # noqa: S301
    assert copy.state("training", at(57, 9)).pods == scenario.state("training", at(57, 9)).pods


@pytest.mark.parametrize(
    ("start", "days"),
    [(datetime(2026, 8, 24, 1, tzinfo=UTC), 60), (datetime(2026, 8, 24), 60), (START, 2)],  # noqa: DTZ001
)
def test_a_start_that_is_no_midnight_in_utc_is_refused(start: datetime, days: int) -> None:
    with pytest.raises(ValueError, match=r"midnight|time zone|3 days"):
        Scenario(start=start, days=days)


def test_a_state_takes_well_under_a_millisecond(scenario: Scenario) -> None:
    best = 1.0
    for hour in range(0, 1400, 70):
        began = time.perf_counter()
        scenario.state("inference", at(0, hour))
        best = min(best, time.perf_counter() - began)
    assert best < 0.001


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_node_lives_45_minutes_and_joins_before_its_pods(
    scenario: Scenario, cluster: str
) -> None:
    fleet = scenario.fleet(cluster)
    nodes = {life.record.name: life for life in fleet.nodes}
    assert len(nodes) == len(fleet.nodes)
    assert min(life.ended - life.launched for life in fleet.nodes) >= 45 * MINUTE
    for pod in fleet.pods:
        node = nodes[pod.node]
        assert node.joined <= pod.started < pod.finished <= node.ended
        assert pod.created <= pod.started
    for name, life in nodes.items():
        work = [
            pod
            for pod in fleet.pods
            if pod.node == name and pod.shape.owner != "DaemonSet" and life.ended < FOREVER
        ]
        if work:
            before = min(pod.started for pod in work) - life.launched
            after = life.ended - max(pod.finished for pod in work)
            assert 150 <= before <= 300
            assert after >= 8 * MINUTE


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_node_is_ever_full_beyond_its_capacity(scenario: Scenario, cluster: str) -> None:
    for hour in range(0, 60 * 24, 37):
        state = scenario.state(cluster, at(0, hour))
        gpus: Counter[str | None] = Counter()
        cpu: Counter[str | None] = Counter()
        memory: Counter[str | None] = Counter()
        for pod in pods(state):
            if pod.finished_at is None:
                gpus[pod.node] += pod.accelerators.get(GPU, 0)
                cpu[pod.node] += pod.cpu_milli
                memory[pod.node] += pod.memory_bytes
        for node in inventory(state).nodes:
            assert gpus[node.name] <= node.accelerators.get(GPU, 0)
            assert cpu[node.name] <= node.cpu_milli
            assert memory[node.name] <= node.memory_bytes


def test_pods_and_nodes_have_names_of_their_own(scenario: Scenario) -> None:
    for cluster in CLUSTERS:
        state = scenario.state(cluster, at(24, 15))
        names = [(pod.shape.namespace, pod.name) for pod in state.pods]
        assert names == sorted(set(names))
        uids = [pod.uid for pod in scenario.fleet(cluster).pods]
        assert len(set(uids)) == len(uids)


def test_replicas_follow_the_day_the_week_and_the_growth(scenario: Scenario) -> None:
    def replicas(when: datetime) -> int:
        state = scenario.state("inference", when)
        return sum(pod.model == "llama-3-1-8b" for pod in pods(state))

    day, night, sunday = replicas(at(1, 15)), replicas(at(1, 4)), replicas(at(6, 15))
    assert day > sunday > night
    assert replicas(at(50, 15)) > day


def test_gpus_idle_at_night_and_in_the_runaway(scenario: Scenario) -> None:
    def busiest(cluster: str, when: datetime, namespace: str) -> float:
        state = scenario.state(cluster, when)
        return max(
            gpu_utilisation(life, state.at, state.load)
            for life in state.pods
            if life.shape.namespace == namespace
        )

    assert busiest("inference", at(1, 15), "search") > 0.7
    assert busiest("inference", at(1, 3), "search") < 0.3
    runaway = [life for life in scenario.fleet("training").pods if "runaway" in life.name]
    later = int(scenario.end.timestamp()) - 60
    assert max(gpu_utilisation(life, later, 1.0) for life in runaway) < 0.1


def test_the_runaway_takes_24_gpus_and_never_ends(scenario: Scenario) -> None:
    def gpus(when: datetime) -> int:
        state = scenario.state("training", when)
        held = (pod for pod in pods(state) if pod.workload == "sweep-runaway" and pod.node)
        return sum(pod.accelerators[GPU] for pod in held)

    began = scenario.runaway_at
    assert (began.hour, began.minute) == (2, 7)
    assert scenario.end - began < timedelta(days=3)
    assert gpus(began - timedelta(seconds=1)) == 0
    assert gpus(began + timedelta(minutes=1)) == gpus(scenario.end) == 24


def test_finished_jobs_stay_listed_for_an_hour(scenario: Scenario) -> None:
    life = next(
        pod
        for pod in scenario.fleet("training").pods
        if pod.shape.namespace == "finetune" and pod.started > scenario.start.timestamp()
    )
    end = datetime.fromtimestamp(life.finished, UTC)

    def listed(when: datetime) -> list[int | None]:
        told = pods(scenario.state("training", when))
        return [pod.finished_at for pod in told if pod.uid == life.uid]

    assert listed(end - timedelta(seconds=1)) == [None]
    assert listed(end) == listed(end + timedelta(minutes=59, seconds=59)) == [life.finished]
    assert listed(end + timedelta(hours=1)) == []


def test_spot_nodes_are_in_several_zones(scenario: Scenario) -> None:
    spot = [
        life.record
        for life in scenario.fleet("training").nodes
        if life.record.capacity_type is CapacityType.SPOT
    ]
    assert {node.zone for node in spot} == {"us-east-1a", "us-east-1b", "us-east-1c"}


def test_instance_events_tell_each_nodes_true_span_in_order(scenario: Scenario) -> None:
    events = list(scenario.instance_events("training", at(-40), at(80)))
    assert events == sorted(events)
    states: dict[str, list[InstanceState]] = {}
    for when, instance_id, state in events:
        states.setdefault(instance_id, []).append(InstanceState(instance_id, state, when))
    for life in scenario.fleet("training").nodes:
        span = BilledSpan(life.launched, life.ended if life.ended < FOREVER else None)
        assert billed_spans(states[life.instance_id]) == [span]
    parts = [at(10), at(10, 14.5), at(11)]
    split = [
        event for pair in pairwise(parts) for event in scenario.instance_events("training", *pair)
    ]
    assert split == [event for event in events if at(10) <= event[0] < at(11)]


def test_spot_prices_change_at_whole_hours_and_their_points_agree(scenario: Scenario) -> None:
    points = by_zone(scenario.spot_points({"g5.12xlarge", "m5.large"}, at(3, 5.5), at(5)))
    assert len(points) == 6
    for (instance_type, zone), steps in points.items():
        assert steps[0].at <= at(3, 5.5) < steps[1].at
        for step, after in pairwise(steps):
            assert step.at.minute == step.at.second == 0
            just_before = after.at - timedelta(seconds=1)
            price = scenario.prices.spot_price(instance_type, zone, just_before)
            assert price == step.usd.amount
            gap = after.at - step.at
            assert timedelta(hours=1) <= gap <= timedelta(hours=9)


def test_volumes_are_told_by_cluster_and_by_id(scenario: Scenario) -> None:
    assert len(volume_specs(scenario, "inference")) == 6
    both = [*volume_specs(scenario, "inference"), *volume_specs(scenario, "training")]
    assert {spec.volume_id: spec for spec in both} == scenario.volumes()


def test_the_bill_shows_the_runaway_and_the_tax(scenario: Scenario) -> None:
    bill = ScenarioSpend(scenario)

    def total(day: date) -> Decimal:
        return sum(bill.daily_costs(day).values(), Decimal(0))

    last = scenario.end.date() - timedelta(days=1)
    usual = total(last - timedelta(days=7))
    assert total(last) - usual > 1_000
    month = sum(total(date(2026, 9, 1) + timedelta(days=n)) for n in range(30))
    assert 25_000 < month < 60_000
    taxed = {service for _, service, _ in bill.daily_costs(date(2026, 10, 1))}
    assert "Tax" in taxed
    assert "Tax" not in {service for _, service, _ in bill.daily_costs(date(2026, 10, 2))}
    research = ("123456789012", "Amazon Elastic Compute Cloud - Compute", "research")
    assert bill.daily_costs(last)[research] > 24 * 3 * Decimal("21.957642")
    for usd in bill.daily_costs(last).values():
        assert -usd.as_tuple().exponent <= 10


@pytest.mark.parametrize(("last", "late_hours"), [("2026-08-31", 0), ("2026-09-30", 1)])
def test_what_a_gateway_tells_late_is_billed_on_the_last_day_of_a_whole_month(
    last: str, late_hours: int, scenario: Scenario
) -> None:
    """The scenario begins in August."""
    day = datetime.fromisoformat(last).replace(tzinfo=UTC)
    bill = ScenarioSpend(scenario).daily_costs(day.date())
    billed = sum(usd for (_, service, _), usd in bill.items() if service == "Amazon Bedrock")

    def bought(first: datetime, hours: int) -> Decimal:
        told = bought_by_team(scenario.calendar, scenario.seed, first, hours, BEDROCK)
        return sum(told.values(), Decimal(0))

    used = bought(day, 24) + bought(day + timedelta(hours=17), late_hours)
    assert billed == pytest.approx(used, abs=Decimal("1e-9"))


def test_every_machine_is_priced(scenario: Scenario) -> None:
    for instance_type in MACHINES:
        assert scenario.prices.on_demand(instance_type, START) > 0
