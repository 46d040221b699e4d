"""A person's decision on a held record: post it after all, or drop it."""

from __future__ import annotations

from datetime import datetime

from bursar.domain.ledger.entries import EntryId
from bursar.domain.usage.quarantine import Decision, HeldUsage
from bursar.jobs.ingest_usage import Post
from bursar.ports import Quarantine, UsageArchive


class NotHeldError(LookupError):
    """No record of that name waits for a decision."""


class StillBusyError(Exception):
    """The ledger could not take the record now; it is still held."""


def release(
    name: EntryId, *, quarantine: Quarantine, archive: UsageArchive, post: Post, at: datetime
) -> HeldUsage:
    """Archive and post a held record, then note that it was released.

    Interrupted, it can be done again: the ledger takes an id once.

    Raises:
        NotHeldError: it is not held, or was decided before.
        StillBusyError: it could not be posted now.
    """
    held = _waiting(name, quarantine)
    archive.put([held.record], at)
    if post([held.record]).busy:
        raise StillBusyError(f"{name[0]}/{name[1]}")
    quarantine.decide(name, Decision.RELEASED, at)
    return held


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
