"""What the usage in files cost, each id counted once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bursar.adapters.usage_files.grouping import UsageSums
from bursar.adapters.usage_files.line_file import LineFile, Rejected
from bursar.adapters.usage_files.lines import is_parquet
from bursar.adapters.usage_files.reading import lines_of_rows, open_usage_file
from bursar.adapters.usage_files.record_columns import DEFAULTS, Records
from bursar.adapters.usage_files.repeated_ids import IdLog, Places
from bursar.adapters.usage_files.rows import COUNTS, NAMES, NEVER, latest
from bursar.adapters.usage_files.words import Integers, Mask, Words, mixed
from bursar.domain.usage.file_costs import (
    Dimension,
    RejectedLine,
    UsageCosts,
    price_groups,
)
from bursar.domain.usage.grouped_usage import GroupedUsage, joined

if TYPE_CHECKING:
    from bursar.ports import TokenPriceSchedule

_TELLINGS_AT_ONCE = 1 << 16  # of repeated ids, with their records
_BEFORE = -1  # the part of tellings that were looked at before


def cost_files(
    paths: Sequence[Path], book: TokenPriceSchedule, by: Sequence[Dimension], now: datetime
) -> UsageCosts:
    """Read each file once, and again the lines of those ids that came more than once.

    Raises:
        UnusableFileError: a file cannot be read, or can hold no usage record.
    """
    sums = UsageSums(by, book)
    until = latest(now)
    rejected: list[RejectedLine] = []
    groups: list[GroupedUsage] = []
    homes = _homes(paths)
    with ExitStack() as held, IdLog() as ids:
        files: list[LineFile] = []
        if not any(homes):
            files = _sum_parquet(paths, book, by, until, groups, held)
        files = files or [open_usage_file(path, until, held) for path in paths]
        for number, (path, file) in enumerate(zip(paths, files, strict=True)):
            rejected += [
                RejectedLine(str(path), file.number_of(line), reason)
                for line, reason in _add_file(number, homes[number], file, sums, ids)
            ]
        again = _Again(0, 0)
        for places in ids.repeated():
            again = again.plus(_count_once(files, homes, places, sums))
    groups.append(sums.groups())
    del sums  # what it knows of names is as large as the groups
    rows, total, unpriced = price_groups(joined(groups), book, now)
    return UsageCosts(
        tuple(by), rows, total, unpriced, again.duplicates, again.conflicts, rejected
    )


def _homes(paths: Sequence[Path]) -> list[int]:
    """A number, from 1 on, for each path that is named more than once, and 0 for the others."""
    files = [path.resolve() for path in paths]
    again = [file for file in dict.fromkeys(files) if files.count(file) > 1]
    return [again.index(file) + 1 if file in again else 0 for file in files]


def _sum_parquet(
    paths: Sequence[Path],
    book: TokenPriceSchedule,
    by: Sequence[Dimension],
    until: int,
    groups: list[GroupedUsage],
    held: ExitStack,
) -> list[LineFile]:
    """Where all is Parquet, add the groups of its plain rows, and tell the lines of the others:
    an id may be told in several files, which have to be read alike."""
    if not paths or not all(map(is_parquet, paths)):
        return []
    import tempfile

    from bursar.adapters.usage_files.parquet_sums import sum_plain_rows

    directory = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="bursar-")))
    summed = sum_plain_rows(paths, book, by, until, directory)
    if summed is None:
        return []
    groups += summed.groups
    return [lines_of_rows(odd.lines, odd.names, until, odd.numbers) for odd in summed.odd]


def _add_file(
    number: int, home: int, file: LineFile, sums: UsageSums, ids: IdLog
) -> Iterator[Rejected]:
    """Add its records to the sums and the ids; tell which lines are none."""
    for part in file.parts():
        wrong = list(part.rejected)
        for told in part.records:
            records, codes, refused = sums.codes(told)
            sums.add(records, codes)
            _log_ids(ids, records, number, home)
            wrong += [
                Rejected(line, reason)
                for mask, reason in refused
                for line in told.numbers[mask].tolist()
            ]
        yield from sorted(wrong)


class _Again(NamedTuple):
    duplicates: int
    conflicts: int

    def plus(self, other: _Again) -> _Again:
        return _Again(self.duplicates + other.duplicates, self.conflicts + other.conflicts)


def _log_ids(ids: IdLog, records: Records, file: int, home: int) -> None:
    """Log who has an id; the others are named by file and line, and come once but in a file that
    is named twice."""
    told = records.texts.get("id")
    if not home:
        if told is None:
            return
        if not (named := told.lengths > 0).all():
            records = records.where(named)
    ids.add(_id_hashes(records, 0, home), records.places, file)


def _id_hashes(records: Records, which: int, home: int) -> Words:
    """Of (producer, id), or of a `home` and the place in it."""
    found = np.zeros(len(records), np.uint64)
    told = records.texts.get("id")
    if told is not None:
        found = records.buffer.hashes(told, which)
        if "producer" in records.texts:
            found += np.uint64(3) * records.buffer.hashes(records.texts["producer"], which)
    if home:
        unnamed = told.lengths == 0 if told is not None else np.ones(len(records), np.bool_)
        places = records.places[unnamed].astype(np.uint64)
        found[unnamed] = mixed(places * np.uint64(2 * home + 1) + np.uint64(home + 1000 * which))
    return found


def _body_hashes(records: Records) -> Words:
    """Of all that was told but the id."""
    found = np.zeros(len(records), np.uint64)
    for salt, name in enumerate(NAMES, start=1):
        if name in records.texts:
            found += mixed(records.buffer.hashes(records.texts[name], 0) + np.uint64(salt))
        else:
            found += mixed(np.full(1, salt, np.uint64))
    numbers = [records.counts.get(name, np.int64(DEFAULTS[name])) for name in COUNTS]
    numbers.append(np.int64(NEVER) if records.at is None else records.at)
    numbers.append(np.int64(0) if records.batch is None else records.batch.astype(np.int64))
    for salt, number in enumerate(numbers, start=100):
        words = np.atleast_1d(number).astype(np.uint64)
        found += mixed(words * np.uint64(2 * salt + 1) + np.uint64(salt))
    return found


def _count_once(
    files: Sequence[LineFile], homes: Sequence[int], told: Places, sums: UsageSums
) -> _Again:
    """Take away every telling of these ids but the first."""
    found, first = _Again(0, 0), _Tellings.none()
    some: list[tuple[_Tellings, Records, Integers]] = []
    for file in sorted(set(told.files.tolist())):
        for part in files[file].parts_at(told.places[told.files == file]):
            for again in part.records:
                records, codes, _ = sums.codes(again)
                some.append((_Tellings.of(file, homes[file], len(some), records), records, codes))
            if sum(len(codes) for *_, codes in some) >= _TELLINGS_AT_ONCE:
                more, first = _take_back(first, some, sums)
                found, some = found.plus(more), []
    more, _ = _take_back(first, some, sums)
    return found.plus(more)


def _take_back(
    first: _Tellings, some: Sequence[tuple[_Tellings, Records, Integers]], sums: UsageSums
) -> tuple[_Again, _Tellings]:
    """Of tellings that come after the `first` of some ids: what was told again is taken away.
    The first of all ids are told."""
    tellings = [first, *(each for each, *_ in some)]
    every = _Tellings._make(map(np.concatenate, zip(*tellings, strict=True)))
    every = every.where(np.lexsort((every.place, every.file, every.second, every.first)))
    new = np.ones(len(every.first), np.bool_)
    new[1:] = (every.first[1:] != every.first[:-1]) | (every.second[1:] != every.second[:-1])
    heads = np.flatnonzero(new)[np.cumsum(new) - 1]
    same = every.body == every.body[heads]
    for n, (_, records, codes) in enumerate(some):
        again = np.zeros(len(codes), np.bool_)
        again[every.row[(every.part == n) & ~new]] = True
        sums.add(records.where(again), codes[again], times=-1)
    standing = every.where(new)
    standing.part[:] = _BEFORE
    return _Again(int((same & ~new).sum()), int((~same).sum())), standing


class _Tellings(NamedTuple):
    first: Words
    second: Words
    body: Words
    file: Integers
    place: Integers
    part: Integers
    row: Integers

    @classmethod
    def none(cls) -> _Tellings:
        words, integers = np.empty(0, np.uint64), np.empty(0, np.int64)
        return cls(words, words, words, integers, integers, integers, integers)

    def where(self, kept: Mask | Integers) -> _Tellings:
        return _Tellings._make(each[kept] for each in self)

    @classmethod
    def of(cls, file: int, home: int, part: int, records: Records) -> _Tellings:
        size = len(records)
        return cls(
            _id_hashes(records, 0, home),
            _id_hashes(records, 1, home),
            _body_hashes(records),
            np.full(size, file),
            records.places,
            np.full(size, part),
            np.arange(size),
        )
