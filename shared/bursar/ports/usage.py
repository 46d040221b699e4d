"""Usage as it was told: kept, refused, or measured elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from bursar.domain.ledger.entries import EntryId
    from bursar.domain.periods import Window
    from bursar.domain.usage.bedrock import ProvisionedHour
    from bursar.domain.usage.bulk import BulkUsage
    from bursar.domain.usage.producers import ProducerPolicy
    from bursar.domain.usage.quarantine import Decision, HeldUsage, RejectedUsage
    from bursar.domain.usage.records import UsageRecord
    from bursar.domain.usage.rejections import Rejection


class UsageArchive(Protocol):
    """Usage records as they were told, immutable: what everything can be replayed from."""

    def put(self, records: Sequence[UsageRecord], received_at: datetime) -> None: ...

    def records(self, hours: Window) -> Iterator[UsageRecord]:
        """Those whose own hour lies in the window; one told twice comes twice."""
        ...

    def hours(self, window: Window) -> Collection[datetime]:
        """The hours that touch the window and hold any record: one question a day."""
        ...


class Quarantine(Protocol):
    """Usage that was not posted: rejected tellings (for 30 days), and records held for someone."""

    def reject(self, rows: Sequence[RejectedUsage]) -> None: ...

    def hold(self, held: Sequence[HeldUsage]) -> Sequence[HeldUsage]:
        """Keep each; one that was held before, decided or not, stays as it is.

        What stands under the id of each is given back, in their order: it may be another body.
        """
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
        """The sums by event hour of what arrived before these hours were over.

        Raises BulkUsageUnreadableError, never half.
        """
        ...
