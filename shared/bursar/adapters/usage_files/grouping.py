"""Records summed by what they are asked for and priced by, in whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.name_codes import NameCodes
from bursar.adapters.usage_files.record_columns import DEFAULTS, Records
from bursar.adapters.usage_files.rows import NEVER, SUMMED
from bursar.adapters.usage_files.words import Integers, Mask
from bursar.domain.usage.file_costs import Dimension, UsageGroup
from bursar.domain.usage.prices import PriceBreaks
from bursar.domain.usage.records import TokenCounts

if TYPE_CHECKING:
    from bursar.ports import TokenPriceSchedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 10**6
TIMES = {Dimension.DAY: 86_400 * _SECOND, Dimension.HOUR: 3600 * _SECOND}  # microseconds
_FLOAT_EXACT, _INTEGER_EXACT = 2**53, 2**63 - 1

Rejections = list[tuple[Mask, str]]


class _Names(NamedTuple):
    """What decides a price, and the values of the dimensions that are no times."""

    provider: str
    model: str
    batch: bool
    named: tuple[str, ...]
    breaks: PriceBreaks


class _Key(NamedTuple):
    names: int
    segment: int
    bucket: int


@dataclass(frozen=True, slots=True)
class _Sample:
    """One record of a group: the price at its time and length is that of all."""

    at: datetime | None
    mean_input: Fraction


class UsageSums:
    """Groups that grow as records are added."""

    def __init__(self, by: Sequence[Dimension], book: TokenPriceSchedule) -> None:
        self._by = tuple(by)
        self._named = [each.value for each in by if each not in TIMES]
        self._breaks = cache(lambda *price: book.breaks(*price[:2], batch=price[2]))
        self._columns = list(dict.fromkeys(["provider", "model", *self._named]))
        self._tick = min((TIMES[each] for each in by if each in TIMES), default=0)
        self._codes = NameCodes(self._columns, self._code)
        self._names: list[_Names] = []
        self._known: dict[tuple[str | bool, ...], int] = {}
        self._any_breaks = False
        self._keys: dict[_Key, int] = {}
        self._groups: Integers = np.empty(0, np.int64)  # of names whose price never changes
        self._samples: list[_Sample] = []
        self._sums: NDArray[Any] = np.zeros((len(SUMMED) + 1, 64), np.int64)
        self._most = 0

    def codes(self, records: Records) -> tuple[Records, Integers, Rejections]:
        """The group of each record; records that need a time and have none are rejected."""
        names = self._codes.of(records)
        if not self._tick and not self._any_breaks:
            return records, self._groups_of_names(records, names), []
        segments, timeless = self._segments(records, names)
        rejections: Rejections = []
        if timeless.any():
            rejections.append((timeless, "at is missing: the price of its model is dated"))
        buckets = np.zeros(len(records), np.int64)
        if self._tick:
            at = _times(records)
            rejections.append(((at == NEVER) & ~timeless, "at is missing"))
            buckets = np.maximum(at, 0) // self._tick
        refused = np.zeros(len(records), np.bool_)
        for mask, _ in rejections:
            refused |= mask
        if refused.any():
            kept = ~refused
            records, names = records.where(kept), names[kept]
            segments, buckets = segments[kept], buckets[kept]
        return records, self._group_codes(records, names, segments, buckets), rejections

    def add(self, records: Records, codes: Integers, *, times: int = 1) -> None:
        """Add what records count, or with `times=-1` take it away again."""
        if not len(codes):
            return
        counts = [_count(records, name) for name in SUMMED]
        width = len(self._samples)
        most = max(int(each.max()) if isinstance(each, np.ndarray) else each for each in counts)
        self._make_room(width, len(codes) * max(most, 1))
        entries = np.bincount(codes, minlength=width)
        used = np.flatnonzero(entries)
        self._sums[0, used] += times * entries[used]
        for n, count in enumerate(counts, start=1):
            if not isinstance(count, np.ndarray):
                if count:
                    self._sums[n, used] += times * count * entries[used]
                continue
            self._sums[n, used] += times * _summed(codes, count, width)[used]

    def groups(self) -> Iterator[UsageGroup]:
        for key, code in self._keys.items():
            entries, requests, *tokens = (int(each) for each in self._sums[:, code])
            if not entries:
                continue
            names, sample = self._names[key.names], self._samples[code]
            yield UsageGroup(
                by=self._values(names, key.bucket),
                provider=names.provider,
                model=names.model,
                batch=names.batch,
                at=sample.at,
                mean_input=sample.mean_input,
                requests=requests,
                tokens=TokenCounts(*tokens),
            )

    def _values(self, names: _Names, bucket: int) -> tuple[str, ...]:
        named = dict(zip(self._named, names.named, strict=True))
        return tuple(
            time_of(each, bucket * self._tick) if each in TIMES else named[each.value]
            for each in self._by
        )

    def _code(self, records: Records, row: int) -> int:
        """Of the names of a record."""

        def text(name: str) -> str:
            if name not in records.texts:
                return ""
            told = records.texts[name]
            return records.buffer.text(int(told.starts[row]), int(told.lengths[row]))

        batch = records.batch is not None and bool(records.batch[row])
        told: tuple[str | bool, ...] = (batch, *map(text, self._columns))
        code = self._known.get(told)
        if code is None:
            code = self._known[told] = len(self._names)
            provider, model = text("provider"), text("model")
            breaks = self._breaks(provider, model, batch)
            named = tuple(map(text, self._named))
            self._names.append(_Names(provider, model, batch, named, breaks))
            self._any_breaks |= breaks != PriceBreaks()
        return code

    def _segments(self, records: Records, names: Integers) -> tuple[Integers, Mask]:
        """Between which breaks of its model's price each record lies, as one number."""
        segments = np.zeros(len(records), np.int64)
        timeless = np.zeros(len(records), np.bool_)
        present = np.flatnonzero(np.bincount(names)).tolist()
        for each in {self._names[code].breaks for code in present} - {PriceBreaks()}:
            own = np.zeros(len(self._names), np.bool_)
            own[[code for code in present if self._names[code].breaks == each]] = True
            rows = np.flatnonzero(own[names])
            found = np.zeros(len(rows), np.int64)
            if each.dated:
                at = _times(records)[rows]
                timeless[rows] = at == NEVER
                instants = [
                    (instant - _EPOCH) // timedelta(microseconds=1) for instant in each.instants
                ]
                found = np.searchsorted(np.array(instants, np.int64), at, side="right")
                seconds = at // _SECOND % 86_400
                daily = np.array(each.seconds_of_day, np.int64)
                found = found * (len(daily) + 1) + np.searchsorted(daily, seconds, side="right")
            mean = _mean_input(records)[rows]
            tiers = np.array(each.above_input_tokens, np.int64)
            segments[rows] = found * (len(tiers) + 1) + np.searchsorted(tiers, mean, side="left")
        return segments, timeless

    def _group_codes(
        self, records: Records, names: Integers, segments: Integers, buckets: Integers
    ) -> Integers:
        if not len(records):
            return np.empty(0, np.int64)
        low = int(buckets.min())
        wide = int(buckets.max()) - low + 1
        parts = (names * (int(segments.max()) + 1) + segments) * wide + (buckets - low)
        _, which, inverse = np.unique(parts, return_index=True, return_inverse=True)
        codes = [
            self._group(_Key(int(names[row]), int(segments[row]), int(buckets[row])), records, row)
            for row in which.tolist()
        ]
        found: Integers = np.array(codes, np.int64)[inverse]
        return found

    def _groups_of_names(self, records: Records, names: Integers) -> Integers:
        """The groups where nothing else makes one."""
        if len(self._groups) < len(self._names):
            new = np.full(len(self._names) - len(self._groups), -1)
            self._groups = np.concatenate((self._groups, new))
        found: Integers = self._groups[names]
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            new, rows = np.unique(names[unknown], return_index=True)
            self._groups[new] = [
                self._group(_Key(name, 0, 0), records, row)
                for name, row in zip(new.tolist(), unknown[rows].tolist(), strict=True)
            ]
            found = self._groups[names]
        return found

    def _group(self, key: _Key, records: Records, row: int) -> int:
        code = self._keys.get(key)
        if code is None:
            code = self._keys[key] = len(self._samples)
            self._samples.append(_sample(records, row))
        return code

    def _make_room(self, width: int, most: int) -> None:
        if width > self._sums.shape[1]:
            wider = np.zeros((self._sums.shape[0], 2 * width), self._sums.dtype)
            wider[:, : self._sums.shape[1]] = self._sums
            self._sums = wider
        self._most += most
        if self._most > _INTEGER_EXACT and self._sums.dtype != object:
            self._sums = self._sums.astype(object)  # Python's own integers


