"""Counters and gauges as Prometheus samples them, turned into what happened in a window.

What PromQL's `increase` answers is extrapolated to the window's edges, so hours neither add up
nor come out whole. Here each difference belongs to the window that holds its later sample:
windows that follow each other add up to the whole, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

STALE_AFTER_SECONDS = 300.0  # how long Prometheus takes a sample's word
POD_LABELS = ("exported_pod", "pod", "kubernetes_pod_name")
# what names who scraped, and not what was scraped
_SCRAPER_LABELS = frozenset({"job", "service", "prometheus", "prometheus_replica", "replica"})


class MetricsUnreadableError(Exception):
    """A source of metrics could not be asked, or its answer is not whole."""


class Sample(NamedTuple):
    at: float  # seconds since 1970
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """`samples` are in order of time, and none is NaN or infinite."""

    labels: Mapping[str, str]
    samples: tuple[Sample, ...]


class Span(NamedTuple):
    """[start, end) in seconds since 1970."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Increase:
    """How much a counter rose. It is not `complete` where its first sample had no earlier one
    and nothing says that it began at zero: what it counted before that sample, `unseen_from` when
    its process began (or, where nobody told, samples were asked for), is not known."""

    value: float
    unseen_from: float | None = None

    @property
    def complete(self) -> bool:
        return self.unseen_from is None

    def __add__(self, other: Increase) -> Increase:
        unseen = (at for at in (self.unseen_from, other.unseen_from) if at is not None)
        return Increase(self.value + other.value, min(unseen, default=None))


def increase(
    samples: Sequence[Sample], span: Span, *, asked_from: float, started_at: float | None
) -> Increase:
    """The rise of one series within the span.

    `samples` reach back to `asked_from`, before the span, so that its first sample has one to
    be compared with. A value lower than the one before is a restart: the counter began at zero
    again, and has counted its new value since. A series whose first sample is in the span
    began at zero when its process did, if that `started_at` is not before `asked_from`;
    otherwise samples are missing, and the first one counts nothing.
    """
    total, unseen_from = 0.0, None
    if samples and _within(samples[0], span):
        if started_at is not None and started_at >= asked_from:
            total += samples[0].value
        else:
            unseen_from = asked_from if started_at is None else started_at
    for before, after in pairwise(samples):
        if _within(after, span):
            fell = after.value < before.value
            total += after.value if fell else after.value - before.value
    return Increase(total, unseen_from)


@dataclass(frozen=True, slots=True)
class GaugeUse:
    """A gauge over the seconds that it is known: a gap is not known, and is not zero."""

    known_seconds: float = 0.0
    weighted: float = 0.0  # value x seconds
    idle_seconds: float = 0.0
    most: float = 0.0

    @property
    def mean(self) -> float | None:
        return self.weighted / self.known_seconds if self.known_seconds else None

    @property
    def idle_share(self) -> float | None:
        return self.idle_seconds / self.known_seconds if self.known_seconds else None


def gauge_use(samples: Sequence[Sample], span: Span, *, idle_below: float = 0.0) -> GaugeUse:
    """Each sample stands until the next one, and at most for `STALE_AFTER_SECONDS`.

    `idle_below`: a value under it is idle.
    """
    known = weighted = idle = 0.0
    most: list[float] = []
    for sample, until in zip(samples, _ends(samples), strict=True):
        seconds = min(until, span.end) - max(sample.at, span.start)
        if seconds > 0:
            known += seconds
            weighted += sample.value * seconds
            idle += seconds if sample.value < idle_below else 0.0
            most.append(sample.value)
    return GaugeUse(known, weighted, idle, max(most, default=0.0))


_Labels = frozenset[tuple[str, str]]


@dataclass
class Increases:
    """Sums of increases, by whatever the series have in common.

    A target that several jobs, or replicas of Prometheus, scraped counts once: by the series
    that saw most of it.
    """

    _of_targets: dict[tuple[str, ...], dict[_Labels, Increase]] = field(default_factory=dict)

    def add(self, key: tuple[str, ...], labels: Mapping[str, str], rise: Increase) -> None:
        targets, target = self._of_targets.setdefault(key, {}), _target(labels)
        seen = (rise, targets.get(target, rise))
        targets[target] = max(seen, key=lambda each: (each.value, each.complete))

    def sums(self) -> dict[tuple[str, ...], Increase]:
        nothing = Increase(0.0)
        return {key: sum(told.values(), nothing) for key, told in self._of_targets.items()}


def _target(labels: Mapping[str, str]) -> _Labels:
    """What a series is of, whoever scraped it; where neither an instance nor a pod is told, that
    is not known, and each series is a target of its own."""
    if not first_label(labels, ("instance", *POD_LABELS)):
        return frozenset(labels.items())
    return frozenset(each for each in labels.items() if each[0] not in _SCRAPER_LABELS)


def first_label(labels: Mapping[str, str], names: Iterable[str]) -> str:
    """The first of these labels that is not empty: relabelling names the same thing variously."""
    return next((labels[name] for name in names if labels.get(name)), "")


def _within(sample: Sample, span: Span) -> bool:
    return span.start <= sample.at < span.end


def _ends(samples: Sequence[Sample]) -> list[float]:
    """When each sample ceases to be the latest, or is stale."""
    ends = [min(after.at, before.at + STALE_AFTER_SECONDS) for before, after in pairwise(samples)]
    return [*ends, samples[-1].at + STALE_AFTER_SECONDS] if samples else []
