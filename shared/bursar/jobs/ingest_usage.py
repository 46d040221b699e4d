"""Take usage in: read messages, keep what cannot be posted, archive and post the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bursar.domain.ledger.entries import EntryId
from bursar.domain.ledger.postings import MOST_ITEMS
from bursar.domain.money import Money
from bursar.domain.usage.plausibility import (
    Judgement,
    PlausibilityLimits,
    Verdict,
    judge,
    judge_cost,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.quarantine import (
    MOST_PLACES,
    Contested,
    Decision,
    HeldUsage,
    RejectedUsage,
    digest_of,
)
from bursar.domain.usage.records import UsageRecord
from bursar.domain.usage.rejections import Placed, Rejection
from bursar.ports import Quarantine, UsageArchive

Read = Callable[[str, ProducerPolicy], Iterable[Placed | Rejection]]


class Told(NamedTuple):
    """What became of records that the ledger was told: `busy` are those that it could not take
    now. `shadow` of those posted are billed to another source's telling. `duplicates` were there
    already, and under the ids of `conflicts` something else is. `too_large` can be posted under
    no such budgets; see `Posted`."""

    busy: Collection[EntryId] = ()
    duplicates: int = 0
    conflicts: int = 0
    too_large: Collection[EntryId] = ()
    transaction_conflicts: int = 0
    shadow: int = 0


Post = Callable[[Sequence[UsageRecord]], Told]
Refuse = Callable[[Contested], object]
Cost = Callable[[UsageRecord], Money]
DEFAULT_LIMITS = PlausibilityLimits()
TOO_LARGE = f"more enforced budgets cover it than fit into a posting of {MOST_ITEMS} items"


def nothing_known(_: UsageRecord) -> Money:
    """For whoever has no prices."""
    return Money.zero()


class Judge(NamedTuple):
    """Whether records can be true, by themselves and by what they cost."""

    limits: PlausibilityLimits
    cost: Cost

    def verdict(self, record: UsageRecord, received_at: datetime) -> Verdict:
        found = judge(record, received_at, self.limits)
        if found.judgement is not Judgement.ACCEPT or self.limits.dearest_request is None:
            return found
        return judge_cost(record, self.cost(record), self.limits)


class Message(NamedTuple):
    """`received_at` is when the producer's side handed it over: the same at each delivery."""

    id: str
    body: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many records are in the ledger, `duplicates` of them already before and `shadow` of the
    others compared and in no total, since another source is billed for them; and how many are
    not: under their ids something else stands (`conflicts`), a person has to look (`held`), or
    has, and left them out (`dropped`). `failed` are the messages that are to come again.
    `transaction_conflicts` counts the times that another transaction was in the way."""

    accepted: int
    held: int
    rejections: tuple[RejectedUsage, ...]
    failed: tuple[str, ...]
    duplicates: int = 0
    conflicts: int = 0
    dropped: int = 0
    transaction_conflicts: int = 0
    shadow: int = 0

    @property
    def billed(self) -> int:
        """Those that were posted now, and count."""
        return self.accepted - self.duplicates - self.shadow

    @property
    def rejected(self) -> int:
        return sum(each.times for each in self.rejections)


@dataclass
class _Sorted:
    """What a batch holds: records with the messages that told them, and all that stays behind."""

    told: list[tuple[str, UsageRecord]] = field(default_factory=list)
    held: list[HeldUsage] = field(default_factory=list)
    rejected: list[RejectedUsage] = field(default_factory=list)


def ingest(
    messages: Iterable[Message],
    producer: ProducerPolicy,
    *,
    read: Read,
    archive: UsageArchive,
    quarantine: Quarantine,
    post: Post,
    refuse: Refuse,
    limits: PlausibilityLimits = DEFAULT_LIMITS,
    cost: Cost = nothing_known,
) -> Ingested:
    """Read and post a batch of one producer's messages.

    A message that cannot be read goes to the quarantine and is done with: delivered again, it
    would be no better. `refuse` tells people of a record whose id is held with another body. Of
    the records that `post` could not post now only the messages are to be
    delivered again, and whatever of them was posted is posted once, by its id. Everything
    accepted is in the archive before it is posted.
    """
    batch = _Sorted()
    latest: datetime | None = None
    for message in messages:
        latest = max(latest or message.received_at, message.received_at)
        _sort(message, producer, read, Judge(limits, cost), batch)
    quarantine.reject(batch.rejected)
    found = _hold(batch.held, quarantine, refuse)
    records = [record for _, record in batch.told]
    became, aside = Told(), list[HeldUsage]()
    if records and latest:
        archive.put(records, latest)
        became = post(records)
        aside = [
            HeldUsage(record, TOO_LARGE, latest)
            for record in records
            if became.too_large and (record.producer, record.id) in became.too_large
        ]
    found += _hold(aside, quarantine, refuse)
    missing = set(became.busy)
    failed = [told for told in batch.told if (told[1].producer, told[1].id) in missing]
    posted = len(records) - len(failed) - became.conflicts - len(aside)
    there = found[Decision.RELEASED] + found[Decision.DUPLICATE]
    return Ingested(
        accepted=posted + there,
        held=found[Decision.HELD],
        rejections=tuple(batch.rejected),
        failed=tuple(dict.fromkeys(message_id for message_id, _ in failed)),
        duplicates=became.duplicates + there,
        conflicts=became.conflicts + found[Decision.CONFLICT],
        dropped=found[Decision.DROPPED],
        transaction_conflicts=became.transaction_conflicts,
        shadow=became.shadow,
    )


def _hold(held: Sequence[HeldUsage], quarantine: Quarantine, refuse: Refuse) -> Counter[Decision]:
    """Hold what waits for a person, and count what was decided of it when it came before.

    Another body of an id is refused: a conflict.
    """
    found = Counter[Decision]()
    for each, stands in zip(held, quarantine.hold(held), strict=True):
        if stands.record.digest == each.record.digest:
            found[stands.decision] += 1
        else:
            refuse(Contested(each, stands.record.digest))
            found[Decision.CONFLICT] += 1
    return found


def ingest_collected(
    name: str,
    told: Iterable[UsageRecord | Rejection],
    producer: ProducerPolicy,
    *,
    archive: UsageArchive,
    quarantine: Quarantine,
    post: Post,
    refuse: Refuse,
    at: datetime,
    limits: PlausibilityLimits = DEFAULT_LIMITS,
    cost: Cost = nothing_known,
) -> Ingested:
    """Take in what was asked for rather than sent; `name` says what (a source and its hour).

    Nobody delivers it again: where `failed` is not empty, collect it again.
    """
    return ingest(
        [Message(name, name, at)],
        producer,
        read=lambda _body, _producer: map(_placed, told),
        archive=archive,
        quarantine=quarantine,
        post=post,
        refuse=refuse,
        limits=limits,
        cost=cost,
    )


def _placed(told: UsageRecord | Rejection) -> Placed | Rejection:
    """What was collected stands nowhere but under its id, which is ours."""
    return told if isinstance(told, Rejection) else Placed(told.id, told)


def _sort(
    message: Message,
    producer: ProducerPolicy,
    read: Read,
    judges: Judge,
    batch: _Sorted,
) -> None:
    rejections: list[Rejection] = []
    for told in read(message.body, producer):
        if isinstance(told, Rejection):
            rejections.append(told)
            continue
        where, record = told
        verdict = judges.verdict(record, message.received_at)
        if verdict.judgement is Judgement.ACCEPT:
            batch.told.append((message.id, record))
        elif verdict.judgement is Judgement.HOLD:
            batch.held.append(HeldUsage(record, verdict.reason, message.received_at))
        else:
            rejections.append(Rejection(where, verdict.reason))
    if rejections:
        batch.rejected += _by_reason(message, producer, rejections)


def _by_reason(
    message: Message, producer: ProducerPolicy, rejections: Sequence[Rejection]
) -> list[RejectedUsage]:
    """One row a reason, so that a message of a thousand faults does not write a thousand."""
    body = message.body.encode("utf-8", "surrogatepass")
    digest = digest_of(body)
    groups: dict[str, list[Rejection]] = {}
    for each in rejections:
        groups.setdefault(each.reason, []).append(each)
    return [
        RejectedUsage(
            producer=producer.name,
            message_digest=digest,
            message_bytes=len(body),
            reason=reason,
            where=group[0].where,
            places=tuple(each.where for each in group[:MOST_PLACES]),
            times=len(group),
            received_at=message.received_at,
        )
        for reason, group in groups.items()
    ]
