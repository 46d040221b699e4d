"""The ledger of usage: entries, balances, statements and closed months."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bursar.domain.admission.reservations import Reservation
    from bursar.domain.alerts import OutboxRow
    from bursar.domain.chargeback import FrozenMonth
    from bursar.domain.ledger.adjustments import Adjustment
    from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
    from bursar.domain.ledger.conflicts import Conflict
    from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
    from bursar.domain.ledger.lines import Statement
    from bursar.domain.ledger.months import MonthState, TouchedHour
    from bursar.domain.ledger.postings import Posting
    from bursar.domain.money import Money
    from bursar.domain.periods import Window


class LedgerStore(Protocol):
    """Entries and their balances. One posting is one transaction."""

    def post(self, posting: Posting, shard: int) -> None:
        """Write the posting's entries and add to its balances, all or nothing.

        The hours of its leaves are marked as touched in the same transaction.

        Raises:
            PostingCancelledError: nothing was written; its `reason` says why.
            PostingUnansweredError: it may have been written: read the entries first.
        """
        ...

    def digests(self, names: Collection[EntryId]) -> Mapping[EntryId, str]:
        """The digest of each entry that exists, read consistently."""
        ...

    def holds(self, names: Collection[EntryId]) -> Mapping[EntryId, Reservation]:
        """The open or expired reservation in the place of each of these entries.

        Its entry can only be posted together with its closing.
        """
        ...

    def leaves(self, hour: datetime, *, shadow: bool = False) -> Mapping[LeafKey, Leaf]:
        """Every leaf of one UTC hour, its shards summed, read consistently.

        Shadow leaves are a book of their own: either those, or the others.
        """
        ...

    def leaves_between(self, window: Window) -> Iterator[Mapping[LeafKey, Leaf]]:
        """Both books of each hour that touches the window, in order.

        Many hours at a time are asked for; one that was never posted to costs nothing.
        """
        ...

    def posted_between(self, window: Window) -> Mapping[datetime, Hashable]:
        """The hours of a window that were ever posted to, each with what tells states apart:
        every posting to the hour makes it another, and never one that it was before."""
        ...

    def settled(self, hour: datetime) -> Collection[EntryId]:
        """The settlements of reservations in a UTC hour, read consistently: no archive has them
        unless their usage is told."""
        ...


class EntryReader(Protocol):
    def entries(self, names: Collection[EntryId]) -> Mapping[EntryId, Entry]:
        """Entries as they were posted (without `user`), read consistently."""
        ...


class TouchedHours(Protocol):
    """Hours whose statement is to be made anew."""

    def touch(self, hour: datetime, cause: str) -> None:
        """Mark an hour; a `cause` names one change, and no other change ever again."""
        ...

    def touched(self) -> Sequence[TouchedHour]:
        """Oldest first, as they are marked now: read this before the leaves."""
        ...

    def fail(self, hour: TouchedHour, reason: str) -> None:
        """Keep why it could not be stated anew, until it is cleared or marked again."""
        ...

    def clear(self, hour: TouchedHour) -> bool:
        """Forget the marks that are as they were read; False when there is a newer one."""
        ...


class MonthGates(Protocol):
    """Whether a month (`2026-11`) still takes postings."""

    def state(self, month: str) -> MonthState: ...

    def turn(self, month: str, to: MonthState, *, by: str | None = None) -> None:
        """When it returns, no posting that saw another state can still be written.

        Args:
            by: who freezes, opens or closes it. Of two freezes the later one holds: whoever made
                the other opens nothing, and does not close. None: whoever froze it.

        Raises:
            MonthClosedError: a closed month is not opened, frozen or closed `by` anybody again.
            FreezeTakenOverError: it was to be closed `by` somebody whose freeze holds no more.
        """
        ...


class EnforcedWindows(Protocol):
    """The windows of enforced budgets, which postings charge."""

    def open(self, window: BudgetWindow, limit: Money) -> None:
        """Let the window be charged; one that is open stays as it is."""
        ...

    def balance(self, window: BudgetWindow) -> WindowBalance | None: ...

    def set_base(self, window: BudgetWindow, limit: Money) -> None:
        """Change the limit by what the configured one differs from the one of before."""
        ...


class ConflictLog(Protocol):
    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        """Keep a refused body; its id's first one with the message. False: it was known."""
        ...

    def recent(self) -> Sequence[Conflict]:
        """Newest first, at most 200."""
        ...


class StatementStore(Protocol):
    """The ledger's statements: hours, and the days they add up to."""

    def put_hour(self, statement: Statement) -> None:
        """Replace the hour, and re-sum its day.

        Raises:
            ForgottenHoursError: other hours of that day are kept no more.
        """
        ...

    def hours(self, window: Window) -> Sequence[Statement]:
        """The hours that touch the window, oldest first."""
        ...

    def days(self, window: Window) -> Sequence[Statement]:
        """The days that touch the window, each summed over its hours, oldest first."""
        ...

    def stated_hours(self, window: Window) -> frozenset[datetime]:
        """The hours of a window that its days are sums of, also those that are kept no more."""
        ...

    def put_adjustment(self, adjustment: Adjustment) -> None:
        """Replace what one hour says of another, which lies in a closed month."""
        ...

    def adjustments(self, window: Window) -> Sequence[Adjustment]:
        """Those made in the hours that touch the window, oldest first, read consistently."""
        ...


class ClosedMonthStore(Protocol):
    """The chargeback of closed months, which never changes."""

    def freeze(self, month: FrozenMonth) -> bool:
        """Keep it; False when the month was frozen before: that stands."""
        ...

    def frozen(self, month: str) -> FrozenMonth | None: ...
