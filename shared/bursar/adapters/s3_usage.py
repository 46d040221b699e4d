"""The archive of usage in S3: `usage/day=2026-11-20/hour=13/<received>-<digest>.jsonl.gz`.

The folders are those of the records' own hours, as Athena partitions them. An object is
written once: its name holds the digest of its bytes, and S3 is asked to refuse another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from botocore.exceptions import ClientError

from bursar.adapters import usage_codec
from bursar.adapters.read_ahead import read_ahead
from bursar.adapters.usage_codec import UsageArchiveCorruptError
from bursar.domain.periods import Window, days, hour_of, hours
from bursar.domain.usage.records import UsageRecord

_IS_THERE = {"PreconditionFailed", "412"}
_AT_ONCE = 8


def folder(hour: datetime) -> str:
    return f"usage/day={hour:%Y-%m-%d}/hour={hour:%H}/"


def read_folder(prefix: str) -> datetime:
    return datetime.strptime(prefix, "usage/day=%Y-%m-%d/hour=%H/").replace(tzinfo=UTC)


def key(hour: datetime, received_at: datetime, body: bytes) -> str:
    received = f"{received_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
    return f"{folder(hour)}{received}-{sha256(body).hexdigest()[:24]}.jsonl.gz"


class S3UsageArchive:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None:
        """One object for each hour; the same records received again write nothing new."""
        by_hour: dict[datetime, list[UsageRecord]] = {}
        for record in records:
            by_hour.setdefault(hour_of(record.at).start, []).append(record)
        for hour, group in by_hour.items():
            body = usage_codec.encode(group)
            self._put(key(hour, received_at, body), body)

    def records(self, hours_: Window) -> Iterator[UsageRecord]:
        names = (name for hour in hours(hours_) for name in self._names(folder(hour.start)))
        for name, body in read_ahead(self._get, names, at_once=_AT_ONCE):
            for record in self._decode(name, body):
                if hours_.start <= record.at < hours_.end:
                    yield record

    def hours(self, window: Window) -> set[datetime]:
        found = {
            read_folder(prefix["Prefix"])
            for day in days(window)
            for page in self._pages(f"usage/day={day.start:%Y-%m-%d}/", Delimiter="/")
            for prefix in page.get("CommonPrefixes", ())
        }
        return {hour.start for hour in hours(window)} & found

    def _put(self, name: str, body: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=name, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _IS_THERE:
                raise

    def _names(self, prefix: str) -> Iterator[str]:
        for page in self._pages(prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"]

    def _pages(self, prefix: str, **how: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2")
        yield from pages.paginate(Bucket=self._bucket, Prefix=prefix, **how)

    def _get(self, name: str) -> tuple[str, bytes]:
        return name, self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()

    def _decode(self, name: str, body: bytes) -> Iterator[UsageRecord]:
        try:
            yield from usage_codec.decode(body)
        except UsageArchiveCorruptError as error:
            told = f"archived usage cannot be read: s3://{self._bucket}/{name}: {error}"
            raise UsageArchiveCorruptError(told) from error
