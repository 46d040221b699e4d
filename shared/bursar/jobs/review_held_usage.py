"""A person's decision on a held record: post it after all, or drop it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bursar.domain.ledger.entries import EntryId
from bursar.domain.usage.quarantine import Decision, HeldUsage
from bursar.jobs.ingest_usage import Post
from bursar.ports import Quarantine, UsageArchive


class NotHeldError(LookupError):
    """No record of that name waits for a decision."""


class StillBusyError(Exception):
    """The ledger could not take the record now; it is still held."""


class StillTooLargeError(Exception):
    """More enforced budgets cover the record than a posting takes; it is still held."""


def release(
    name: EntryId, *, quarantine: Quarantine, archive: UsageArchive, post: Post, at: datetime
) -> HeldUsage:
    """Archive and post a held record, then note what became of it.

    It is released; or what stands in the ledger under its id is the same (a duplicate) or
    another body (a conflict, which is kept and told). Interrupted, it can be done again: the
    ledger takes an id once, and then it may be its own duplicate.

    Returns:
        The record, as it was decided.

    Raises:
        NotHeldError: it is not held, or was decided before.
        StillBusyError: it could not be posted now.
        StillTooLargeError: it cannot be posted under these budgets.
    """
    held = _waiting(name, quarantine)
    archive.put([held.record], at)
    told = post([held.record])
    if told.busy:
        raise StillBusyError(f"{name[0]}/{name[1]}")
    if told.too_large:
        raise StillTooLargeError(f"{name[0]}/{name[1]}")
    decision = Decision.RELEASED
    if told.conflicts:
        decision = Decision.CONFLICT
    elif told.duplicates:
        decision = Decision.DUPLICATE
    quarantine.decide(name, decision, at)
    return replace(held, decision=decision, decided_at=at)


def drop(name: EntryId, *, quarantine: Quarantine, at: datetime) -> HeldUsage:
    """Note that a held record is not to be posted.

    Raises:
        NotHeldError: it is not held, or was decided before.
    """
    held = _waiting(name, quarantine)
    quarantine.decide(name, Decision.DROPPED, at)
    return held


def _waiting(name: EntryId, quarantine: Quarantine) -> HeldUsage:
    held = quarantine.find(name)
    if held is None or held.decision is not Decision.HELD:
        raise NotHeldError(f"{name[0]}/{name[1]}")
    return held
