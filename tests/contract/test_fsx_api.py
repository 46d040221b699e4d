"""What FSx says of file systems, from a server that answers as it does."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from bursar.adapters.fsx_api import FsxFileSystemCatalogue
from bursar.adapters.live_prices import LivePrices
from bursar.adapters.memory.clusters import MemoryFileSystemCatalogue
from bursar.domain.cluster.storage import FsxSpec
from tests.contract.aws_loopback import serving


def file_system(id_: str, kind: str, size: int, **more: Any) -> dict[str, Any]:
    return {
        "OwnerId": "111122223333",
        "CreationTime": 1_700_000_000,
        "FileSystemId": id_,
        "FileSystemType": kind,
        "Lifecycle": "AVAILABLE",
        "StorageCapacity": size,
        "StorageType": "SSD",
        "Tags": [],
        **more,
    }


TOLD = {
    "fs-00000001": file_system(
        *("fs-00000001", "LUSTRE", 1_200),
        LustreConfiguration={"DeploymentType": "PERSISTENT_2", "PerUnitStorageThroughput": 125},
    ),
    "fs-00000002": file_system(
        *("fs-00000002", "LUSTRE", 6_000),
        StorageType="HDD",
        LustreConfiguration={
            "DeploymentType": "PERSISTENT_2",
            "PerUnitStorageThroughput": 250,
            "MetadataConfiguration": {"Iops": 1_500, "Mode": "USER_PROVISIONED"},
        },
    ),
    "fs-00000003": file_system(
        *("fs-00000003", "OPENZFS", 64),
        OpenZFSConfiguration={
            "DeploymentType": "SINGLE_AZ_2",
            "ThroughputCapacity": 160,
            "DiskIopsConfiguration": {"Mode": "AUTOMATIC", "Iops": 192},
        },
    ),
    "fs-00000004": file_system("fs-00000004", "ONTAP", 1_024),
    "fs-00000005": file_system(
        *("fs-00000005", "ONTAP", 4_096),
        OntapConfiguration={
            "DeploymentType": "SINGLE_AZ_2",
            "HAPairs": 2,
            "ThroughputCapacityPerHAPair": 1_536,
            "DiskIopsConfiguration": {"Mode": "USER_PROVISIONED", "Iops": 40_000},
        },
    ),
    "fs-00000006": file_system(
        *("fs-00000006", "WINDOWS", 2_000),
        StorageType="HDD",
        WindowsConfiguration={"DeploymentType": "MULTI_AZ_1", "ThroughputCapacity": 32},
    ),
}
SPECS = {
    "fs-00000001": FsxSpec("fs-00000001", "LUSTRE", "SSD", "PERSISTENT_2", 1_200, 125),
    "fs-00000002": FsxSpec(
        "fs-00000002", "LUSTRE", "HDD", "PERSISTENT_2", 6_000, 250, provisioned_iops=1_500
    ),
    "fs-00000003": FsxSpec("fs-00000003", "OPENZFS", "SSD", "SINGLE_AZ_2", 64, mbps=160),
    "fs-00000004": FsxSpec("fs-00000004", "ONTAP", "SSD", None, 1_024),
    "fs-00000005": FsxSpec(
        *("fs-00000005", "ONTAP", "SSD", "SINGLE_AZ_2", 4_096),
        mbps=3_072,
        provisioned_iops=40_000,
    ),
    "fs-00000006": FsxSpec("fs-00000006", "WINDOWS", "HDD", "MULTI_AZ_1", 2_000, mbps=32),
}


class Fsx:
    """Two file systems a page; whoever asks of an unknown one gets nothing at all."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, body: bytes) -> tuple[int, bytes]:
        question = json.loads(body)
        ids = question["FileSystemIds"]
        self.asked.append(ids)
        if "fs-0000dead" in ids:
            return 400, b'{"__type": "AccessDeniedException", "Message": "not yours"}'
        if len(ids) > 50:
            return 400, b'{"__type": "BadRequest", "Message": "too many"}'
        if any(id_ not in TOLD and not id_.startswith("fs-aaaaaa") for id_ in ids):
            return 400, b'{"__type": "FileSystemNotFound", "Message": "no such one"}'
        first = int(question.get("NextToken", 0))
        page = [TOLD.get(id_) or file_system(id_, "LUSTRE", 1) for id_ in ids[first : first + 2]]
        more = {"NextToken": str(first + 2)} if first + 2 < len(ids) else {}
        return 200, json.dumps({"FileSystems": page, **more}).encode()


def client() -> Any:
    return boto3.client("fsx", region_name="us-east-1")


@pytest.fixture
def fsx(monkeypatch):
    answers = Fsx()
    with serving(answers) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_FSX", url)
        yield answers


@pytest.fixture(params=["memory", "fsx"])
def catalogue(request, fsx):
    if request.param == "memory":
        return MemoryFileSystemCatalogue(SPECS.values())
    return FsxFileSystemCatalogue(client)


def test_each_is_described_as_it_was_provisioned(catalogue) -> None:
    assert catalogue.describe([*sorted(SPECS, reverse=True), "fs-00000001"]) == SPECS


def test_unknown_ids_are_left_out_and_hide_no_other(catalogue) -> None:
    assert catalogue.describe(["fs-00000001", "fs-00000bad", "fs-00000003"]) == {
        id_: SPECS[id_] for id_ in ("fs-00000001", "fs-00000003")
    }
    assert catalogue.describe(["fs-00000bad"]) == {}


def test_a_known_set_is_one_question_and_an_unknown_id_is_not_asked_twice(fsx) -> None:
    described = FsxFileSystemCatalogue(client)
    described.describe(["fs-00000001", "fs-00000002"])
    described.describe(["fs-00000bad"])
    assert fsx.asked == [["fs-00000001", "fs-00000002"], ["fs-00000bad"]]


def test_fifty_are_asked_at_once(fsx) -> None:
    ids = [f"fs-aaaaaa{number:02}" for number in range(60)]
    assert set(FsxFileSystemCatalogue(client).describe(ids)) == set(ids)
    assert {len(asked) for asked in fsx.asked} == {50, 10}


def test_no_ids_are_no_question_and_no_client() -> None:
    assert FsxFileSystemCatalogue(lambda: pytest.fail("it asked")).describe([]) == {}


def test_what_is_no_id_is_unknown_and_not_asked(fsx) -> None:
    found = FsxFileSystemCatalogue(client).describe(["fs-1", "fs-00000001"])
    assert (set(found), fsx.asked) == ({"fs-00000001"}, [["fs-00000001"]])


def test_a_refusal_is_raised_and_not_taken_for_an_unknown_id(fsx) -> None:
    with pytest.raises(ClientError, match="not yours"):
        FsxFileSystemCatalogue(client).describe(["fs-0000dead"])


def test_a_look_without_a_deployment_names_the_problem_and_goes_on(fsx) -> None:
    live = LivePrices("us-east-1")
    assert live.fsx.describe(["fs-00000001"]) == {"fs-00000001": SPECS["fs-00000001"]}
    assert live.fsx.describe(["fs-0000dead"]) == {}
    assert [problem.partition(":")[0] for problem in live.problems] == [
        "no sizes of FSx file systems"
    ]
