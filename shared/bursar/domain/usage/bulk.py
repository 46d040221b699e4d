"""Usage that comes in bulk: the sums of an hour, and what of them is not in the ledger yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from bursar.domain.ledger.entries import Entry
from bursar.domain.periods import HOUR
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.quarantine import RejectedUsage, digest_of
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record


class BulkUsageUnreadableError(Exception):
    """The sums of bulk usage could not be made, or not in the time that there was."""


class SumsFellError(ValueError):
    """The sums of a group are below what of it was posted: usage that was told has gone."""


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """One producer's usage of one hour that has all of its names in common, as it told them.

    `tier` keeps requests of one context tier together, so that their mean pays as each would.
    `held_id` is of an implausible record, which is summed with no other: it is to be held alone.
    """

    producer: str
    hour: datetime
    tenant: str
    model: str
    provider: str
    feature: str
    key: str
    batch: bool
    tier: int
    requests: int
    tokens: TokenCounts
    held_id: str = ""

    @property
    def name(self) -> str:
        """`bulk/2026-11-20T13/<digest of the names>`, the same however much of it has come."""
        names = (self.tenant, self.model, self.provider, self.feature, self.key)
        alone = [self.held_id] if self.held_id else []
        text = json.dumps([*names, self.batch, self.tier, *alone])
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        return f"bulk/{self.hour:%Y-%m-%dT%H}/{digest}"

    def entry_id(self, sequence: int) -> str:
        """`<name>/<sequence>`: the group's nth posting."""
        return f"{self.name}/{sequence}"


@dataclass(frozen=True, slots=True)
class UnsoundRows:
    """Rows of one producer that came in one hour and are no records, for one reason.

    `ids` are twenty of theirs at most.
    """

    producer: str
    arrived: datetime
    reason: str
    rows: int
    ids: tuple[str, ...] = ()

    @property
    def rejected(self) -> RejectedUsage:
        """Told again, it is the same: its name is the hour of arrival and the reason."""
        name = f"bulk/{self.producer}/arrived/{self.arrived:%Y-%m-%dT%H}".encode()
        return RejectedUsage(
            producer=self.producer,
            message_digest=digest_of(name),
            message_bytes=len(name),
            reason=self.reason,
            where=next(iter(self.ids), ""),
            times=self.rows,
            received_at=self.arrived + HOUR,
            places=self.ids,
        )


@dataclass(frozen=True, slots=True)
class BulkUsage:
    """What a query found: groups, and rows that nobody could sum."""

    groups: Sequence[UsageGroup]
    unsound: Sequence[UnsoundRows]


def difference(
    group: UsageGroup, told: Sequence[Entry | UsageRecord], producer: ProducerPolicy
) -> UsageRecord | None:
    """What is to be posted so that the ledger holds the group's sums; None: it does.

    Args:
        told: all that has the group's numbers from 0 on, posted or about to be.

    Raises:
        SumsFellError: see there.
        UsageRecordError, TenantRefusedError: its names cannot be kept, or are not for them.
    """
    requests = group.requests - sum(each.requests for each in told)
    before = _sum(each.tokens.counts for each in told)
    counts = [now - then for now, then in zip(group.tokens.counts, before, strict=True)]
    if requests < 0 or min(counts) < 0:
        raise SumsFellError(f"{group.entry_id(len(told))}: less than was posted")
    if not requests and not any(counts):
        return None
    return usage_record(
        producer,
        id=group.entry_id(len(told)),
        at=group.hour,
        tenant=group.tenant,
        model=group.model,
        provider=group.provider,
        feature=group.feature,
        key=group.key,
        requests=requests,
        tokens=TokenCounts(*counts),
        batch=group.batch,
    )


def _sum(counts: Iterable[tuple[int, ...]]) -> list[int]:
    zero = TokenCounts().counts
    return [sum(column) for column in zip(zero, *counts, strict=True)]
