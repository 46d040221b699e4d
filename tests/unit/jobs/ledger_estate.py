"""A ledger with its archive, as tests of verifying and closing a month want it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.domain.admission.reservations import Reservation
from bursar.domain.admission.settlements import settlement
from bursar.domain.ledger.entries import Entry, Leaf, LeafKey
from bursar.domain.ledger.lines import CostCategory
from bursar.domain.money import Money
from bursar.domain.periods import Window, hour_of
from bursar.domain.scopes import Dimension
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import UsageRecord
from bursar.jobs.close_month import (
    ClosedMonth,
    close_month,
)
from bursar.jobs.post_usage import Posted, post_entries
from bursar.jobs.verify_ledger import VerifiedMonth, verify_ledger
from tests.contract.ledger_books import AT_ONCE, NOW, Books, books_on, entry, record

OCTOBER = datetime(2026, 10, 20, 8, tzinfo=UTC)
NOTHING = Leaf()


class Estate:
    """A ledger and its archive; usage is archived before it is posted."""

    def __init__(self) -> None:
        self.books: Books = books_on(None)
        self.archive = MemoryUsageArchive()
        self.statements, self.touched = MemoryStatementStore(), MemoryLedger()
        self._closes = count()

    def use(self, *ids: str, at: datetime = OCTOBER, units: int = 7, **more: str) -> None:
        told = {name: value for name, value in more.items() if name != "pricing"}
        self.archive.put([record(id_, at=at, **told) for id_ in ids], NOW)
        self.post([entry(id_, units, at=at, **more) for id_ in ids])

    def post(self, entries: Sequence[Entry]) -> Posted:
        books = self.books
        return post_entries(
            entries,
            ledger=books.ledger,
            conflicts=books.conflicts,
            windows=books.windows,
            at=NOW,
            patience=AT_ONCE,
        )

    def verify(self, month: str = "2026-10") -> VerifiedMonth:
        books = self.books
        return verify_ledger(
            month, NOW, ledger=books.ledger, reader=books.reader, archive=self.archive
        )

    def close(
        self,
        at: datetime = NOW,
        *,
        month: str = "2026-10",
        with_unknown_hours: bool = True,
    ) -> ClosedMonth:
        """Of most of these months nothing was stated: they are about usage alone."""
        books = self.books
        return close_month(
            month,
            at,
            ledger=books.ledger,
            reader=books.reader,
            archive=self.archive,
            gates=books.gates,
            statements=self.statements,
            touched=self.touched,
            post=self.post,
            by=f"close {next(self._closes)}",
            with_unknown_hours=with_unknown_hours,
        )

    def spoil(self, units: int = 0, fault: Leaf = NOTHING, **where: Any) -> LeafKey:
        """Add to a leaf what no entry says, as a fault of ours would."""
        key = entry("fault", at=OCTOBER).key._replace(**where)
        leaves = self.books.ledger._leaves.setdefault(key.hour, {})  # type: ignore[attr-defined]
        leaves[key] = leaves.get(key, Leaf()) + fault + Leaf(amounts=ClassAmounts(units))
        return key


def settle(estate: Estate, id_: str, usd: str) -> None:
    """What was spent on a reservation of October, as its holder says."""
    held = Reservation(
        id=f"hold-{id_}",
        principal="gateway",
        digest="body",
        facts={Dimension.TENANT: "search", Dimension.CATEGORY: CostCategory.EXTERNAL_API},
        amount=Money.of(usd),
        held={},
        created_at=OCTOBER,
        expires_at=OCTOBER + timedelta(minutes=5),
        usage_event_id=id_,
    )
    estate.post([settlement(held, Money.of(usd), OCTOBER)])


class Moving(MemoryUsageArchive):
    """Each time it is read, so many times, usage is posted in between."""

    def __init__(self, estate: Estate, times: int) -> None:
        super().__init__()
        self._estate, self._left = estate, times

    def records(self, hours):  # type: ignore[no-untyped-def]
        if self._left and hours.start == hour_of(OCTOBER).start:
            self._left -= 1
            told: UsageRecord = record(f"moving-{self._left}", at=OCTOBER)
            self.put([told], NOW)
            self._estate.post([entry(told.id, at=OCTOBER)])
        return super().records(hours)


class LateUsage(MemoryUsageArchive):
    """Each time the month has been read, so many times, late usage of it is posted."""

    def __init__(self, estate: Estate, times: int) -> None:
        super().__init__()
        self._estate, self._left = estate, times

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        yield from super().records(hours)
        if self._left and hours.start == hour_of(OCTOBER).start:
            self._left -= 1
            self._estate.use(f"late-{self._left}")
