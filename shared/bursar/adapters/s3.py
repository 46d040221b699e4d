"""Raw snapshots in S3, one object an instant, in folders by day so that a span is a listing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bursar.adapters import snapshot_codec
from bursar.adapters.snapshot_codec import SnapshotCorruptError
from bursar.domain.cluster.records import ClusterSnapshot, Node
from bursar.domain.periods import Window, days

_T = TypeVar("_T")
_LATEST_WITHIN = timedelta(days=2)
_REMEMBERED = 64  # snapshots' nodes: two hours of two clusters, every five minutes


def folder(cluster: str, day: datetime) -> str:
    return f"snapshots/{cluster}/{day:%Y/%m/%d}/"


def key(cluster: str, at: datetime) -> str:
    return f"{folder(cluster, at)}{at:%Y%m%dT%H%M%SZ}.msgpack.gz"


class S3SnapshotStore:
    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket
        self._nodes: OrderedDict[str, tuple[Node, ...]] = OrderedDict()

    def put(self, snapshot: ClusterSnapshot) -> None:
        at = datetime.fromtimestamp(snapshot.at, UTC)
        body = snapshot_codec.encode(snapshot)
        self._client.put_object(Bucket=self._bucket, Key=key(snapshot.cluster, at), Body=body)

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        for name in self._names_in(cluster, window):
            yield self._get(name, snapshot_codec.decode)

    def nodes_between(self, cluster: str, window: Window) -> Iterator[tuple[Node, ...]]:
        for name in self._names_in(cluster, window):
            if name not in self._nodes:  # a snapshot is written once: a later run need not ask
                self._nodes[name] = self._get(name, snapshot_codec.decode_nodes)
                while len(self._nodes) > _REMEMBERED:
                    self._nodes.popitem(last=False)
            yield self._nodes[name]

    def _names_in(self, cluster: str, window: Window) -> Iterator[str]:
        first = key(cluster, window.start.astimezone(UTC))
        after = key(cluster, window.end.astimezone(UTC))
        for day in days(window):
            yield from self._names(folder(cluster, day.start), from_=first, before=after)

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        window = Window(before - _LATEST_WITHIN, before)
        first, end = (key(cluster, at.astimezone(UTC)) for at in (window.start, window.end))
        for day in reversed(list(days(window))):
            names = list(self._names(folder(cluster, day.start), from_=first, before=end))
            if names:
                return self._get(names[-1], snapshot_codec.decode)
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

    def _get(self, name: str, decode: Callable[[bytes], _T]) -> _T:
        body = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        try:
            return decode(body)
        except SnapshotCorruptError as error:
            raise SnapshotCorruptError(f"s3://{self._bucket}/{name}: {error}") from error


def _just_before(name: str) -> str:
    """`StartAfter` leaves out the name itself; one that ends a little earlier includes it."""
    return name.removesuffix(".msgpack.gz")
