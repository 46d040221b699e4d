"""Sum the entries again and compare them with the balances, hour by hour."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey, sum_leaves
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.verification import Corrected, Difference, compare
from bursar.domain.periods import HOUR, Window, hours, month_window
from bursar.ports import EntryReader, LedgerStore, UsageArchive

_TRIES = 5
_READ_TOGETHER = 1_000  # ids: ten requests

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CheckedHour:
    """One hour.

    `unposted` are archived and not in the ledger: still queued, or lost. `adjusting` are the
    sums of its late entries, which stand in another hour. `steady` is False when postings
    kept coming in, and then nothing was compared.
    """

    hour: datetime
    differences: tuple[Difference, ...]
    unposted: tuple[EntryId, ...]
    adjusting: Mapping[LeafKey, Leaf]
    steady: bool = True


@dataclass(frozen=True, slots=True)
class VerifiedMonth:
    """What a month's balances lack or have too much of.

    `corrected` are differences that the month's close has put right by adjustments; of one that
    these do not put right, `differences` has what is left. `adjustments` are leaves of
    adjustments that are not the sum of their entries. `unsteady` hours could not be compared for
    the postings that kept coming in.
    """

    month: str
    differences: tuple[Difference, ...]
    corrected: tuple[Difference, ...]
    adjustments: tuple[Difference, ...]
    unposted: tuple[EntryId, ...]
    unsteady: tuple[datetime, ...]

    @property
    def holds(self) -> bool:
        return not (self.differences or self.adjustments or self.unsteady)


class InOrder(Protocol):
    """What is read of each, in their order, as `map` does; several may be read at a time."""

    def __call__(self, read: Callable[[T], R], each: Iterable[T], /) -> Iterator[R]: ...


def verify_ledger(
    month: str,
    at: datetime,
    *,
    ledger: LedgerStore,
    reader: EntryReader,
    archive: UsageArchive,
    in_order: InOrder = map,
) -> VerifiedMonth:
    """Check every hour of a month (`2026-11`), and the adjustments that name it, until `at`.

    Windows of enforced budgets are not compared: what an entry was charged to followed from the
    configuration and the reservations of its time. Late usage of any hour may come while the
    hours are read, so that all are read again where the adjustments differ and have moved since.

    Args:
        at: now; adjustments are read in the hours since the month.
        in_order: how hours are checked, of which none waits for another.

    Raises:
        ValueError: the text is not a month.
    """
    window, before = month_window(month), None
    since = Window(window.end, max(window.end, at))
    for _ in range(_TRIES):
        checked = list(
            check_hours(window, ledger=ledger, reader=reader, archive=archive, in_order=in_order)
        )
        found = with_corrections((each for hour in checked for each in hour.differences), reader)
        late = _late(checked, (entry for each in found for entry in each.corrections))
        adjusting = _adjustments(month, since, late, ledger)
        adjustments = tuple(compare(late, adjusting))
        if settled := not adjustments or adjusting == before:
            break
        before = adjusting
    moving = () if settled else adjustments
    return VerifiedMonth(
        month=month,
        differences=tuple(each.rest for each in found if not each.is_right),
        corrected=tuple(each.difference for each in found if each.is_right),
        adjustments=adjustments if settled else (),
        unposted=tuple(name for hour in checked for name in hour.unposted),
        unsteady=(
            *(hour.hour for hour in checked if not hour.steady),
            *sorted({each.key.hour for each in moving}),
        ),
    )


def check_hours(
    window: Window,
    *,
    ledger: LedgerStore,
    reader: EntryReader,
    archive: UsageArchive,
    in_order: InOrder = map,
) -> Iterator[CheckedHour]:
    """Each hour of a window; of one without leaves and records nothing more is asked."""
    archived = archive.hours(window)

    def check(found: tuple[Window, Mapping[LeafKey, Leaf]]) -> CheckedHour:
        hour, leaves = found
        if leaves or hour.start in archived:
            return verify_hour(hour, leaves, ledger=ledger, reader=reader, archive=archive)
        return CheckedHour(hour.start, (), (), {})

    return in_order(check, zip(hours(window), ledger.leaves_between(window), strict=True))


def verify_hour(
    hour: Window,
    leaves: Mapping[LeafKey, Leaf],
    *,
    ledger: LedgerStore,
    reader: EntryReader,
    archive: UsageArchive,
) -> CheckedHour:
    """Compare an hour's leaves with its entries; where they differ and the leaves have moved
    since they were read, try again.

    Records are archived before they are posted, so the leaves are read first: what they hold
    is then in the archive, or among the settlements of the hour.
    """
    before = leaves
    for _ in range(_TRIES):
        ids = {(record.producer, record.id) for record in archive.records(hour)}
        ids |= set(ledger.settled(hour.start))
        stored = _read(ids, reader)
        own = sum_leaves(entry for entry in stored if entry.key.hour == hour.start)
        differences = tuple(compare(_ordinary(own), _ordinary(before)))
        if not differences or (now := leaves_of(hour.start, ledger)) == before:
            return CheckedHour(
                hour=hour.start,
                differences=differences,
                unposted=tuple(sorted(ids - {entry.name for entry in stored})),
                adjusting=sum_leaves(
                    entry
                    for entry in stored
                    if entry.key.adjusts and hour.start <= entry.at < hour.end
                ),
            )
        before = now
    return CheckedHour(hour.start, (), (), {}, steady=False)


def with_corrections(differences: Iterable[Difference], reader: EntryReader) -> list[Corrected]:
    """Each difference with its corrections: a close that was broken off may have posted one
    before another."""
    found = [Corrected(each) for each in differences]
    open_ = set(range(len(found)))
    while open_:
        names = {found[n].next_name: n for n in sorted(open_)}
        stored = reader.entries(list(names))
        for name, entry in stored.items():
            each = found[names[name]]
            found[names[name]] = replace(each, corrections=(*each.corrections, entry))
        open_ = {names[name] for name in stored}
    return found


def leaves_of(hour: datetime, ledger: LedgerStore) -> dict[LeafKey, Leaf]:
    """Both books, the shadow one too."""
    return {**ledger.leaves(hour), **ledger.leaves(hour, shadow=True)}


def _ordinary(leaves: Mapping[LeafKey, Leaf]) -> dict[LeafKey, Leaf]:
    """Adjustments of earlier months stand beside the hour's own leaves: their entries are of
    other hours. Of no other month can there be any."""
    return {
        key: leaf
        for key, leaf in leaves.items()
        if not key.adjusts or key.adjusts >= month_name(key.hour)
    }


def _late(checked: Iterable[CheckedHour], corrections: Iterable[Entry]) -> dict[LeafKey, Leaf]:
    """What the adjustments of a month should be: its late entries, and its close's corrections."""
    late = sum_leaves(corrections)
    for hour in checked:
        for key, leaf in hour.adjusting.items():
            late[key] = late.get(key, Leaf()) + leaf
    return late


def _adjustments(
    month: str, since: Window, late: Collection[LeafKey], ledger: LedgerStore
) -> dict[LeafKey, Leaf]:
    """In every hour since the month, and in those that late entries were posted to meanwhile."""
    end = max([since.end, *(key.hour + HOUR for key in late)])
    return {
        key: leaf
        for leaves in ledger.leaves_between(Window(since.start, end))
        for key, leaf in leaves.items()
        if key.adjusts == month
    }


def _read(ids: set[EntryId], reader: EntryReader) -> list[Entry]:
    rest, found = iter(sorted(ids)), list[Entry]()
    while some := list(islice(rest, _READ_TOGETHER)):
        found += reader.entries(some).values()
    return found
