"""What the stores stand on: nothing (memory), moto, or the real DynamoDB Local.

Tables are as the synthesized template declares them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from tests.contract import dynamodb_local
from tests.contract.s3_bucket import BUCKET


@pytest.fixture(scope="session")
def dynamodb_local_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    own = tmp_path_factory.getbasetemp()
    session: Path = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    try:
        archive = dynamodb_local.jar(session)
        with dynamodb_local.running(archive, tmp_path_factory.mktemp("dynamodb-local")) as url:
            yield url
    except dynamodb_local.NotHereError as error:
        pytest.skip(str(error))


@pytest.fixture
def moto_table(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """moto's, asked one request at a time: it does not decide and write in one step."""
    one_at_a_time = Lock()
    client = table.meta.client
    call = client._make_api_call

    def in_one_step(*request: Any) -> Any:
        with one_at_a_time:
            return call(*request)

    monkeypatch.setattr(client, "_make_api_call", in_one_step)
    return table


@pytest.fixture
def local_table(dynamodb_local_url: str, table_definition: dict[str, Any]) -> Iterator[Any]:
    resource = boto3.resource("dynamodb", endpoint_url=dynamodb_local_url)
    table = resource.create_table(
        TableName=f"bursar-{uuid4()}", BillingMode="PAY_PER_REQUEST", **table_definition
    )
    yield table
    table.delete()


@pytest.fixture(params=["moto", "local"])
def dynamodb_table(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_table")


@pytest.fixture(params=["memory", "moto", "local"])
def backing(request: pytest.FixtureRequest) -> Any:
    """A table, or None for the adapter in memory."""
    if request.param == "memory":
        return None
    return request.getfixturevalue(f"{request.param}_table")


@pytest.fixture
def bucket() -> Iterator[Any]:
    """The client of S3 on moto, with an empty BUCKET."""
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client
