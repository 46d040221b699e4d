"""What EFS costs; the us-east-1 figures are infracost's expected outputs."""

from __future__ import annotations

import pytest

from bursar.domain.cluster.closing import close, keys_needed
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.file_systems import usd_per_hour
from bursar.domain.cluster.hours import Category, HourCosts, RowKey
from bursar.domain.cluster.integration import integrate
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import Described, FileSystemSpec
from bursar.domain.cluster.unowned import UNALLOCATED
from bursar.domain.money import Money
from bursar.domain.prices import file_storage
from bursar.domain.quality import Quality
from tests.unit.sample_cluster import (
    GIB,
    REGION,
    TEN,
    TEN_TO_ELEVEN,
    all_hour,
    pod,
    row,
    snapshot,
    volume,
)

LIST = {
    "standard": "0.30",
    "infrequent-access": "0.025",
    "infrequent-access-elastic": "0.016",
    "archive": "0.008",
    "one-zone": "0.16",
    "one-zone-infrequent-access": "0.0133",
}
BOOK = {
    key: row(key, usd)
    for name, usd in LIST.items()
    for key in [file_storage(REGION, "AmazonEFS", name)]
}
POLICY = CostPolicy(REGION)


def on_efs(name: str, **changes) -> Volume:
    plain = {"driver": "efs.csi.aws.com", "volume_id": "fs-1", "claim_name": name}
    return volume(name, **plain | changes)


@pytest.mark.parametrize(
    ("spec", "month"),
    [
        (FileSystemSpec("fs-1", 230 * GIB), "69"),  # 230 x 0.30
        (FileSystemSpec("fs-1", 230 * GIB, 100 * GIB), "71.5"),  # 69 + 100 x 0.025
        (FileSystemSpec("fs-1", 0, 100 * GIB, elastic_throughput=True), "1.6"),  # 100 x 0.016
        (FileSystemSpec("fs-1", 0, 0, 1000 * GIB), "8"),  # 1,000 x 0.008
        # 230 x 0.16 + 100 x 0.0133
        (FileSystemSpec("fs-1", 230 * GIB, 100 * GIB, one_zone=True), "38.13"),
        (FileSystemSpec("fs-1", GIB // 2), "0.15"),
        (FileSystemSpec("fs-1", 0), "0"),
    ],
)
def test_each_storage_class_has_its_price(spec, month):
    hourly = usd_per_hour(spec, BOOK, region=REGION, at=TEN)
    # at 10^-12 each of two lines may be half a unit off, 720 times
    assert abs((hourly.times(720) - Money.of(month)).units) <= 720
    assert hourly.times(720).cents() == Money.of(month).cents()


def test_a_missing_price_is_named():
    book = {key: each for key, each in BOOK.items() if "archive" not in key.item}
    missing = usd_per_hour(FileSystemSpec("fs-1", GIB, 0, GIB), book, region=REGION, at=TEN)
    assert missing == [file_storage(REGION, "AmazonEFS", "archive")]


THIRTY_CENTS = (FileSystemSpec("fs-1", 720 * GIB),)


def closed(*volumes: Volume, specs=THIRTY_CENTS, **more) -> HourCosts:
    """An hour of these volumes; a file system of 720 GiB costs $0.30 in it."""
    shots = more.get("shots") or all_hour([], more.get("pods", []), volumes=volumes)
    time = integrate(TEN_TO_ELEVEN, shots, lambda _: {})
    described = Described({spec.file_system_id: spec for spec in specs})
    wanted = keys_needed(time, described, (), REGION)
    book = {key: found for key, found in more.get("book", BOOK).items() if key in wanted}
    return close("prod", TEN_TO_ELEVEN, time, described, book, POLICY)


def storage(costs: HourCosts) -> dict[RowKey, str]:
    return {key: amounts[Category.STORAGE].plain() for key, amounts in costs.rows.items()}


def test_volumes_on_one_file_system_share_it_evenly_to_the_last_digit():
    # 1 GiB: 0.30 / 720 = 0.000416666667, a third each and one unit less for two of them
    costs = closed(
        *(on_efs(name) for name in ("a", "b", "c")), specs=[FileSystemSpec("fs-1", GIB)]
    )
    unmounted = RowKey("search", "__unmounted__", UNALLOCATED)
    assert storage(costs) == {unmounted: "0.000416666667"}
    costs = closed(
        *(on_efs(name, claim_namespace=name) for name in ("a", "b", "c", "d")),
        specs=[FileSystemSpec("fs-1", GIB)],
    )
    assert [
        amount for _, amount in sorted((k.namespace, v) for k, v in storage(costs).items())
    ] == [
        *("0.000104166667", "0.000104166667", "0.000104166667", "0.000104166666"),
    ]
    assert costs.total == Money.of("0.000416666667")
    assert costs.quality is Quality.FINAL


def test_a_volume_is_its_workloads_and_a_released_one_nobodys():
    released = on_efs("old", phase="Released", claim_namespace=None, claim_name=None)
    claiming = pod("api", on=None, claims=("data",))
    costs = closed(on_efs("data"), released, pods=[claiming])
    assert costs.total == Money.of("0.30")
    assert storage(costs)[RowKey(UNALLOCATED, "__released__", UNALLOCATED)] == "0.15"


def test_two_file_systems_are_two_prices():
    other = FileSystemSpec("fs-2", 72 * GIB, one_zone=True)  # 72 x 0.16 / 720
    costs = closed(
        on_efs("a"),
        on_efs("b", volume_id="fs-2"),
        specs=[FileSystemSpec("fs-1", 720 * GIB), other],
    )
    assert costs.total == Money.of("0.316")


def test_a_volume_of_half_an_hour_bears_half_as_much_as_one_of_the_whole():
    early, late = on_efs("a", claim_namespace="one"), on_efs("b", claim_namespace="two")
    shots = [snapshot(m, volumes=[early]) for m in range(-5, 30, 5)]
    shots += [snapshot(m, volumes=[early, late]) for m in range(30, 70, 5)]
    told = {key.namespace: Money.of(usd) for key, usd in storage(closed(shots=shots)).items()}
    assert told["one"] + told["two"] == Money.of("0.30")
    # `late` appeared between 10:25 and 10:30: 32.5 of 60 minutes
    assert told["two"].over(told["one"]) == pytest.approx(32.5 / 60, rel=1e-9)


@pytest.mark.parametrize(
    ("specs", "book", "reason"),
    [
        ((), BOOK, "EFS does not know file system fs-1: its size is unknown"),
        (
            (FileSystemSpec("fs-1", None),),
            BOOK,
            "nothing of file system fs-1 has been metered yet: its size is unknown",
        ),
        (
            (FileSystemSpec("fs-1", GIB),),
            {},
            "no price for AmazonEFS eu-west-1 standard:gb-month",
        ),
    ],
)
def test_without_a_size_or_a_price_every_volume_on_it_is_unpriced(specs, book, reason):
    costs = closed(on_efs("a"), on_efs("b"), specs=specs, book=book)
    assert [(item.name, item.reason) for item in costs.unpriced] == [("a", reason), ("b", reason)]
    assert (costs.total, costs.quality) == (Money.zero(), Quality.ESTIMATED)


def test_provisioned_throughput_is_said_to_be_missing():
    spec = FileSystemSpec("fs-1", 720 * GIB, provisioned_throughput=True)
    costs = closed(on_efs("a"), specs=[spec])
    assert costs.total == Money.of("0.30")
    assert [item.name for item in costs.unpriced] == ["fs-1 throughput"]
