"""The archive of usage in memory, kept as the bytes that the real one keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bursar.adapters import usage_codec
from bursar.domain.periods import Window
from bursar.domain.usage.records import UsageRecord


class MemoryUsageArchive:
    def __init__(self) -> None:
        self._objects: dict[tuple[datetime, bytes], None] = {}

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None:
        if records:
            self._objects[received_at, usage_codec.encode(records)] = None

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        for _, body in list(self._objects):
            for record in usage_codec.decode(body):
                if hours.start <= record.at < hours.end:
                    yield record
