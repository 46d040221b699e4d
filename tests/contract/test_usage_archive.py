"""What every archive of usage does: keep what was told, by its own hour, and never change it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bursar.adapters import usage_codec
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.s3_usage import S3UsageArchive, folder
from bursar.adapters.usage_codec import UsageArchiveCorruptError
from bursar.adapters.usage_formats.reading import read
from bursar.domain.periods import HOUR, Window, hour_of
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.rejections import Rejection
from bursar.ports import UsageArchive
from tests.contract.ledger_books import NOW, ONE_PM, record
from tests.contract.s3_bucket import BUCKET

HOUR_13 = hour_of(ONE_PM)


@pytest.fixture(params=["memory", "s3"])
def archive(request: pytest.FixtureRequest) -> UsageArchive:
    if request.param == "memory":
        return MemoryUsageArchive()
    return S3UsageArchive(request.getfixturevalue("bucket"), BUCKET)


def ids(archive: UsageArchive, window: Window) -> list[str]:
    return sorted(each.id for each in archive.records(window))


def test_a_record_comes_back_as_it_was_told(archive: UsageArchive) -> None:
    told = record("1", user="ana \u2028 <b>", feature='"', key="k", latency_ms=12, batch=True)
    archive.put([told], NOW)
    (found,) = archive.records(HOUR_13)
    assert found == told
    assert found.digest == told.digest


def test_records_lie_in_their_own_hours(archive: UsageArchive) -> None:
    hours = [ONE_PM - HOUR, ONE_PM, ONE_PM + HOUR - timedelta(microseconds=1), ONE_PM + HOUR]
    archive.put([record(f"{n}", at=at) for n, at in enumerate(hours)], NOW)
    assert ids(archive, HOUR_13) == ["1", "2"]
    assert ids(archive, Window(ONE_PM - HOUR, ONE_PM + 2 * HOUR)) == ["0", "1", "2", "3"]


def test_a_batch_that_is_delivered_again_is_kept_once(archive: UsageArchive) -> None:
    for _ in range(3):
        archive.put([record("1"), record("2")], NOW)
    assert ids(archive, HOUR_13) == ["1", "2"]


def test_a_record_told_in_two_batches_comes_twice(archive: UsageArchive) -> None:
    archive.put([record("1")], NOW)
    archive.put([record("1")], NOW + timedelta(seconds=1))
    archive.put([record("1", input_tokens=5)], NOW)
    assert ids(archive, HOUR_13) == ["1", "1", "1"]


def test_the_hours_that_hold_records_are_known(archive: UsageArchive) -> None:
    days = Window(ONE_PM - 48 * HOUR, ONE_PM + 2 * HOUR)
    told = (ONE_PM - 49 * HOUR, ONE_PM - 48 * HOUR, ONE_PM, ONE_PM + 2 * HOUR)
    archive.put([record(str(n), at=at) for n, at in enumerate(told)], NOW)
    assert set(archive.hours(days)) == {ONE_PM - 48 * HOUR, ONE_PM}  # half open


def test_nothing_to_keep_is_nothing_kept(archive: UsageArchive) -> None:
    archive.put([], NOW)
    assert ids(archive, HOUR_13) == []


def test_an_object_is_never_replaced(bucket: Any) -> None:
    archive = S3UsageArchive(bucket, BUCKET)
    archive.put([record("1")], NOW)
    (name,) = [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]]
    other = usage_codec.encode([record("other")])
    bucket.put_object(Bucket=BUCKET, Key=name, Body=other)
    archive.put([record("1")], NOW)  # the same name: S3 refuses it
    assert ids(archive, HOUR_13) == ["other"]


def test_a_refusal_for_another_reason_is_not_swallowed(bucket: Any) -> None:
    with pytest.raises(bucket.exceptions.NoSuchBucket):
        S3UsageArchive(bucket, "another").put([record("1")], NOW)


def test_more_objects_than_one_listing_are_all_read(bucket: Any) -> None:
    body = usage_codec.encode([record("1")])
    for n in range(1_003):
        key = f"{folder(ONE_PM)}{n:05}.jsonl.gz"
        bucket.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert len(ids(S3UsageArchive(bucket, BUCKET), HOUR_13)) == 1_003


def test_objects_lie_where_athena_looks_and_are_plain_json_lines(bucket: Any) -> None:
    S3UsageArchive(bucket, BUCKET).put([record("1"), record("2")], NOW)
    (found,) = bucket.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert found["Key"].startswith("usage/day=2026-11-20/hour=13/20261120T135000000000Z-")
    assert found["Key"].endswith(".jsonl.gz")
    body = gzip.decompress(bucket.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read())
    rows = [json.loads(line) for line in body.splitlines()]
    assert [(row["id"], row["tokens"]["input"]) for row in rows] == [("1", 100), ("2", 100)]


def test_an_archived_file_told_as_a_producers_is_refused_and_not_taken_for_0_tokens() -> None:
    """Its counts stand inside `tokens`, which our own format does not have."""
    body = gzip.decompress(usage_codec.encode([record("1")])).decode()
    [told] = read(body, ProducerPolicy(name="gateway", tenant="search"))
    assert isinstance(told, Rejection)
    assert told.reason == "input_tokens and output_tokens are missing"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text",
        usage_codec.encode([record("1")])[:-9],
        gzip.compress(b"{}\n", mtime=0),
        gzip.compress(b'{"producer":""}\n', mtime=0),
    ],
    ids=["empty", "text", "cut", "nothing", "half"],
)
def test_a_corrupt_object_is_named_as_such(bucket: Any, body: bytes) -> None:
    bucket.put_object(Bucket=BUCKET, Key=f"{folder(ONE_PM)}x.jsonl.gz", Body=body)
    with pytest.raises(UsageArchiveCorruptError, match="hour=13/x"):
        list(S3UsageArchive(bucket, BUCKET).records(HOUR_13))


def test_bytes_follow_from_the_records_alone() -> None:
    told = [record("1"), replace(record("2"), user="ü")]
    assert usage_codec.encode(told) == usage_codec.encode(list(told))
    assert list(usage_codec.decode(usage_codec.encode(told))) == told
