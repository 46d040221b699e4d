"""EC2 on loopback, asked by boto3 and by the real adapters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from bursar.adapters.ec2_api import Ec2SpotHistory, Ec2VolumeCatalogue
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.domain.cluster.storage import EbsSnapshot, VolumeSpec
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.spot import SpotPoint
from bursar.local.ec2_service import Ec2Service

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))
TYPE = "g5.12xlarge"


def point(zone: str, minutes: int, usd: str) -> SpotPoint:
    return SpotPoint(TYPE, zone, NOON + timedelta(minutes=minutes), Money.of(usd))


HISTORY = [
    point("us-east-1a", -300, "2.2"),
    point("us-east-1a", -60, "2.3412"),
    point("us-east-1a", 30, "2.4"),
    point("us-east-1b", -10, "2.5"),
    point("us-east-1b", 90, "9.9"),
]
VOLUMES = {
    spec.volume_id: spec
    for spec in (
        VolumeSpec("vol-0a", "io2", 200, 4000),
        VolumeSpec("vol-0b", "gp3", 512, 6000, 250),
        VolumeSpec("vol-0c", "gp3", 1024, 3000, 125, attached=False),
        VolumeSpec("vol-0d", "st1", 500),
    )
}


SNAPSHOTS = [
    EbsSnapshot("snap-1", "vol-0a", 7 * 2**30),
    EbsSnapshot("snap-2", "vol-0a", None),
    EbsSnapshot("snap-3", "vol-0b", 9 * 2**30, archived=True),
    EbsSnapshot("snap-4", "vol-gone", 0),
]


def spot_points(types: Collection[str], start: datetime, end: datetime) -> Iterator[SpotPoint]:
    return MemorySpotHistory(HISTORY).points("us-east-1", types, Window(start, end))


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2Service]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with Ec2Service(spot_points, lambda: VOLUMES, lambda: reversed(SNAPSHOTS)) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", running.url)
        yield running


def ec2(region: str = "us-east-1") -> Any:
    return boto3.client("ec2", region_name=region)


def test_spot_prices_come_with_the_point_in_force_at_the_start() -> None:
    points = list(Ec2SpotHistory(ec2).points("us-east-1", [TYPE], HOUR))
    assert sorted(points, key=lambda told: (told.zone, told.at)) == HISTORY[1:4]
    assert list(Ec2SpotHistory(ec2).points("us-east-1", ["m5.large"], HOUR)) == []


def test_spot_prices_are_told_newest_first_over_pages() -> None:
    pages = (
        ec2()
        .get_paginator("describe_spot_price_history")
        .paginate(
            InstanceTypes=[TYPE],
            StartTime=HOUR.start,
            EndTime=HOUR.end,
            PaginationConfig={"PageSize": 1},
        )
    )
    told = [[one["Timestamp"] for one in page["SpotPriceHistory"]] for page in pages]
    assert [len(page) for page in told] == [1, 1, 1]
    times = [at for page in told for at in page]
    assert times == sorted(times, reverse=True)


def test_only_linux_has_spot_prices() -> None:
    asked = {"InstanceTypes": [TYPE], "StartTime": HOUR.start, "EndTime": HOUR.end}
    answer = ec2().describe_spot_price_history(ProductDescriptions=["Windows"], **asked)
    assert answer["SpotPriceHistory"] == []


def test_volumes_are_described_and_unknown_ids_left_out() -> None:
    asked = [*VOLUMES, "vol-0nobody"]
    assert Ec2VolumeCatalogue(ec2()).describe(asked) == VOLUMES
    assert Ec2VolumeCatalogue(ec2()).describe(["vol-0nobody"]) == {}


def test_volumes_come_in_pages() -> None:
    pages = list(
        ec2().get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 3})
    )
    assert [len(page["Volumes"]) for page in pages] == [3, 1]


def test_a_volume_asked_for_by_id_must_exist() -> None:
    assert ec2().describe_volumes(VolumeIds=["vol-0d"])["Volumes"][0]["Size"] == 500
    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound.*vol-0z"):
        ec2().describe_volumes(VolumeIds=["vol-0z"])


def test_completed_snapshots_are_found_by_their_volume_also_when_it_is_gone() -> None:
    asked = ["vol-0a", "vol-gone", "vol-0d"]
    assert Ec2VolumeCatalogue(ec2()).snapshots(asked) == {
        "vol-0a": SNAPSHOTS[:2],
        "vol-gone": SNAPSHOTS[3:],
    }
    pending = [{"Name": "status", "Values": ["pending"]}]
    assert ec2().describe_snapshots(Filters=pending)["Snapshots"] == []


def test_snapshots_come_in_pages() -> None:
    pages = ec2().get_paginator("describe_snapshots").paginate(PaginationConfig={"PageSize": 3})
    assert [len(page["Snapshots"]) for page in pages] == [3, 1]


def test_nothing_is_reserved() -> None:
    assert ec2().describe_capacity_reservations()["CapacityReservations"] == []


def test_whatever_else_is_asked_is_an_unknown_action() -> None:
    with pytest.raises(ClientError, match=r"UnknownAction.*DescribeInstances"):
        ec2().describe_instances()


@pytest.mark.parametrize("wrong", [{"NextToken": "?"}, {"MaxResults": 0}])
def test_a_page_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2().describe_volumes(**wrong)


def test_spot_prices_want_their_times() -> None:
    with pytest.raises(ClientError, match="EndTime"):
        ec2().describe_spot_price_history(InstanceTypes=[TYPE])
