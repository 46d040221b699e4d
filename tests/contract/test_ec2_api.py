"""What EC2 says, from its real answers of 2021, from moto, and from a server of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from moto import mock_aws

from bursar.adapters.ec2_api import (
    Ec2InstanceTypes,
    Ec2ReservationCatalogue,
    Ec2SpotHistory,
    Ec2VolumeCatalogue,
    instance_type,
)
from bursar.adapters.live_prices import LivePrices
from bursar.adapters.memory.clusters import MemoryVolumeCatalogue
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.domain.cluster.storage import EbsSnapshot, VolumeSpec
from bursar.domain.instance_types import Accelerator, CapacityReservation
from bursar.domain.spot import SpotUnavailableError
from bursar.ports import SpotHistory, VolumeCatalogue
from tests.contract.aws_loopback import serving
from tests.contract.spot_price_server import HISTORY, HOUR, SpotServer

DATA = Path(__file__).parents[3] / "shared/data/aws_prices"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def ec2_client(region: str) -> Any:
    return boto3.client("ec2", region_name=region)


@pytest.fixture(params=["memory", "ec2"])
def history(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SpotHistory]:
    if request.param == "memory":
        yield MemorySpotHistory(HISTORY)
        return
    with serving(SpotServer().answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        yield Ec2SpotHistory(ec2_client)


def test_the_point_before_the_window_comes_along(history: SpotHistory) -> None:
    points = list(history.points("us-east-1", {"m5.large"}, HOUR))
    assert sorted(points, key=lambda point: (point.zone, point.at)) == HISTORY[1:4]


def test_only_the_types_asked_for_are_answered(history: SpotHistory) -> None:
    assert list(history.points("us-east-1", {"c5.large"}, HOUR)) == HISTORY[4:]
    assert list(history.points("us-east-1", set(), HOUR)) == []


def test_spot_prices_are_those_of_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    server = SpotServer()
    with serving(server.answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        list(Ec2SpotHistory(ec2_client).points("us-east-1", ["m5.large"], HOUR))
    assert {asked["ProductDescription.1"][0] for asked in server.asked} == {"Linux/UNIX"}


def test_a_refusal_is_an_unavailable_history(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = (
        b"<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
        b"<Message>not yours</Message></Error></Errors></Response>"
    )
    with serving(lambda _: (403, refusal), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        with pytest.raises(SpotUnavailableError, match="not yours"):
            list(Ec2SpotHistory(ec2_client).points("us-east-1", ["m5.large"], HOUR))


def test_volumes_are_described_as_they_are_and_unknown_ids_left_out() -> None:
    with mock_aws():
        client = ec2_client("us-east-1")
        made = [
            client.create_volume(
                AvailabilityZone="us-east-1a",
                Size=size,
                VolumeType="gp3",
                Iops=4_000,
                Throughput=250,
            )["VolumeId"]
            for size in (40, 50)
        ]
        plain = client.create_volume(AvailabilityZone="us-east-1a", Size=10, VolumeType="gp2")[
            "VolumeId"
        ]
        unknown = [f"vol-{n:017x}" for n in range(450)]  # with the three real ones, 3 requests
        found = Ec2VolumeCatalogue(client).describe([*made, plain, *unknown])
    assert set(found) == {*made, plain}
    assert found[made[0]] == VolumeSpec(made[0], "gp3", 40, 4_000, 250, attached=False)
    assert (found[plain].volume_type, found[plain].size_gib) == ("gp2", 10)


def test_no_volumes_are_no_question() -> None:
    assert Ec2VolumeCatalogue(None).describe([]) == {}


SNAPSHOTS = [
    EbsSnapshot(f"snap-{n:03}", f"vol-{n % 250:03}", n * 2**30, archived=n % 7 == 0)
    for n in range(1, 500)
]
SNAPSHOTS_OF_VOL_003 = [SNAPSHOTS[2], SNAPSHOTS[252]]  # of 3 and of 253 GiB


class Snapshots:
    """DescribeSnapshots, a hundred a page."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []

    def answer(self, body: bytes) -> tuple[int, bytes]:
        form = parse_qs(body.decode())
        self.asked.append(form)
        wanted = {value for key, (value,) in form.items() if key.startswith("Filter.2.Value.")}
        found = [each for each in SNAPSHOTS if each.volume_id in wanted]
        start = int(form.get("NextToken", ["0"])[0])
        items = "".join(
            f"<item><snapshotId>{each.snapshot_id}</snapshotId><volumeId>{each.volume_id}"
            f"</volumeId><status>completed</status>"
            f"<storageTier>{'archive' if each.archived else 'standard'}</storageTier>"
            f"<fullSnapshotSizeInBytes>{each.full_bytes}</fullSnapshotSizeInBytes></item>"
            for each in found[start : start + 100]
        )
        more = f"<nextToken>{start + 100}</nextToken>" if start + 100 < len(found) else ""
        return 200, (
            f"<DescribeSnapshotsResponse><snapshotSet>{items}</snapshotSet>{more}"
            "</DescribeSnapshotsResponse>"
        ).encode()


