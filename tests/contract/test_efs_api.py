"""What EFS says of file systems, from a server that answers as it does, and from moto."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bursar.adapters.efs_api import EfsFileSystemCatalogue
from bursar.adapters.live_prices import LivePrices
from bursar.adapters.memory.clusters import MemoryFileSystemCatalogue
from bursar.domain.cluster.storage import FileSystemSpec
from tests.contract.aws_loopback import serving


def file_system(id_: str, size: dict[str, int], **more: Any) -> dict[str, Any]:
    return {
        "OwnerId": "111122223333",
        "CreationToken": id_,
        "FileSystemId": id_,
        "CreationTime": 1_700_000_000,
        "LifeCycleState": "available",
        "NumberOfMountTargets": 1,
        "SizeInBytes": {"Value": sum(size.values()), **size},
        "PerformanceMode": "generalPurpose",
        "ThroughputMode": "bursting",
        "Tags": [],
        **more,
    }


SIZES = {"ValueInStandard": 5, "ValueInIA": 6, "ValueInArchive": 7}
TOLD = {
    "fs-1": file_system("fs-1", SIZES, ThroughputMode="elastic"),
    "fs-2": file_system(
        "fs-2",
        {"ValueInStandard": 1, "ValueInIA": 2},
        AvailabilityZoneName="us-east-1a",
        ThroughputMode="provisioned",
    ),
    "fs-3": file_system("fs-3", {}),
}
SPECS = {
    "fs-1": FileSystemSpec("fs-1", 5, 6, 7, elastic_throughput=True),
    "fs-2": FileSystemSpec("fs-2", 1, 2, one_zone=True, provisioned_throughput=True),
    "fs-3": FileSystemSpec("fs-3", None),
}


def answer(path: bytes) -> tuple[int, bytes]:
    [id_] = parse_qs(urlsplit(path.decode()).query)["FileSystemId"]
    if id_ in TOLD:
        return 200, json.dumps({"FileSystems": [TOLD[id_]]}).encode()
    if id_ == "fs-refused":
        return 403, b'{"code": "AccessDeniedException", "Message": "not yours"}'
    return 404, b'{"code": "FileSystemNotFound", "Message": "no such one"}'


def efs() -> Any:
    return boto3.client("efs", region_name="us-east-1")


@pytest.fixture(params=["memory", "efs"])
def catalogue(request, monkeypatch):
    if request.param == "memory":
        yield MemoryFileSystemCatalogue(SPECS.values())
        return
    with serving(answer, "application/json") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EFS", url)
        yield EfsFileSystemCatalogue(efs)


def test_each_is_described_by_what_was_metered_and_unknown_ids_are_left_out(catalogue) -> None:
    assert catalogue.describe(["fs-2", "fs-1", "fs-3", "fs-1", "fs-lost"]) == SPECS


def test_no_ids_are_no_question_and_no_client() -> None:
    assert EfsFileSystemCatalogue(lambda: pytest.fail("it asked")).describe([]) == {}


def test_a_refusal_is_raised_and_not_taken_for_an_unknown_id(monkeypatch) -> None:
    with serving(answer, "application/json") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EFS", url)
        with pytest.raises(ClientError, match="not yours"):
            EfsFileSystemCatalogue(efs).describe(["fs-refused"])


def test_a_look_without_a_deployment_names_the_problem_and_goes_on(monkeypatch) -> None:
    live = LivePrices("us-east-1")
    with serving(answer, "application/json") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EFS", url)
        assert live.file_systems.describe(["fs-1"]) == {"fs-1": SPECS["fs-1"]}
        assert live.file_systems.describe(["fs-refused"]) == {}
    assert [problem.partition(":")[0] for problem in live.problems] == [
        "no sizes of EFS file systems"
    ]


def test_a_file_system_of_moto_is_understood() -> None:
    with mock_aws():
        client = efs()
        made = client.create_file_system(CreationToken="x")["FileSystemId"]
        found = EfsFileSystemCatalogue(lambda: client).describe([made, "fs-0123456789abcdef0"])
    assert found == {made: FileSystemSpec(made, 0)}
