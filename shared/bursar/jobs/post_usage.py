"""Post entries to the ledger: each id once, whatever is told twice, lost or in the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bursar.domain.admission.reservations import Closing, Reservation
from bursar.domain.admission.settlements import tell_the_same
from bursar.domain.ledger.conflicts import conflict_alert, conflict_of
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Entry, EntryId
from bursar.domain.ledger.months import month_name
from bursar.domain.ledger.planning import PostingTooLargeError, adjust, dedupe, no_windows, plan
from bursar.domain.ledger.postings import (
    CancelReason,
    Posting,
    PostingCancelledError,
    PostingUnansweredError,
)
from bursar.ports import ConflictLog, EnforcedWindows, LedgerStore

SHARDS = 16
_NEEDS_NO_PAUSE = {
    CancelReason.CLOSED_MONTH,
    CancelReason.EXISTS,
    CancelReason.HOLD_CHANGED,
    CancelReason.NO_WINDOW,
}
_NO_BUDGETS = EnforcedBudgets((), "", lambda _: "")


@dataclass(frozen=True, slots=True)
class Patience:
    """How a posting that may pass is tried again: full jitter, doubling, and an end.

    Args:
        sleep: waits so many seconds.
        uniform: draws between two numbers (`random.uniform`).
        longest_pause_seconds: eight tries of up to 0.05 s, 0.1 s, ... wait 3 s on average.
    """

    sleep: Callable[[float], None]
    uniform: Callable[[float, float], float]
    tries: int = 8
    first_pause_seconds: float = 0.05
    longest_pause_seconds: float = 2.0

    def pause(self, attempt: int) -> None:
        ceiling = min(self.first_pause_seconds * 2**attempt, self.longest_pause_seconds)
        self.sleep(self.uniform(0, ceiling))

    def shard(self) -> int:
        return min(int(self.uniform(0, SHARDS)), SHARDS - 1)


@dataclass(slots=True)
class Posted:
    """What became of a batch: ids, of `conflicts` and `duplicates` one for each body.

    `posted` are in the ledger; where an answer was lost on the way, some may have been there
    before. Among them, `adjusted` are adjustments of a closed month, and `shadow` are those that
    another source is billed for. `transaction_conflicts` counts the times that another transaction
    was in the way. `too_large` are posted nowhere: more enforced budgets cover them than a
    transaction takes.
    """

    posted: set[EntryId] = field(default_factory=set)
    adjusted: set[EntryId] = field(default_factory=set)
    shadow: set[EntryId] = field(default_factory=set)
    duplicates: int = 0
    conflicts: list[EntryId] = field(default_factory=list)
    transaction_conflicts: int = 0
    too_large: set[EntryId] = field(default_factory=set)


class LedgerBusyError(Exception):
    """Some entries could not be posted for now: `names` must be told again, the rest not."""

    def __init__(self, done: Posted, names: frozenset[EntryId]) -> None:
        super().__init__(f"{len(names)} entries not posted, {len(done.posted)} posted")
        self.done = done
        self.names = names


def post_entries(
    entries: Iterable[Entry],
    *,
    ledger: LedgerStore,
    conflicts: ConflictLog,
    windows: EnforcedWindows,
    at: datetime,
    patience: Patience,
    budgets: EnforcedBudgets | None = None,
    holds: Iterable[Reservation] = (),
) -> Posted:
    """Post a batch, in transactions of at most 100 items.

    An id that is there with the same digest is a duplicate; with another one, the first
    stands and a conflict is kept and told. Entries of a closed month become adjustments in
    the hour of `at`, when the batch came in. An entry that a reservation waits for closes it
    in its own transaction; `holds` are those that the caller knows of.

    Raises:
        LedgerBusyError: tries were used up for some entries. The others are settled; telling
            the whole batch again is harmless.
    """
    batch = dedupe(entries)
    run = _Run(ledger, conflicts, windows, at, patience, budgets, holds)
    run.post(batch.entries)
    open_ = run.busy | run.done.too_large
    run.done.duplicates += sum(name not in open_ for name in batch.duplicates)
    run.settle([entry for entry in batch.contested if entry.name not in run.busy])
    if run.busy:
        raise LedgerBusyError(run.done, frozenset(run.busy))
    return run.done


class _Run:
    def __init__(
        self,
        ledger: LedgerStore,
        conflicts: ConflictLog,
        windows: EnforcedWindows,
        at: datetime,
        patience: Patience,
        budgets: EnforcedBudgets | None,
        holds: Iterable[Reservation],
    ) -> None:
        self._ledger, self._conflicts, self._windows = ledger, conflicts, windows
        self._at, self._patience, self._budgets = at, patience, budgets
        self._charged = budgets.windows if budgets else no_windows
        self._closed: set[str] = set()
        self._holds = {each.event: each for each in holds if each.event}
        self.done = Posted()
        self.busy: set[EntryId] = set()

    def post(self, entries: Collection[Entry]) -> None:
        waiting = deque(self._plan(entries))
        while waiting:
            waiting.extend(self._post(waiting.popleft()))

    def _plan(self, entries: Iterable[Entry]) -> list[Posting]:
        entries = list(entries)
        try:
            return plan(entries, self._charged, self._closings(entries))
        except PostingTooLargeError as error:
            names = {entry.name for entry in error.entries}
            self.done.too_large |= {entry.name for entry in self.settle(error.entries)}
            return self._plan(entry for entry in entries if entry.name not in names)

    def _closings(self, entries: Iterable[Entry]) -> Mapping[EntryId, Closing]:
        budgets = self._budgets or _NO_BUDGETS
        return {
            entry.name: budgets.closing(self._holds[entry.name], entry)
            for entry in entries
            if entry.name in self._holds
        }

    def _look_for_holds(self, entries: Sequence[Entry]) -> None:
        """Learn which reservations wait for these entries now; others know of none."""
        names = [entry.name for entry in entries]
        for name in names:
            self._holds.pop(name, None)
        self._holds |= self._ledger.holds(names) if names else {}

    def settle(self, entries: Sequence[Entry], *, unanswered: bool = False) -> list[Entry]:
        """The entries that are not in the ledger yet; the others are counted."""
        if not entries:
            return []
        stored = self._ledger.digests([entry.name for entry in entries])
        absent = []
        for entry in entries:
            stands = stored.get(entry.name)
            if stands is None:
                absent.append(entry)
            elif not tell_the_same(stands, entry.digest):
                conflict = conflict_of(entry, stands, self._at)
                self._conflicts.record(conflict, conflict_alert(conflict))
                self.done.conflicts.append(entry.name)
            elif unanswered:
                self._count([entry])
            else:
                self.done.duplicates += 1
        return absent

    def _post(self, posting: Posting) -> list[Posting]:
        """Post it, or what remains of it; the postings that it had to be divided into."""
        shard, unanswered, more = 0, False, list[Posting]()
        left: Sequence[Entry]
        for attempt in range(self._patience.tries):
            try:
                self._ledger.post(posting, shard)
            except PostingUnansweredError:
                unanswered = True
                self._patience.pause(attempt)
                left = self.settle(posting.entries, unanswered=True)
            except PostingCancelledError as error:
                shard = self._make_way(error, posting, attempt, shard)
                left = self._left(error.reason, posting, unanswered=unanswered)
            else:
                self._count(posting.entries)
                return more
            if not left:
                return more
            if not (planned := self._plan(left)):
                return more
            posting, *others = planned
            more += others
        self.busy |= {entry.name for entry in posting.entries}
        return more

    def _make_way(
        self, error: PostingCancelledError, posting: Posting, attempt: int, shard: int
    ) -> int:
        """Do what the reason asks for before the next try; its shard."""
        if error.reason is CancelReason.CONFLICT:
            self.done.transaction_conflicts += 1
            shard = self._patience.shard()
        elif error.reason is CancelReason.NO_WINDOW and self._budgets:
            for window in posting.charges:
                self._windows.open(window, self._budgets.limit(window))
        self._closed |= error.months
        if error.reason not in _NEEDS_NO_PAUSE:
            self._patience.pause(attempt)
        return shard

    def _left(
        self, reason: CancelReason, posting: Posting, *, unanswered: bool
    ) -> Sequence[Entry]:
        if reason in (CancelReason.EXISTS, CancelReason.HOLD_CHANGED):
            absent = self.settle(posting.entries, unanswered=unanswered)
            self._look_for_holds(absent)
            return absent
        if reason is CancelReason.CLOSED_MONTH:
            return [self._in_open_month(entry) for entry in posting.entries]
        return posting.entries

    def _in_open_month(self, entry: Entry) -> Entry:
        if month_name(entry.key.hour) not in self._closed:
            return entry
        return adjust(entry, self._at, self._closed)

    def _count(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.done.posted.add(entry.name)
            if entry.key.adjusts:
                self.done.adjusted.add(entry.name)
            if entry.key.shadow:
                self.done.shadow.add(entry.name)