@pytest.fixture(params=["memory", "ec2"])
def volumes(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VolumeCatalogue]:
    if request.param == "memory":
        yield MemoryVolumeCatalogue(snapshots=SNAPSHOTS[::-1])
        return
    with serving(Snapshots().answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        yield Ec2VolumeCatalogue(ec2_client("us-east-1"))


def test_snapshots_are_found_by_their_volumes_in_order(volumes: VolumeCatalogue) -> None:
    assert volumes.snapshots(["vol-003", "vol-nobody"]) == {"vol-003": SNAPSHOTS_OF_VOL_003}
    assert volumes.snapshots([]) == {}


def test_the_snapshots_of_many_volumes_are_all_found(volumes: VolumeCatalogue) -> None:
    found = volumes.snapshots([f"vol-{n:03}" for n in range(250)])
    assert found is not None
    assert sum(len(each) for each in found.values()) == 499
    assert found["vol-003"] == SNAPSHOTS_OF_VOL_003


def test_our_own_completed_snapshots_are_asked_for_200_volumes_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Snapshots()
    with serving(server.answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        Ec2VolumeCatalogue(ec2_client("us-east-1")).snapshots([f"vol-{n:03}" for n in range(250)])
    assert {(form["Owner.1"][0], form["Filter.1.Value.1"][0]) for form in server.asked} == {
        ("self", "completed")
    }
    counts = [sum(key.startswith("Filter.2.Value.") for key in form) for form in server.asked]
    assert sorted(set(counts)) == [50, 200]


def test_a_snapshot_as_ec2_makes_it_is_one_of_its_volume_whose_size_it_may_not_tell() -> None:
    with mock_aws():
        client = ec2_client("us-east-1")
        made = client.create_volume(AvailabilityZone="us-east-1a", Size=8, VolumeType="gp3")
        volume_id = made["VolumeId"]
        snapshot_id = client.create_snapshot(VolumeId=volume_id)["SnapshotId"]
        found = Ec2VolumeCatalogue(client).snapshots([volume_id])
    assert found == {volume_id: [EbsSnapshot(snapshot_id, volume_id, None)]}


def test_a_look_that_may_not_ask_for_snapshots_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = (
        b"<Response><Errors><Error><Code>UnauthorizedOperation</Code>"
        b"<Message>not yours</Message></Error></Errors></Response>"
    )
    live = LivePrices("us-east-1")
    with serving(lambda _: (403, refusal), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        assert live.snapshots(["vol-1"]) is None
        assert live.snapshots([]) == {}
    [problem] = live.problems
    assert problem.startswith("EBS snapshots are not counted: ")
    assert problem.endswith("not yours")


def test_real_instance_types_say_their_parts() -> None:
    path = DATA / "describe_instance_types_t3micro_p3.16xlarge.json"
    if not path.exists():
        pytest.skip("the shared price data is not beside this repository")
    types = {
        told["InstanceType"]: instance_type(told)
        for told in json.loads(path.read_bytes())["InstanceTypes"]
    }
    p3, t3 = types["p3.16xlarge"], types["t3.micro"]
    assert (p3.vcpus, p3.memory_mib, p3.arm) == (64, 499_712, False)
    assert p3.accelerators == (Accelerator("V100", "NVIDIA", 8, 16_384),)
    assert (p3.accelerator_count, p3.accelerator_memory_mib) == (8, 131_072)  # 8 x 16,384
    assert (t3.vcpus, t3.memory_mib, t3.accelerators) == (2, 1_024, ())


def test_instance_types_are_described_by_name_and_unknown_ones_left_out() -> None:
    with mock_aws():
        found = Ec2InstanceTypes(ec2_client("us-east-1")).describe(
            ["p4d.24xlarge", "m7g.large", "inf2.xlarge", "g99.huge"]
        )
    assert set(found) == {"p4d.24xlarge", "m7g.large", "inf2.xlarge"}
    assert found["p4d.24xlarge"].accelerator_count == 8
    assert found["m7g.large"].arm
    assert found["inf2.xlarge"].accelerator_count == 1


def test_reserved_capacity_says_what_nobody_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    items = "".join(
        f"<item><capacityReservationId>{id_}</capacityReservationId>"
        f"<ownerId>111122223333</ownerId><instanceType>p5.48xlarge</instanceType>"
        f"<availabilityZone>us-east-1a</availabilityZone>"
        f"<totalInstanceCount>{total}</totalInstanceCount>"
        f"<availableInstanceCount>{unused}</availableInstanceCount>"
        f"<reservationType>{kind}</reservationType><state>active</state></item>"
        for id_, total, unused, kind in (
            ("cr-2", 4, 1, "capacity-block"),
            ("cr-1", 2, 2, "default"),
        )
    )
    said = (
        "<DescribeCapacityReservationsResponse><capacityReservationSet>"
        f"{items}</capacityReservationSet></DescribeCapacityReservationsResponse>"
    ).encode()
    with serving(lambda _: (200, said), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        found = Ec2ReservationCatalogue(ec2_client("us-east-1")).reserved(["cr-1", "cr-2"])
    zone, owner = "us-east-1a", "111122223333"
    assert found == [
        CapacityReservation("cr-1", "p5.48xlarge", zone, 2, 2, False, owner),
        CapacityReservation("cr-2", "p5.48xlarge", zone, 4, 1, True, owner),
    ]
