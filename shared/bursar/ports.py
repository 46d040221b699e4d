"""Everything Bursar needs from outside, on one page.

Each protocol has an AWS (or Kubernetes) adapter, a memory adapter, and one contract suite
that both pass. Times are aware and UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a handler that imports a port pays for no other port's domain
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from bursar.domain.admission.reservations import HoldStatus, Reservation
    from bursar.domain.alerts import Alert, OutboxRow
    from bursar.domain.anomaly_events.events import AnomalyEvent
    from bursar.domain.budgets import Book, BudgetState
    from bursar.domain.chargeback import FrozenMonth
    from bursar.domain.cluster.hours import HourCosts
    from bursar.domain.cluster.lifetimes import InstanceState
    from bursar.domain.cluster.records import ClusterSnapshot, Inventory, Pod
    from bursar.domain.cluster.storage import EbsSnapshots, FileSystem, VolumeSpec
    from bursar.domain.cluster.use import ClusterUse
    from bursar.domain.governance.audit import AuditHead, AuditIntent, AuditRecord
    from bursar.domain.governance.changes import Change, TaskToken
    from bursar.domain.governance.consumption import Allowance
    from bursar.domain.governance.decisions import TierDecision
    from bursar.domain.governance.exceptions import SpendException
    from bursar.domain.governance.splitting import SplitCount
    from bursar.domain.governance.steps import Step
    from bursar.domain.health import SourceHealth
    from bursar.domain.instance_types import CapacityReservation
    from bursar.domain.ledger.adjustments import Adjustment
    from bursar.domain.ledger.conflicts import Conflict
    from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey
    from bursar.domain.ledger.lines import Statement
    from bursar.domain.ledger.postings import (
        BudgetWindow,
        MonthState,
        Posting,
        TouchedHour,
        WindowBalance,
    )
    from bursar.domain.money import Money
    from bursar.domain.periods import Window
    from bursar.domain.prices import PriceChange, PriceKey, PriceRow
    from bursar.domain.reconciliation.provider_bill import ProviderFact
    from bursar.domain.series.names import SeriesName
    from bursar.domain.spend import Metric, SpendFact
    from bursar.domain.spend_forecast.records import SpendForecast
    from bursar.domain.spot import SpotPoint
    from bursar.domain.usage.bedrock import ProvisionedHour
    from bursar.domain.usage.bulk import BulkUsage
    from bursar.domain.usage.counters import Series
    from bursar.domain.usage.prices import PriceBreaks, TokenPrice
    from bursar.domain.usage.producers import ProducerPolicy
    from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage
    from bursar.domain.usage.records import UsageRecord
    from bursar.domain.usage.rejections import Rejection


class ClusterReader(Protocol):
    """One Kubernetes cluster, read-only. Raises ClusterUnreadableError rather than answer half."""

    def inventory(self) -> Inventory: ...

    def pods(self) -> Iterator[Pod]:
        """Every pod, a page at a time; those that have finished included."""
        ...


class SnapshotStore(Protocol):
    def put(self, snapshot: ClusterSnapshot) -> None: ...

    def between(self, cluster: str, window: Window) -> Iterator[ClusterSnapshot]:
        """Oldest first, one in memory at a time."""
        ...

    def latest(self, cluster: str, before: datetime) -> ClusterSnapshot | None:
        """The newest of the last two days."""
        ...


class CostHistory(Protocol):
    """Closed hours of clusters, and the days they add up to."""

    def put_hour(self, costs: HourCosts) -> None:
        """Replace this cluster's hour, and re-sum its day from the hours stored."""
        ...

    def hours(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        """The closed hours that touch the window, oldest first."""
        ...

    def days(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        """The days that touch the window, each summed over its closed hours, oldest first."""
        ...


class LifetimeStore(Protocol):
    """EC2 instance state changes: when an instance began and ceased to be billed."""

    def record(self, state: InstanceState) -> None: ...

    def states(self, instance_ids: Collection[str]) -> Mapping[str, Sequence[InstanceState]]:
        """Oldest first; an instance never heard of is absent."""
        ...


class VolumeCatalogue(Protocol):
    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        """What the volumes really are (type, size, IOPS, throughput); unknown ids are absent."""
        ...

    def snapshots(self, volume_ids: Collection[str]) -> EbsSnapshots | None:
        """The completed snapshots of each volume, deleted or not; None: EC2 could not be asked."""
        ...


class FileSystemCatalogue(Protocol):
    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FileSystem]:
        """What those of EFS, or of FSx, are billed by; unknown ids are absent. No ids: no call."""
        ...


class ReservationCatalogue(Protocol):
    def reserved(self, ids: Collection[str]) -> Sequence[CapacityReservation]:
        """The active ones of these reservations, with how much of each nobody uses now."""
        ...


class PriceBook(Protocol):
    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        """The row in force at that time for each key; keys without one are absent."""
        ...


class PriceStore(PriceBook, Protocol):
    """The kept price book: dated rows that are never changed, only followed by later ones."""

    def record(self, rows: Iterable[PriceRow]) -> Sequence[PriceChange]:
        """Keep the rows that differ from the ones in force; say which prices changed."""
        ...

    def history(self, key: PriceKey) -> Sequence[PriceRow]:
        """Oldest first."""
        ...


class PriceList(Protocol):
    """A source of list prices for one region (the AWS Price List)."""

    def rows(self, region: str, at: datetime) -> Iterator[PriceRow]: ...


class CheckedPriceList(PriceList, Protocol):
    """A price list that says, after `rows` was read, what of the region it could not price."""

    @property
    def unmatched(self) -> Sequence[str]: ...

    @property
    def ambiguous(self) -> Sequence[str]: ...


class SpotHistory(Protocol):
    def points(
        self, region: str, instance_types: Collection[str], window: Window
    ) -> Iterator[SpotPoint]: ...


class Bill(Protocol):
    """Cost Explorer. Every page costs money; the adapter asks a budget of pages before each."""

    def facts(self, first: date, last: date, as_of: datetime) -> Sequence[SpendFact]: ...


class ProviderBill(Protocol):
    """A model provider's own bill. Raises ProviderBillUnavailableError rather than tell half."""

    def facts(self, first: date, last: date) -> Sequence[ProviderFact]:
        """What each UTC day cost, by model or other item; `last` is included."""
        ...


class SpendStore(Protocol):
    def record(self, facts: Sequence[SpendFact]) -> int:
        """Keep what is new or restated; the number of rows written."""
        ...

    def latest(self, account: str, metric: Metric, first: date, last: date) -> Sequence[SpendFact]:
        """The newest telling of each day and group, by day, then group; `last` is included."""
        ...

    def balance(self, account: str, metric: Metric, month: str) -> Mapping[str, Money]:
        """What each group of a month (`2026-11`) sums to over its newest tellings."""
        ...


class Counter(Protocol):
    """A counter with a ceiling that holds under any concurrency."""

    def take(self, name: str, ceiling: int, expires_at: datetime) -> bool:
        """Count one more, or answer False when the ceiling is reached."""
        ...


class BudgetStore(Protocol):
    def state(self, budget_id: str, window: Window) -> BudgetState | None: ...

    def commit(
        self, old: BudgetState | None, new: BudgetState, outbox: Sequence[OutboxRow]
    ) -> bool:
        """Store the new state and its messages together, or neither.

        False when `old` is no longer the current state: read again and assess again.
        """
        ...


class Outbox(Protocol):
    def post(self, row: OutboxRow) -> bool:
        """Post a message of its own; False when one of the same id was posted before."""
        ...

    def unsent(self, due_before: datetime) -> Sequence[OutboxRow]:
        """Oldest first, at most 200; without those that cannot be read."""
        ...

    def unreadable(self, due_before: datetime) -> Sequence[str]:
        """Ids of messages that nobody was told because what is stored is no message."""
        ...

    def mark_sent(self, row: OutboxRow, at: datetime) -> None: ...

    def recent(self) -> Sequence[OutboxRow]:
        """Sent or not, newest first, at most 200: what reports show."""
        ...


class Publisher(Protocol):
    def publish(self, alert: Alert) -> None:
        """Tell everyone who subscribed to this owner.

        Raises:
            NotPublishedError: a channel refused it; the others were still told.
        """
        ...


class HealthLog(Protocol):
    def saw(self, health: SourceHealth) -> None:
        """Keep the newest news, and the newest good time, in whatever order they come."""
        ...

    def all(self) -> Sequence[SourceHealth]: ...


class TokenPriceBook(Protocol):
    """What tokens cost, from the public price data and the configuration's own rows."""

    def price_at(self, provider: str, model: str, at: datetime) -> TokenPrice | None:
        """The row in force; None for a model that nobody has a price for. No provider: any."""
        ...


class TokenPriceSchedule(TokenPriceBook, Protocol):
    """A price book that tells where prices change, so that sums of tokens can be priced."""

    def breaks(self, provider: str, model: str, *, batch: bool) -> PriceBreaks: ...


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

    def clear(self, hour: TouchedHour) -> bool:
        """Forget the marks that are as they were read; False when there is a newer one."""
        ...


class MonthGates(Protocol):
    """Whether a month (`2026-11`) still takes postings."""

    def state(self, month: str) -> MonthState: ...

    def turn(self, month: str, to: MonthState) -> None:
        """When it returns, no posting that saw another state can still be written.

        Raises:
            MonthClosedError: a closed month is not opened or frozen again.
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

    def change_limit(self, window: BudgetWindow, by: Money, change_id: str) -> None:
        """Raise or lower the limit of an open window; once for each id."""
        ...


class ReservationStore(Protocol):
    """Reservations, and what they hold of windows. Each write is one transaction, tried once."""

    def reserve(self, reservation: Reservation) -> None:
        """Hold its amount in each of its windows, or in none.

        Raises:
            HoldRefusedError: nothing was written; its `reason` says why.
            HoldUnansweredError: it may have been written.
        """
        ...

    def close(self, reservations: Sequence[Reservation], to: HoldStatus) -> None:
        """Release or expire them as they were read: what is held is available again.

        All or none; they and their windows are at most 100 items.

        Raises:
            HoldRefusedError, HoldUnansweredError: see `reserve`.
        """
        ...

    def find(self, reservation_id: str) -> Reservation | None:
        """Read consistently."""
        ...

    def due(self, by: datetime) -> Sequence[Reservation]:
        """Open ones that expire by then, soonest first, at most 1,000; a list may lag behind."""
        ...


class ConflictLog(Protocol):
    def record(self, conflict: Conflict, row: OutboxRow) -> bool:
        """Keep a refused body; its id's first one with the message. False: it was known."""
        ...

    def recent(self) -> Sequence[Conflict]:
        """Newest first, at most 200."""
        ...


class UsageArchive(Protocol):
    """Usage records as they were told, immutable: what everything can be replayed from."""

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None: ...

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        """Those whose own hour lies in the window; one told twice comes twice."""
        ...


class StatementStore(Protocol):
    """The ledger's statements: hours, and the days they add up to."""

    def put_hour(self, statement: Statement) -> None:
        """Replace the hour, and re-sum its day."""
        ...

    def hours(self, window: Window) -> Sequence[Statement]:
        """The hours that touch the window, oldest first."""
        ...

    def days(self, window: Window) -> Sequence[Statement]:
        """The days that touch the window, each summed over its hours, oldest first."""
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


class Quarantine(Protocol):
    """Usage that was not posted: rejected tellings (for 30 days), and records held for someone."""

    def reject(self, rows: Sequence[RejectedUsage]) -> None: ...

    def hold(self, held: Sequence[HeldUsage]) -> None:
        """Keep each; one that was held before, decided or not, stays as it is."""
        ...

    def rejected(self) -> Sequence[RejectedUsage]:
        """Newest first, at most 200."""
        ...

    def held(self) -> Sequence[HeldUsage]:
        """Those that wait for a decision, newest first, at most 200."""
        ...

    def find(self, name: EntryId) -> HeldUsage | None: ...

    def decide(self, name: EntryId, decision: Decision, at: datetime) -> bool:
        """Note a decision, to be forgotten after 30 days; False when it was decided before."""
        ...


class MetricsSource(Protocol):
    """A Prometheus, or what answers like one. Raises MetricsUnreadableError, never half."""

    def instant(self, query: str, at: datetime) -> Sequence[Series]:
        """The query at one time. A range selector (`x[1h]`) gives raw samples."""
        ...

    def range(self, query: str, window: Window, step_seconds: int) -> Sequence[Series]: ...


class BedrockMeter(Protocol):
    """What Bedrock counted in one account and region. Raises rather than answer half."""

    def records(
        self, hour: Window, producer: ProducerPolicy
    ) -> Iterator[UsageRecord | Rejection]: ...

    def provisioned(self, hour: Window) -> Sequence[ProvisionedHour]:
        """Throughput that was bought ahead, billed by the model unit and hour."""
        ...


class BulkUsageSums(Protocol):
    def between(self, hours: Window) -> BulkUsage:
        """The sums of bulk usage by event hour. Raises BulkUsageUnreadableError, never half."""
        ...


class ClusterUseStore(Protocol):
    """What GPUs and served models did, by cluster and UTC hour."""

    def put(self, use: ClusterUse) -> None:
        """Replace the hour."""
        ...

    def between(self, cluster: str, window: Window) -> Sequence[ClusterUse]:
        """The hours that start in the window, oldest first."""
        ...


class ExceptionStore(Protocol):
    """Exceptions, each with all that a step of it writes. Reads are consistent."""

    def find(self, exception_id: str) -> SpendException | None: ...

    def split(self, team: str, policy: str) -> SplitCount:
        """What counts against splitting; version 0 where nothing was ever asked for."""
        ...

    def commit(self, change: Change) -> bool:
        """Write all of the change, or nothing.

        False when the exception or its split count is no longer the one that was read.
        """
        ...


class ExceptionHistory(Protocol):
    """What can be read of exceptions beside their present state."""

    def decisions(self, exception_id: str) -> Sequence[TierDecision]:
        """All that were ever made, on whatever version, oldest first."""
        ...

    def recent(self) -> Sequence[SpendException]:
        """Newest first, at most 200; one written this second may be missing."""
        ...

    def pending(self) -> Sequence[SpendException]:
        """All that wait for a decision, oldest first; those past their deadline included."""
        ...


class Allowances(Protocol):
    def allowance(self, exception_id: str) -> Allowance | None:
        """What an approved exception is worth; None for any other."""
        ...


class TaskTokens(Protocol):
    """The tokens that answer waiting workflows: they are read by no one but a decision."""

    def put(self, token: TaskToken) -> bool:
        """Replace the tier's token; False when its answer is not, or no longer, awaited."""
        ...

    def latest(self, exception_id: str, tier: str) -> TaskToken | None: ...


class Workflow(Protocol):
    """The executions that ask one tier after the other."""

    def start(self, name: str, step: Step) -> None:
        """Start an execution; one that was started by this name before stays as it is."""
        ...

    def answer(self, token: str, step: Step) -> None:
        """Let the execution that waits with this token go on.

        Raises:
            ClosedTaskError: nothing waits with it: it was answered, timed out, or never was.
        """
        ...


class AuditIntents(Protocol):
    def waiting(self, at_most: int) -> Sequence[AuditIntent]:
        """Those not chained yet, oldest first; one of this second may be missing."""
        ...


class AuditChain(Protocol):
    """The chained records, and the head that they end at."""

    def head(self) -> AuditHead: ...

    def append(
        self, head: AuditHead, intents: Sequence[AuditIntent], records: Sequence[AuditRecord]
    ) -> bool:
        """Move intents into the chain; False when it no longer ends at this head."""
        ...

    def records(self) -> Iterator[AuditRecord]:
        """From the first on, read consistently."""
        ...


class AuditAnchors(Protocol):
    """Heads kept where nobody can change them."""

    def put(self, head: AuditHead, at: datetime) -> None: ...

    def all(self) -> Sequence[AuditHead]: ...


class ForecastStore(Protocol):
    """What months were foreseen to come to, by series and the day they were foreseen on."""

    def put(self, forecasts: Sequence[SpendForecast]) -> None:
        """Replace those of the same series and day; they are kept for 400 days."""
        ...

    def latest(self, series: SeriesName, until: date) -> SpendForecast | None:
        """The newest of a series that was foreseen on a day up to this one."""
        ...

    def of_day(self, book: Book, day: date) -> Sequence[SpendForecast]:
        """Those of every series of a book, by their names."""
        ...


class AnomalyStore(Protocol):
    def known(self, since: datetime) -> Sequence[AnomalyEvent]:
        """Those that go on, those that people said to expect, and those whose latest unusual
        period was since then; the newest first."""
        ...

    def find(self, event_id: str) -> AnomalyEvent | None: ...

    def commit(
        self, old: AnomalyEvent | None, new: AnomalyEvent, outbox: Sequence[OutboxRow]
    ) -> bool:
        """Write the event and its messages together, or neither.

        False when `old` is no longer the one that is kept.
        """
        ...
