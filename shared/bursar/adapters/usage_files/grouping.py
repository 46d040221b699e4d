"""Records summed by what they are asked for and priced by, in whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bursar.adapters.usage_files.group_keys import (
    GroupNumbers,
    keys_of,
    names_and_segments,
    parts_of,
)
from bursar.adapters.usage_files.name_codes import NameCodes
from bursar.adapters.usage_files.record_columns import DEFAULTS, Records
from bursar.adapters.usage_files.rows import NEVER, SUMMED
from bursar.adapters.usage_files.words import Integers, Mask
from bursar.domain.usage.file_costs import Dimension, PricedAs, UsageGroup
from bursar.domain.usage.prices import PriceBreaks

if TYPE_CHECKING:
    from bursar.ports import TokenPriceSchedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 10**6
TIMES = {Dimension.DAY: 86_400 * _SECOND, Dimension.HOUR: 3600 * _SECOND}  # microseconds
_FLOAT_EXACT, _INTEGER_EXACT = 2**53, 2**63 - 1

_GROUPS_AT_ONCE = 4096
_FEW_MORE = 4  # codes than records, of which no record needs to be told apart

Rejections = list[tuple[Mask, str]]
# batch, provider, model, and the other dimensions that are no times: in millions at worst
_Names: TypeAlias = tuple[bool, str, str, *tuple[str, ...]]


class UsageSums:
    """Groups that grow as records are added."""

    def __init__(self, by: Sequence[Dimension], book: TokenPriceSchedule) -> None:
        self._by = tuple(by)
        self._columns = ["provider", "model"]
        self._columns += [each for each in by if each not in TIMES and each not in self._columns]
        self._breaks = cache(lambda *price: book.breaks(*price[:2], batch=price[2]))
        self._tick = min((TIMES[each] for each in by if each in TIMES), default=0)
        self._codes = NameCodes(self._columns, self._code)
        self._names: list[_Names] = []  # by code
        self._known: dict[_Names, int] = {}
        self._changing: dict[int, PriceBreaks] = {}  # of names whose price does
        self._groups: Integers = np.empty(0, np.int64)  # of names whose price does not
        self._numbers = GroupNumbers()
        self._priced: dict[int, PricedAs] = {}  # where it changes, by names and segment
        self._sums: NDArray[Any] = np.zeros((len(SUMMED) + 1, 64), np.int64)
        self._most = 0

    def codes(self, records: Records) -> tuple[Records, Integers, Rejections]:
        """The group of each record; records that need a time and have none are rejected."""
        names = self._codes.of(records)
        if not self._tick and not self._changing:
            return records, self._groups_of_names(names), []
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
        most = max(int(each.max()) if isinstance(each, np.ndarray) else each for each in counts)
        self._make_room(len(self._numbers), len(codes) * max(most, 1))
        used, codes = _used(codes, len(self._numbers))
        entries = np.bincount(codes, minlength=len(used))
        self._sums[0, used] += times * entries
        for n, count in enumerate(counts, start=1):
            if isinstance(count, np.ndarray):
                self._sums[n, used] += times * _summed(codes, count, len(used))
            elif count:
                self._sums[n, used] += times * count * entries

    def groups(self) -> Iterator[UsageGroup]:
        """Those that have records, made as they are taken: there may be a million."""
        keys = self._numbers.keys()
        plain, time = cache(PricedAs), cache(time_of)
        for start in range(0, len(keys), _GROUPS_AT_ONCE):
            some = keys[start : start + _GROUPS_AT_ONCE]
            sums = self._sums[:, start : start + len(some)].T.tolist()
            names, buckets = parts_of(some)
            told = [self._names[each] for each in names.tolist()]
            times = (buckets * self._tick).tolist()
            by = zip(*(self._values(each, told, times, time) for each in self._by), strict=True)
            priced = map(self._priced.get, names_and_segments(some).tolist())
            for values, named, changing, (entries, requests, *tokens) in zip(
                by, told, priced, sums, strict=True
            ):
                if entries:
                    batch, provider, model, *_ = named
                    own = changing or plain(provider, model, batch)
                    yield UsageGroup(values, own, requests, tokens)

    def _values(
        self,
        dimension: Dimension,
        told: Sequence[_Names],
        times: Sequence[int],
        time: Callable[[Dimension, int], str],
    ) -> list[str]:
        """How these names and times are told."""
        if dimension in TIMES:
            return [time(dimension, each) for each in times]
        place = 1 + self._columns.index(dimension)
        return [str(each[place]) for each in told]

    def _code(self, records: Records, row: int) -> int:
        """Of the names of a record."""

        def text(name: str) -> str:
            if name not in records.texts:
                return ""
            told = records.texts[name]
            return records.buffer.text(int(told.starts[row]), int(told.lengths[row]))

        batch = records.batch is not None and bool(records.batch[row])
        provider, model, *others = map(text, self._columns)
        told: _Names = (batch, provider, model, *others)
        code = self._known.get(told)
        if code is None:
            code = self._known[told] = len(self._names)
            self._names.append(told)
            breaks = self._breaks(provider, model, batch)
            if breaks != PriceBreaks():
                self._changing[code] = breaks
        return code

    def _segments(self, records: Records, names: Integers) -> tuple[Integers, Mask]:
        """Between which breaks of its model's price each record lies, as one number."""
        segments = np.zeros(len(records), np.int64)
        timeless = np.zeros(len(records), np.bool_)
        if not self._changing:
            return segments, timeless
        present = self._changing.keys() & set(np.flatnonzero(np.bincount(names)).tolist())
        for each in {self._changing[code] for code in present}:
            own = np.zeros(len(self._names), np.bool_)
            own[[code for code in present if self._changing[code] == each]] = True
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
        keys, rows, inverse = np.unique(
            keys_of(names, segments, buckets), return_index=True, return_inverse=True
        )
        numbers, new = self._numbers.of(keys)
        if self._changing:
            told = names_and_segments(keys[new]).tolist()
            for priced, row in zip(told, rows[new].tolist(), strict=True):
                if priced not in self._priced and int(names[row]) in self._changing:
                    self._priced[priced] = _priced_as(self._names[names[row]], records, row)
        found: Integers = numbers[inverse]
        return found

    def _groups_of_names(self, names: Integers) -> Integers:
        """The groups where nothing else makes one."""
        if len(self._groups) < len(self._names):
            new = np.full(len(self._names) - len(self._groups), -1)
            self._groups = np.concatenate((self._groups, new))
        found: Integers = self._groups[names]
        unknown = np.flatnonzero(found < 0)
        if len(unknown):
            new = np.flatnonzero(np.bincount(names[unknown]))
            none = np.zeros(len(new), np.int64)
            self._groups[new], _ = self._numbers.of(keys_of(new, none, none))
            found = self._groups[names]
        return found

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


def _priced_as(names: _Names, records: Records, row: int) -> PricedAs:
    batch, provider, model, *_ = names
    at = NEVER if records.at is None else int(records.at[row])
    when = None if at == NEVER else _EPOCH + timedelta(microseconds=at)
    return PricedAs(provider, model, batch, when, int(_mean_input(records)[row]))


def _used(codes: Integers, width: int) -> tuple[Integers, Integers]:
    """Which of so many codes there are, and the place of each among those: all, unless they are
    many more than are looked at."""
    if width <= _FEW_MORE * len(codes):
        return np.arange(width), codes
    used, places = np.unique(codes, return_inverse=True)
    return used, places
