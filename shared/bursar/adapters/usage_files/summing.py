"""What the usage in files cost, each id counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bursar.adapters.usage_files.grouping import UsageSums
from bursar.adapters.usage_files.plain_lines import DEFAULTS, Records
from bursar.adapters.usage_files.reading import Rejected, read_parts
from bursar.adapters.usage_files.repeated_ids import IdLog
from bursar.adapters.usage_files.rows import COUNTS, NAMES, NEVER, latest
from bursar.adapters.usage_files.words import Integers, Words, mixed
from bursar.domain.usage.file_costs import Dimension, RejectedLine, UsageCosts, price_groups
from bursar.ports import TokenPriceSchedule

_AT_ONCE = 1 << 20  # tellings of repeated ids that are held at once


def cost_files(
    paths: Sequence[Path], book: TokenPriceSchedule, by: Sequence[Dimension], now: datetime
) -> UsageCosts:
    """Read each file once, and once more where ids came more than once.

    Raises:
        UnusableFileError: a file cannot be read, or can hold no usage record.
    """
    sums = UsageSums(by, book)
    files = _Files(paths, sums, latest(now))
    with IdLog() as ids:
        for _, records, codes in files.records(files.rejected.append):
            sums.add(records, codes)
            told = _told_ids(records)
            if told is not None:
                ids.add(_id_hashes(told)[0])
        again = _Again(0, 0)
        for repeated, tellings in ids.repeated():
            for some in _slices(repeated, tellings):
                again = again.plus(_count_once(files, some, sums))
    rows, total, unpriced = price_groups(sums.groups(), book, now)
    return UsageCosts(
        tuple(by), rows, total, unpriced, again.duplicates, again.conflicts, files.rejected
    )


class _Again(NamedTuple):
    duplicates: int
    conflicts: int

    def plus(self, other: _Again) -> _Again:
        return _Again(self.duplicates + other.duplicates, self.conflicts + other.conflicts)


class _Files:
    def __init__(self, paths: Sequence[Path], sums: UsageSums, until: int) -> None:
        self._paths = paths
        self._sums = sums
        self._until = until
        self.rejected: list[RejectedLine] = []

    def records(
        self, reject: Callable[[RejectedLine], None] | None = None
    ) -> Iterator[tuple[int, Records, Integers]]:
        """The number of the file, records of it, and the group of each."""
        for number, path in enumerate(self._paths):
            for part in read_parts(path, self._until):
                wrong = list(part.rejected)
                for told in part.records:
                    records, codes, refused = self._sums.codes(told)
                    wrong += [
                        Rejected(line, reason)
                        for mask, reason in refused
                        for line in told.numbers[mask].tolist()
                    ]
                    yield number, records, codes
                if reject is not None:
                    for line, reason in sorted(wrong):
                        reject(RejectedLine(str(path), line, reason))


def _told_ids(records: Records) -> Records | None:
    """The records that have an id; the others are named by file and line, and come once."""
    ids = records.texts.get("id")
    if ids is None:
        return None
    named = ids.lengths > 0
    return records if named.all() else records.where(named)


def _id_hashes(records: Records) -> tuple[Words, Words]:
    """Of (producer, id)."""
    first, second = records.buffer.hashes(records.texts["id"])
    if "producer" in records.texts:
        one, two = records.buffer.hashes(records.texts["producer"])
        first, second = mixed(first + np.uint64(3) * one), mixed(second + np.uint64(3) * two)
    else:
        first, second = mixed(first), mixed(second)
    return first, second


def _body_hashes(records: Records) -> Words:
    """Of all that was told but the id."""
    found = np.zeros(len(records), np.uint64)
    for salt, name in enumerate(NAMES, start=1):
        if name in records.texts:
            found += mixed(records.buffer.hashes(records.texts[name])[0] + np.uint64(salt))
        else:
            found += mixed(np.full(1, salt, np.uint64))
    numbers = [records.counts.get(name, np.int64(DEFAULTS[name])) for name in COUNTS]
    numbers.append(np.int64(NEVER) if records.at is None else records.at)
    numbers.append(np.int64(0) if records.batch is None else records.batch.astype(np.int64))
    for salt, number in enumerate(numbers, start=100):
        words = np.atleast_1d(number).astype(np.uint64)
        found += mixed(words * np.uint64(2 * salt + 1) + np.uint64(salt))
    return found


def _slices(repeated: Words, tellings: int) -> Iterator[Words]:
    """Repeated ids, few enough at a time that all their tellings fit into memory."""
    if len(repeated):
        yield from np.array_split(repeated, max(1, -(-tellings // _AT_ONCE)))


def _count_once(files: _Files, repeated: Words, sums: UsageSums) -> _Again:
    """Take away every telling of these ids but the first."""
    tellings: list[_Tellings] = []
    kept: list[tuple[Records, Integers]] = []
    for file, records, codes in files.records():
        some = _among(records, codes, repeated)
        if some is not None:
            tellings.append(_Tellings.of(file, len(kept), some[0]))
            kept.append(some)
    every = _Tellings._make(map(np.concatenate, zip(*tellings, strict=True)))
    order = np.lexsort((every.line, every.file, every.second, every.first))
    every = _Tellings._make(part[order] for part in every)
    new = np.ones(len(order), np.bool_)
    new[1:] = (every.first[1:] != every.first[:-1]) | (every.second[1:] != every.second[:-1])
    heads = np.flatnonzero(new)[np.cumsum(new) - 1]
    same = every.body == every.body[heads]
    for n, (records, codes) in enumerate(kept):
        again = np.zeros(len(codes), np.bool_)
        again[every.place[(every.part == n) & ~new]] = True
        sums.add(records.where(again), codes[again], times=-1)
    return _Again(int((same & ~new).sum()), int((~same).sum()))


class _Tellings(NamedTuple):
    first: Words
    second: Words
    body: Words
    file: Integers
    line: Integers
    part: Integers
    place: Integers

    @classmethod
    def of(cls, file: int, part: int, records: Records) -> _Tellings:
        first, second = _id_hashes(records)
        size = len(records)
        return cls(
            first,
            second,
            _body_hashes(records),
            np.full(size, file),
            records.numbers,
            np.full(size, part),
            np.arange(size),
        )


def _among(records: Records, codes: Integers, repeated: Words) -> tuple[Records, Integers] | None:
    if "id" not in records.texts or not len(records):
        return None
    hashes = _id_hashes(records)[0]
    places = np.minimum(np.searchsorted(repeated, hashes), len(repeated) - 1)
    some = (repeated[places] == hashes) & (records.texts["id"].lengths > 0)
    return (records.where(some), codes[some]) if some.any() else None
