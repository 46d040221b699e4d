"""Replay archived usage: post what of it is not in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bursar.domain.admission.settlements import tell_the_same
from bursar.domain.ledger.entries import Entry, EntryId, Pricing
from bursar.domain.periods import Window, hours
from bursar.domain.usage.provisioned import provisioned_entry, provisioned_hour
from bursar.domain.usage.records import UsageRecord
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.collect_bedrock_usage import UnitPrice
from bursar.jobs.post_usage import Posted
from bursar.ports import UsageArchive

_TOGETHER = 1_000


@dataclass(slots=True)
class Replayed:
    """What became of the archived records of a window: `read` is the sum of `there_already`,
    `posted`, `conflicts`, `too_large` and `busy`.

    Of those posted, `adjusted` became adjustments of a closed month, and `unpriced` have no
    price. Under the ids of `conflicts` other bodies stand. More enforced budgets cover those
    `too_large` than a posting takes; `busy` are to be replayed again.
    """

    read: int = 0
    there_already: int = 0
    posted: int = 0
    adjusted: int = 0
    unpriced: int = 0
    conflicts: int = 0
    too_large: int = 0
    busy: int = 0

    def count(self, entries: Sequence[Entry], became: Posted) -> None:
        unpriced = {entry.name for entry in entries if entry.key.pricing is Pricing.UNPRICED}
        self.posted += len(became.posted)
        self.adjusted += len(became.adjusted)
        self.unpriced += len(became.posted & unpriced)
        self.there_already += became.duplicates
        self.conflicts += len(became.conflicts)
        self.too_large += sum(entry.name in became.too_large for entry in entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReplay:
    """Posts archived records that the ledger lacks, by the prices and routes of their own time.

    Those are as the configuration tells them now: an entry is what it was where nothing was
    changed since but by dated rows. Self-hosted models and provisioned prices have no dates.
    """

    billing: UsageBilling
    unit_price: UnitPrice
    archive: UsageArchive

    def replay(self, window: Window, at: datetime, *, dry_run: bool = False) -> Replayed:
        """Post the archived records of a window's hours that are missing.

        The ledger takes an id once: it may be broken off, done again, and done while usage
        comes in. Records of an hour come in the order that they were received in, so that of
        two bodies of an id the first stands again.

        Args:
            dry_run: post nothing and count what would be; what is adjusted, too large or
                busy is not foreseen.
        """
        done = Replayed()
        archived = self.archive.hours(window)
        for hour in hours(window):
            if hour.start not in archived:
                continue
            known: dict[EntryId, str] = {}
            for records in _together(self.archive.records(hour)):
                entries = [self._bill(record) for record in records]
                stored = self.billing.ledger.digests({entry.name for entry in entries})
                missing = [each for each in entries if not _stands(each, stored.get(each.name))]
                done.read += len(entries)
                done.there_already += len(entries) - len(missing)
                if dry_run:
                    known.update(stored)
                    done.count(missing, _foreseen(missing, known))
                elif missing:
                    posted, busy = self.billing.post(missing, at)
                    done.busy += sum(entry.name in busy for entry in missing)
                    done.count(missing, posted)
        return done

    def _bill(self, record: UsageRecord) -> Entry:
        if bought := provisioned_hour(record):
            fee = self.unit_price(bought.model, bought.commitment)
            return provisioned_entry(record, bought, fee)
        return self.billing.bill(record)


def _together(records: Iterator[UsageRecord]) -> Iterator[list[UsageRecord]]:
    while some := list(islice(records, _TOGETHER)):
        yield some


def _stands(entry: Entry, digest: str | None) -> bool:
    return digest is not None and tell_the_same(digest, entry.digest)


def _foreseen(entries: Sequence[Entry], known: dict[EntryId, str]) -> Posted:
    """What posting them would come to. `known` are the ids so far, and takes in these."""
    foreseen = Posted()
    for entry in entries:
        if entry.name not in known:
            known[entry.name] = entry.digest
            foreseen.posted.add(entry.name)
        elif _stands(entry, known[entry.name]):
            foreseen.duplicates += 1
        else:
            foreseen.conflicts.append(entry.name)
    return foreseen
