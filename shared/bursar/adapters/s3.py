"""Raw snapshots in S3, one object an instant, in folders by day so that a span is a listing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bursar.adapters import snapshot_codec
from bursar.adapters.snapshot_codec import SnapshotCorruptError
from bursar.domain.cluster.records import ClusterSnapshot
from bursar.domain.periods import Window, days

_LATEST_WITHIN = timedelta(days=2)


def folder(cluster: str, day: datetime) -> str:
    return f"snapshots/{cluster}/{day:%Y/%m/%d}/"


def key(cluster: str, at: datetime) -> str:
    return f"{folder(cluster, at)}{at:%Y%m%dT%H%M%SZ}.msgpack.gz"


class S3SnapshotStore:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, snapshot: ClusterSnapshot) -> None:
        at = datetime.fromtimestamp(snapshot.at, UTC)
        body = snapshot_codec.encode(snapshot)
        self._client.put_object(Bucket=self._bucket, Key=key(snapshot.cluster, at), Body=body)

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        first = key(cluster, window.start.astimezone(UTC))
        after = key(cluster, window.end.astimezone(UTC))
        for day in days(window):
            for name in self._names(folder(cluster, day.start), from_=first, before=after):
                yield self._get(name)

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        window = Window(before - _LATEST_WITHIN, before)
        first, end = (key(cluster, at.astimezone(UTC)) for at in (window.start, window.end))
        for day in reversed(list(days(window))):
            names = list(self._names(folder(cluster, day.start), from_=first, before=end))
            if names:
                return self._get(names[-1])
        return None

    def _names(self, prefix: str, *, from_: str, before: str) -> Iterator[str]:
        """Names in [from_, before), in order; names sort by time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=_just_before(from_)
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                if entry["Key"] >= before:
                    return
                yield entry["Key"]

    def _get(self, name: str) -> ClusterSnapshot:
        body = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        try:
            return snapshot_codec.decode(body)
        except SnapshotCorruptError as error:
            raise SnapshotCorruptError(f"s3://{self._bucket}/{name}: {error}") from error


def _just_before(name: str) -> str:
    """`StartAfter` leaves out the name itself; one that ends a little earlier includes it."""
    return name.removesuffix(".msgpack.gz")
