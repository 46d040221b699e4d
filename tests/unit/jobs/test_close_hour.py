"""Closing an hour from what the stores hold: the same data, the same rows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bursar.adapters.memory.clusters import (
    MemoryFileSystemCatalogue,
    MemoryLifetimeStore,
    MemoryReservationCatalogue,
    MemorySnapshotStore,
    MemoryVolumeCatalogue,
)
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.config.clusters import Cluster
from bursar.domain import prices
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.lifetimes import InstanceState
from bursar.domain.cluster.storage import FileSystemSpec, VolumeSpec
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of
from bursar.domain.prices import VolumeMeasure
from bursar.domain.quality import Quality
from bursar.jobs.close_hour import close_hour, cost_policy
from bursar.jobs.record_node_lifetimes import record_node_lifetimes
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN,
    TEN_TO_ELEVEN,
    all_hour,
    book,
    node,
    pod,
    row,
    snapshot,
    volume,
    when,
)

GP3 = row(prices.volume(REGION, "gp3", VolumeMeasure.SIZE), "0.072")
CLUSTER = Cluster(name="prod", region=REGION, endpoint="https://prod")


class Ledger:
    def __init__(self) -> None:
        self.snapshots = MemorySnapshotStore()
        self.lifetimes = MemoryLifetimeStore()
        self.prices = MemoryPriceStore([*book().values(), GP3])
        self.history = MemoryCostHistory()
        self.file_systems = MemoryFileSystemCatalogue()
        self.fsx = MemoryFileSystemCatalogue()
        self.touched = MemoryLedger()
        self.volumes = MemoryVolumeCatalogue([VolumeSpec("vol-pv1", "gp3", 200)])

    def close(
        self,
        hour: Window = TEN_TO_ELEVEN,
        cluster: Cluster = CLUSTER,
        at: datetime | None = None,
    ) -> HourCosts:
        return close_hour(
            cluster,
            hour,
            snapshots=self.snapshots,
            lifetimes=self.lifetimes,
            volumes=self.volumes,
            file_systems=self.file_systems,
            fsx=self.fsx,
            reservations=MemoryReservationCatalogue(),
            prices=self.prices,
            history=self.history,
            touched=self.touched,
            at=at,
        )

    def total(self, hour: Window) -> Money:
        [costs] = self.history.hours("prod", hour)
        return costs.total


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger()
    for shot in all_hour([node()], [pod()], volumes=[volume()]):
        ledger.snapshots.put(shot)
    return ledger


def test_an_hour_is_priced_and_kept(ledger):
    costs = ledger.close()
    # 1.006 for the node, 200 GiB x 0.072 / 720 h for the volume
    assert (costs.total, costs.quality) == (Money.of("1.026"), Quality.FINAL)
    assert ledger.history.hours("prod", TEN_TO_ELEVEN) == [costs]


def test_closing_it_again_keeps_the_same_rows_and_does_not_add_to_the_day(ledger):
    first = ledger.close()
    assert ledger.close() == first
    [day] = ledger.history.days("prod", day_of(TEN))
    assert (day.total, day.known_seconds) == (Money.of("1.026"), 3600)


def test_ec2_events_that_were_recorded_decide_how_long_a_node_lived(ledger):
    for minute, state in ((4, "running"), (31, "shutting-down"), (31, "shutting-down")):
        change = InstanceState("i-n1", state, when(minute))
        record_node_lifetimes(change, lifetimes=ledger.lifetimes)
    assert len(ledger.lifetimes.states(["i-n1"])["i-n1"]) == 2
    # 27 minutes of the node and an hour of the volume
    assert ledger.close().total == Money.of("0.4527") + Money.of("0.02")


def test_an_hour_without_a_snapshot_is_kept_as_unknown(ledger):
    noon = Window(TEN + 2 * HOUR, TEN + 3 * HOUR)
    costs = ledger.close(noon)
    assert (costs.quality, dict(costs.rows)) == (Quality.UNKNOWN, {})
    assert ledger.history.hours("prod", noon) == [costs]


def test_snapshots_just_outside_the_hour_are_looked_at_and_no_others():
    ledger = Ledger()
    minutes = (-20, -10, 0, 10, 20, 30, 40, 50, 60, 69, 70)
    for minute in minutes:
        ledger.snapshots.put(snapshot(minute, [node(f"at{minute}", created_at=None)]))
    seen = {key.namespace for key in ledger.close().rows}
    assert seen == {"__idle__"}
    around = Window(TEN - timedelta(minutes=10), TEN_TO_ELEVEN.end + timedelta(minutes=10))
    assert [each.at for each in ledger.snapshots.between("prod", around)] == [
        int(when(minute).timestamp()) for minute in minutes[1:-1]
    ]


def test_the_price_of_the_hours_beginning_counts(ledger):
    later = row(prices.on_demand(REGION, "m5.xlarge"), "9")
    ledger.prices.record([later.model_copy(update={"effective_from": when(1)})])
    assert ledger.close().total == Money.of("1.026")


def test_a_file_system_is_priced_by_what_efs_has_metered():
    ledger = Ledger()
    shared = volume("shared", driver="efs.csi.aws.com", volume_id="fs-1", claim_name=None)
    for shot in all_hour([node()], [pod()], volumes=[shared]):
        ledger.snapshots.put(shot)
    ledger.file_systems = MemoryFileSystemCatalogue([FileSystemSpec("fs-1", 240 * GIB)])
    key = prices.file_storage(REGION, "AmazonEFS", "standard")
    ledger.prices.record([row(key, "0.30")])
    # 1.006 for the node, 240 GiB x 0.30 / 720 h for the file system
    costs = ledger.close()
    assert (costs.total, costs.quality) == (Money.of("1.106"), Quality.FINAL)


def test_each_service_is_asked_only_of_what_stands_on_it_and_ec2_of_the_rest(ledger):
    asked: dict[str, set[str]] = {}

    class Asked:
        def __init__(self, service):
            self._service = service

        def describe(self, ids):
            asked[self._service] = set(ids)
            return {}

        def snapshots(self, ids):
            asked["snapshots"] = set(ids)
            return {}

    efs = volume("shared", driver="efs.csi.aws.com", volume_id="fs-1")
    lustre = volume("lustre", driver="fsx.csi.aws.com", volume_id="fs-2")
    part = volume("part", driver="fsx.openzfs.csi.aws.com", volume_id="fsvol-1")
    for shot in all_hour(volumes=[volume(), efs, lustre, part]):
        ledger.snapshots.put(shot)
    ledger.volumes, ledger.file_systems = Asked("ec2"), Asked("efs")
    ledger.fsx = Asked("fsx")
    ledger.close()
    blocks = {"vol-pv1"}
    assert asked == {"ec2": blocks, "snapshots": blocks, "efs": {"fs-1"}, "fsx": {"fs-2"}}


@pytest.mark.parametrize(
    ("support", "extended"), [("auto", None), ("standard", False), ("extended", True)]
)
def test_the_policy_is_what_the_configuration_chose(support, extended):
    cluster = CLUSTER.model_copy(update={"support": support, "shared_namespaces": ("a", "b")})
    policy = cost_policy(cluster)
    assert (policy.extended_support, policy.spread) == (extended, "weighted")
    assert policy.shared_namespaces == {"a", "b"}


def test_an_hour_whose_snapshots_have_expired_keeps_the_rows_it_has(ledger):
    known = ledger.close()
    ledger.snapshots = MemorySnapshotStore()

    assert ledger.close() == known
    assert ledger.history.hours("prod", TEN_TO_ELEVEN) == [known]


ELEVEN_TO_NOON = Window(TEN + HOUR, TEN + 2 * HOUR)


def in_time_for_both_runs(ledger: Ledger, joins_at: int, every: int = 5) -> None:
    """`late` was started by EC2 at 10:50; the hourly runs at 11:11 and 12:11 see what they can."""
    ledger.lifetimes.record(InstanceState("i-late", "running", when(50)))
    cluster = CLUSTER.model_copy(update={"snapshot_every_minutes": every})
    seen_until = -every
    for run, hour in ((71, TEN_TO_ELEVEN), (131, ELEVEN_TO_NOON)):
        for minute in range(seen_until, run, every):
            nodes = [node(), node("late")] if minute >= joins_at else [node()]
            ledger.snapshots.put(snapshot(minute, nodes, every_minutes=every))
            seen_until = minute + every
        ledger.close(hour, cluster, at=when(run))


@pytest.mark.parametrize(("every", "joins_at"), [(5, 80), (5, 115), (15, 75), (15, 105)])
def test_the_hour_in_which_a_machine_was_started_is_closed_again_when_it_has_joined(
    every, joins_at
):
    ledger = Ledger()
    in_time_for_both_runs(ledger, joins_at, every)
    # 1.006 for the one and 10 of 60 minutes, 0.167666666667, for the other
    assert ledger.total(TEN_TO_ELEVEN) == Money.of("1.173666666667")
    assert ledger.total(ELEVEN_TO_NOON) == Money.of("2.012")
    [day] = ledger.history.days("prod", day_of(TEN))
    assert day.total == Money.of("3.185666666667")


def test_an_hour_whose_machines_joined_in_time_is_closed_once():
    ledger = Ledger()
    put, closed = ledger.history.put_hour, []

    def put_hour(costs: HourCosts) -> None:
        closed.append(costs.window)
        put(costs)

    ledger.history.put_hour = put_hour
    in_time_for_both_runs(ledger, joins_at=60)
    assert closed == [TEN_TO_ELEVEN, ELEVEN_TO_NOON]
    assert ledger.total(TEN_TO_ELEVEN) == Money.of("1.173666666667")


def test_an_hour_that_is_closed_again_is_marked_so_that_its_statement_is_made_anew():
    ledger = Ledger()
    in_time_for_both_runs(ledger, joins_at=80)
    [before, after] = ledger.touched.touched()
    assert (before.hour, after.hour) == (TEN, TEN + HOUR)
    # closed at 11:11 and at 12:11: the mark is that of the second time
    assert before.marks == {"": "prod at 2026-11-20T12:11:00+00:00: 1.173666666667"}


def test_closing_hours_of_the_past_marks_none(ledger):
    ledger.close()
    assert not ledger.touched.touched()
