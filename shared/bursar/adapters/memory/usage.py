"""The archive of usage in memory, kept as the bytes that the real one keeps, and bulk sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bursar.adapters import usage_codec
from bursar.domain.periods import Window, hour_of
from bursar.domain.periods import hours as each_hour
from bursar.domain.usage.bulk import BulkUsage, UsageGroup
from bursar.domain.usage.records import UsageRecord


class MemoryUsageArchive:
    def __init__(self) -> None:
        self._objects: dict[datetime, dict[tuple[datetime, bytes], None]] = {}

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None:
        by_hour: dict[datetime, list[UsageRecord]] = {}
        for record in records:
            by_hour.setdefault(hour_of(record.at).start, []).append(record)
        for hour, of_hour in by_hour.items():
            kept = self._objects.setdefault(hour, {})
            kept[received_at, usage_codec.encode(of_hour)] = None

    def hours(self, window: Window) -> set[datetime]:
        return {hour.start for hour in each_hour(window)} & set(self._objects)

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        for hour in each_hour(hours):
            for _, body in list(self._objects.get(hour.start, ())):
                for record in usage_codec.decode(body):
                    if hours.start <= record.at < hours.end:
                        yield record


class MemoryBulkUsage:
    """BulkUsageSums of groups that are known beforehand, each in its own hour."""

    def __init__(self, groups: Iterable[UsageGroup] = ()) -> None:
        self._groups = tuple(groups)

    def between(self, hours: Window) -> BulkUsage:
        found = [each for each in self._groups if hours.start <= each.hour < hours.end]
        return BulkUsage(found, ())
