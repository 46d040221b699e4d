"""What EBS snapshots cost at least: the fullest of the standard tier, and all of the archive."""

from __future__ import annotations

import pytest

from bursar.domain import prices
from bursar.domain.cluster.closing import close, keys_needed
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.ebs_snapshots import Tier, stored_bytes
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.cluster.integration import integrate
from bursar.domain.cluster.rates import rate_now
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import Described, EbsSnapshot, VolumeSpec
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.money import Money
from bursar.domain.prices import VolumeMeasure
from bursar.domain.quality import Quality
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN,
    TEN_TO_ELEVEN,
    all_hour,
    inventory,
    pod,
    row,
    snapshot,
    volume,
)

POLICY = CostPolicy(REGION)
VOLUME_HOUR = Money.of("0.01")  # 100 GiB x 0.072 / 720 h
BOOK = {
    each.key: each
    for each in (
        row(prices.volume(REGION, "gp3", VolumeMeasure.SIZE), "0.072"),
        row(prices.snapshot_storage(REGION), "0.05"),
        row(prices.snapshot_storage(REGION, archived=True), "0.0125"),
    )
}


def held(*snapshots: EbsSnapshot) -> Described:
    by_volume: dict[str, list[EbsSnapshot]] = {}
    for each in snapshots:
        by_volume.setdefault(each.volume_id, []).append(each)
    return Described({"vol-pv1": VolumeSpec("vol-pv1", "gp3", 100)}, by_volume)


def closed(described: Described, *volumes: Volume, book=BOOK, **more) -> HourCosts:
    shots = more.get("shots") or all_hour((), more.get("pods", ()), volumes=volumes or [volume()])
    time = integrate(TEN_TO_ELEVEN, shots, lambda _: {})
    wanted = keys_needed(time, described, (), REGION)
    known = {key: each for key, each in book.items() if key in wanted}
    return close("prod", TEN_TO_ELEVEN, time, described, known, POLICY)


def of(name: str, gib: int | None, *, archived: bool = False, on: str = "vol-pv1") -> EbsSnapshot:
    return EbsSnapshot(name, on, None if gib is None else gib * GIB, archived)


def reasons(costs: HourCosts) -> dict[str, str]:
    return {item.name: item.reason for item in costs.unpriced}


def test_of_the_standard_tier_the_fullest_snapshot_is_charged_and_no_sum():
    costs = closed(held(of("snap-1", 60), of("snap-2", 72), of("snap-3", 64)))
    # 72 GiB x 0.05 / 720 h; what the other two added to it EC2 does not tell
    assert costs.total == VOLUME_HOUR + Money.of("0.005")
    assert (costs.quality, costs.unpriced) == (Quality.ESTIMATED, ())


def test_of_the_archive_every_snapshot_is_charged_whole():
    archive = (of("snap-1", 144, archived=True), of("snap-2", 432, archived=True))
    costs = closed(held(*archive, of("snap-3", 72)))
    # (144 + 432) GiB x 0.0125 / 720 h = 0.01, and 0.005 for the 72 GiB of the standard tier
    assert costs.total == VOLUME_HOUR + Money.of("0.015")


def test_they_belong_to_whom_the_volume_belongs():
    costs = closed(held(of("snap-1", 72)), pods=[pod(on=None, claims=("data",), model="llama")])
    assert costs.rows.keys() == {RowKey("search", "__unmounted__", UNALLOCATED)}
    mounting = pod(claims=("data",), model="llama")
    rate = rate_now(
        inventory(volumes=[volume()]), [mounting], held(of("snap-1", 72)), BOOK, POLICY, TEN
    )
    [workload] = rate.workloads
    assert (workload.model, workload.amounts[Category.STORAGE]) == ("llama", Money.of("0.015"))
    assert rate.quality is Quality.ESTIMATED


def test_snapshots_are_charged_for_as_long_as_their_volume_was_listed():
    shots = [snapshot(m, volumes=[volume()]) for m in range(-5, 31, 5)]
    shots += [snapshot(m) for m in range(35, 70, 5)]
    # gone between 10:30 and 10:35: 32.5 of 60 minutes of 0.01 + 0.005
    assert closed(held(of("snap-1", 72)), shots=shots).total == Money.of("0.008125")


def test_the_snapshots_of_a_volume_that_ec2_no_longer_has_are_still_paid():
    deleted = Described({}, {"vol-pv1": [of("snap-1", 72)]})
    released = volume(phase="Released", class_parameters={})
    costs = closed(deleted, released)
    assert costs.total == Money.of("0.005")
    assert reasons(costs) == {"pv1": "volume vol-pv1: its type is not known"}


@pytest.mark.parametrize(
    ("snapshots", "book", "reason"),
    [
        (
            (of("snap-1", None),),
            BOOK,
            {"pv1 standard snapshots": "EC2 tells the size of none of vol-pv1"},
        ),
        (
            (of("snap-1", 72, archived=True),),
            {key: each for key, each in BOOK.items() if "archive" not in key.item},
            {
                "pv1 archive snapshots": "no price for AmazonEBS eu-west-1 "
                "snapshot-archive:gib-month"
            },
        ),
    ],
)
def test_without_a_size_or_a_price_they_are_listed(snapshots, book, reason):
    costs = closed(held(*snapshots), book=book)
    assert (reasons(costs), costs.total) == (reason, VOLUME_HOUR)
    assert costs.quality is Quality.ESTIMATED


def test_one_that_tells_its_size_is_a_bound_for_those_that_do_not():
    told = stored_bytes([of("snap-1", None), of("snap-2", 5), of("snap-3", None, archived=True)])
    assert told == {Tier.STANDARD: 5 * GIB, Tier.ARCHIVE: None}
    assert stored_bytes([of("snap-1", 0)]) == {Tier.STANDARD: 0}


def test_where_ec2_could_not_be_asked_nobody_is_told_that_there_are_none():
    blind = Described({"vol-pv1": VolumeSpec("vol-pv1", "gp3", 100)}, None)
    costs = closed(blind)
    assert reasons(costs) == {"EBS snapshots": "EC2 could not be asked which there are"}
    assert costs.total == VOLUME_HOUR
    assert rate_now(inventory(), [], Described({}, None), {}, POLICY, TEN).unpriced == ()


def test_a_volume_without_snapshots_has_its_final_price():
    costs = closed(held(of("snap-1", 72, on="vol-another")))
    assert (costs.total, costs.quality) == (VOLUME_HOUR, Quality.FINAL)
