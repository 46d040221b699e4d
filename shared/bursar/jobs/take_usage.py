"""One producer's usage, from its messages to the ledger: read, price, post."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bursar.domain.ledger.conflicts import conflict_alert, conflict_of
from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.quarantine import Contested
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.rejections import Rejection
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.ingest_usage import (
    DEFAULT_LIMITS,
    Ingested,
    Message,
    Read,
    Told,
    ingest,
    ingest_collected,
)
from bursar.ports import Quarantine, UsageArchive


class NotAllPostedError(Exception):
    """The ledger was too busy for some of what was collected: collect the hour again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageIntake:
    """Takes the usage of one producer, by whichever way it comes."""

    producer: ProducerPolicy
    read: Read
    archive: UsageArchive
    quarantine: Quarantine
    billing: UsageBilling
    limits: PlausibilityLimits = DEFAULT_LIMITS

    def take(self, messages: Sequence[Message]) -> Ingested:
        """Take a batch in; `failed` are the messages that are to come again."""

        def post(records: Sequence[UsageRecord]) -> Told:
            return self.post(records, max(message.received_at for message in messages))

        return ingest(
            messages,
            self.producer,
            read=self.read,
            archive=self.archive,
            quarantine=self.quarantine,
            post=post,
            refuse=self._refuse,
            limits=self.limits,
            cost=self._cost,
        )

    def take_collected(
        self, name: str, told: Iterable[UsageRecord | Rejection], at: datetime
    ) -> Ingested:
        """Take in what was asked for rather than sent; `name` says what (a source and its hour).

        Raises:
            NotAllPostedError: see there; what was posted is posted once.
        """
        done = ingest_collected(
            name,
            told,
            self.producer,
            archive=self.archive,
            quarantine=self.quarantine,
            post=lambda records: self.post(records, at),
            refuse=self._refuse,
            at=at,
            limits=self.limits,
            cost=self._cost,
        )
        if done.failed:
            raise NotAllPostedError(name)
        return done

    def post(self, records: Sequence[UsageRecord], at: datetime) -> Told:
        """Price and post records."""
        return self.post_entries([self.billing.bill(record) for record in records], at)

    def post_entries(self, entries: Sequence[Entry], at: datetime) -> Told:
        """Post what has its price."""
        done, busy = self.billing.post(entries, at)
        return Told(
            busy,
            done.duplicates,
            len(done.conflicts),
            done.too_large,
            done.transaction_conflicts,
            len(done.shadow),
        )

    def _refuse(self, contested: Contested) -> None:
        held, stands = contested
        conflict = conflict_of(self.billing.bill(held.record), stands, held.received_at)
        self.billing.conflicts.record(conflict, conflict_alert(conflict))

    def _cost(self, record: UsageRecord) -> Money:
        return self.billing.bill(record).amounts.usd
