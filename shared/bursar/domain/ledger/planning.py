"""Plan postings: every id once, packed so that a transaction holds many entries of few leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bursar.domain.admission.reservations import Closing, freed
from bursar.domain.admission.settlements import is_settlement
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey, sum_leaves
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.postings import MOST_ITEMS, Posting
from bursar.domain.money import Money
from bursar.domain.periods import add_months, hour_of, midnight
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import UsageRecord

# A leaf's numbers have 38 digits in DynamoDB: 10^12 entries of this size still fit into one.
LARGEST_COUNT = 10**18
LARGEST_UNITS = 10**26  # 10^14 USD


class EntryTooLargeError(ValueError):
    """A count or an amount is so large that the sums it goes into could lose digits."""


class PostingTooLargeError(ValueError):
    """Entries that alone need more items than a transaction takes: too many budgets cover them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        name = "/".join(entries[0].name)
        super().__init__(f"{len(entries)} entries, such as {name}, need over {MOST_ITEMS} items")
        self.entries = entries


ChargedWindows = Callable[[Entry], Collection[BudgetWindow]]


_NO_CLOSINGS: Mapping[EntryId, Closing] = {}


def no_windows(_: Entry) -> Collection[BudgetWindow]:
    return ()


def entry_of(record: UsageRecord, key: LeafKey, amounts: ClassAmounts) -> Entry:
    """A record as it is to be posted.

    Raises:
        EntryTooLargeError: a count is over 10^18, or the amount over 10^14 USD.
    """
    counts = (record.requests, record.tokens.input, record.tokens.output)
    if max(counts) > LARGEST_COUNT or abs(amounts.units) > LARGEST_UNITS:
        raise EntryTooLargeError(f"{record.id} of {record.producer}: no ledger counts so far")
    return Entry(
        producer=record.producer,
        id=record.id,
        digest=record.digest,
        at=record.at.astimezone(UTC),
        key=key,
        requests=record.requests,
        tokens=record.tokens,
        amounts=amounts,
        user=record.user,
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries with every id once. `contested` told another body for an id that came before, and
    `duplicates` are the ids of those that told the same, one for each."""

    entries: tuple[Entry, ...]
    contested: tuple[Entry, ...]
    duplicates: tuple[EntryId, ...]


def dedupe(entries: Iterable[Entry]) -> Batch:
    first: dict[EntryId, Entry] = {}
    contested, duplicates = [], []
    for entry in entries:
        standing = first.get(entry.name)
        if standing is None:
            first[entry.name] = entry
        elif standing.digest == entry.digest:
            duplicates.append(entry.name)
        else:
            contested.append(entry)
    return Batch(tuple(first.values()), tuple(contested), tuple(duplicates))


def plan(
    entries: Iterable[Entry],
    charged: ChargedWindows = no_windows,
    closings: Mapping[EntryId, Closing] = _NO_CLOSINGS,
) -> list[Posting]:
    """Postings of at most 100 items; entries of a leaf lie together, so that few leaves repeat.

    Args:
        closings: the reservations that are closed with their entry, by its name.

    Raises:
        PostingTooLargeError: with all of those that fit into no posting; the others would.
    """
    by_leaf = sorted(entries, key=lambda entry: (entry.key, entry.name))
    return [_posting(group, charged, closings) for group in _groups(by_leaf, charged, closings)]


def adjust(entry: Entry, at: datetime, closed: Collection[str]) -> Entry:
    """The entry as an adjustment of its month, in the hour it came in.

    Where that hour's month is closed too, in the first hour of the next one that is not.
    """
    month = entry.key.adjusts or month_name(entry.key.hour)
    hour = hour_of(at).start
    while month_name(hour) in closed:
        hour = midnight(add_months(hour.date().replace(day=1), 1))
    return replace(entry, key=entry.key._replace(hour=hour, adjusts=month))


def _groups(
    entries: Sequence[Entry], charged: ChargedWindows, closings: Mapping[EntryId, Closing]
) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    balances: set[object] = set()
    too_large = []
    for entry in entries:
        month, hour = month_name(entry.key.hour), entry.key.hour
        own: set[object] = {entry.key, month, hour, *_charges(entry, charged, closings)}
        if closing := closings.get(entry.name):
            own |= {closing.reservation.id, *closing.reservation.frees()}
            own |= {draw.exception for draw in closing.returned}
        if is_settlement(entry):
            own.add(entry.name)
        if 1 + len(own) > MOST_ITEMS:
            too_large.append(entry)
            continue
        if group and len(group) + 1 + len(balances | own) > MOST_ITEMS:
            yield group
            group, balances = [], set()
        group.append(entry)
        balances |= own
    if group:
        yield group
    if too_large:
        raise PostingTooLargeError(too_large)


def _posting(
    entries: Sequence[Entry], charged: ChargedWindows, closings: Mapping[EntryId, Closing]
) -> Posting:
    leaves: dict[LeafKey, Leaf] = sum_leaves(entries)
    units: dict[BudgetWindow, int] = {}
    for entry in entries:
        for window, amount in _charges(entry, charged, closings).items():
            units[window] = units.get(window, 0) + amount
    charges = {window: Money.from_units(each) for window, each in units.items()}
    closed = {entry.name: closings[entry.name] for entry in entries if entry.name in closings}
    held = freed(closing.reservation for closing in closed.values())
    returned = tuple(draw for closing in closed.values() for draw in closing.returned)
    return Posting(tuple(entries), leaves, charges, closed, held, returned)


def _charges(
    entry: Entry, charged: ChargedWindows, closings: Mapping[EntryId, Closing]
) -> Mapping[BudgetWindow, int]:
    """In units of 10^-12 USD."""
    if closing := closings.get(entry.name):
        return {window: amount.units for window, amount in closing.charges.items()}
    if not entry.amounts.units:
        return {}
    return dict.fromkeys(charged(entry), entry.amounts.units)
