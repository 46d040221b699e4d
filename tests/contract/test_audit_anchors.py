"""What every store of anchored heads does: it keeps them all."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from bursar.adapters.memory.governance import MemoryAuditAnchors
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.domain.governance.audit import AuditHead, AuditIntent, chain, verify
from bursar.ports import AuditAnchors
from tests.unit.governance.world import NOON

BUCKET = "anchors"
RECORDS = chain(AuditHead(), [AuditIntent(str(n), NOON, b"body") for n in range(3)])


@pytest.fixture(params=["memory", "s3"])
def anchors(request: pytest.FixtureRequest) -> Iterator[AuditAnchors]:
    if request.param == "memory":
        yield MemoryAuditAnchors()
        return
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=BUCKET,
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
            ObjectLockEnabledForBucket=True,
        )
        yield S3AuditAnchors(client, BUCKET)


def head(n: int) -> AuditHead:
    return AuditHead(RECORDS[n].number, RECORDS[n].hash)


def test_at_first_nothing_is_anchored(anchors: AuditAnchors) -> None:
    assert list(anchors.all()) == []


def test_anchored_heads_prove_the_chain_and_its_cut(anchors: AuditAnchors) -> None:
    for each in (AuditHead(), head(0), head(2)):
        anchors.put(each, NOON)
    assert list(anchors.all()) == [AuditHead(), head(0), head(2)]
    assert verify(RECORDS, head(2), anchors.all()) == []
    assert verify(RECORDS[:2], head(1), anchors.all())


def test_the_same_head_in_the_next_hour_changes_nothing(anchors: AuditAnchors) -> None:
    for _ in range(2):
        anchors.put(head(1), NOON)
    assert set(anchors.all()) == {head(1)}


def test_two_heads_of_one_number_are_both_told(anchors: AuditAnchors) -> None:
    """Somebody has chained anew: one of them cannot be of the chain that is read."""
    forged = AuditHead(2, bytes(32))
    for each in (head(1), forged):
        anchors.put(each, NOON)
    assert set(anchors.all()) == {head(1), forged}
    assert verify(RECORDS[:2], head(1), anchors.all())
