"""What series came to, period by period, exactly; a period that nobody knows is none, not zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bursar.domain.series.names import OTHERS, SeriesName

Known = tuple[int | None, ...]  # by period, oldest first: 10^-12 USD, or tokens


@dataclass(frozen=True, slots=True)
class Amounts:
    """`units` hold all that was charged; `apart` is the part of it that is no running cost: tax,
    credits, monthly fees, purchases, corrections of closed months.

    `beginnings` are the starts of consecutive UTC periods of one length. A series without
    anything apart is not in `apart`. The newest period may still grow where `is_growing`.
    """

    beginnings: tuple[datetime, ...]
    units: Mapping[SeriesName, Known]
    apart: Mapping[SeriesName, tuple[int, ...]] = field(default_factory=dict)
    is_growing: bool = False

    def running(self, name: SeriesName) -> Known:
        """What is charged for use, of each period."""
        if (apart := self.apart.get(name)) is None:
            return self.units[name]
        return tuple(
            None if all_of_it is None else all_of_it - part
            for all_of_it, part in zip(self.units[name], apart, strict=True)
        )


def cap_series(
    units: Mapping[SeriesName, Sequence[int | None]], per_dimension: int
) -> dict[SeriesName, SeriesName]:
    """What each series is kept as: itself, or one of its dimension's `__others__`.

    The largest of each dimension are kept; at most `per_dimension`, with the others' sum.
    """
    by_dimension: dict[tuple[str, str, str], list[SeriesName]] = {}
    for name in units:
        by_dimension.setdefault((name.book, name.dimension, name.unit), []).append(name)
    kept: dict[SeriesName, SeriesName] = {}
    for (_, dimension, _), names in by_dimension.items():
        names.sort(key=lambda name: (-sum(abs(each or 0) for each in units[name]), name))
        room = len(names) if len(names) <= per_dimension else per_dimension - 1
        others = ",".join(f"{part}={OTHERS}" for part in dimension.split(","))
        for place, name in enumerate(names):
            kept[name] = name if place < room else name._replace(scope=others)
    return kept


def sum_capped(
    units: Mapping[SeriesName, Sequence[int | None]], kept_as: Mapping[SeriesName, SeriesName]
) -> dict[SeriesName, Known]:
    """Sum what is kept under one name. Of several, a period is known when all of them are."""
    sums: dict[SeriesName, Known] = {}
    for name, periods in units.items():
        kept = kept_as[name]
        sums[kept] = _both(sums[kept], periods) if kept in sums else tuple(periods)
    return sums


def _both(one: Known, other: Sequence[int | None]) -> Known:
    return tuple(
        None if a is None or b is None else a + b for a, b in zip(one, other, strict=True)
    )