def time_of(dimension: Dimension, microseconds: int) -> str:
    """The day or the hour that these microseconds since 1970 lie in."""
    at = _EPOCH + timedelta(microseconds=microseconds)
    return f"{at:%Y-%m-%d}" if dimension is Dimension.DAY else f"{at:%Y-%m-%dT%H:00:00Z}"


def _summed(codes: Integers, count: Integers, width: int) -> NDArray[Any]:
    """Sums by code, exact at any size."""
    most = int(count.max()) * len(count)
    if most < _FLOAT_EXACT:
        return np.bincount(codes, weights=count, minlength=width).astype(np.int64)
    sums = np.zeros(width, np.int64 if most < _INTEGER_EXACT else object)
    np.add.at(sums, codes, count if most < _INTEGER_EXACT else count.astype(object))
    return sums


def _count(records: Records, name: str) -> Integers | int:
    return records.counts.get(name, DEFAULTS[name])


def _times(records: Records) -> Integers:
    return np.full(len(records), NEVER) if records.at is None else records.at


def _mean_input(records: Records) -> Integers:
    """Input tokens of the mean request, rounded up: above a whole limit exactly when it is."""
    told = records.counts.get("input_tokens", np.zeros(len(records), np.int64))
    return -(-told // np.maximum(_count(records, "requests"), 1))


def _sample(records: Records, row: int) -> _Sample:
    at = NEVER if records.at is None else int(records.at[row])
    requests = _count(records, "requests")
    several = int(requests[row]) if isinstance(requests, np.ndarray) else requests
    told = records.counts.get("input_tokens")
    return _Sample(
        None if at == NEVER else _EPOCH + timedelta(microseconds=at),
        Fraction(0 if told is None else int(told[row]), max(several, 1)),
    )
