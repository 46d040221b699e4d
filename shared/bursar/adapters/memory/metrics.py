"""Sources of metrics in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from bursar.domain.periods import Window
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.counters import Series
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.rejections import Rejection


class MemoryMetrics:
    """Answers each query with the whole series that it names."""

    def __init__(self, series: Iterable[Series] = ()) -> None:
        self._series = tuple(series)

    def instant(self, query: str, at: datetime) -> Sequence[Series]:
        last = at.timestamp()
        named = (each for each in self._series if each.labels["__name__"] in query)
        return [
            Series(each.labels, tuple(sample for sample in each.samples if sample.at <= last))
            for each in named
        ]

    def range(self, query: str, window: Window, step_seconds: int) -> Sequence[Series]:  # noqa: ARG002
        return self.instant(query, window.end)


class MemoryBedrockMeter:
    """What Bedrock is said to have counted, each in its own hour."""

    def __init__(
        self,
        records: Iterable[UsageRecord] = (),
        provisioned: Iterable[ProvisionedHour] = (),
    ) -> None:
        self._records, self._provisioned = tuple(records), tuple(provisioned)

    def records(
        self,
        hour: Window,
        producer: ProducerPolicy,  # noqa: ARG002 - they are records already
    ) -> Iterator[UsageRecord | Rejection]:
        yield from (each for each in self._records if hour.start <= each.at < hour.end)

    def provisioned(self, hour: Window) -> Sequence[ProvisionedHour]:
        return [each for each in self._provisioned if hour.start <= each.hour < hour.end]
