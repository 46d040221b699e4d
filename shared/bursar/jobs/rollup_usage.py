"""Bring the sums of bulk usage into the ledger: each run posts what the last ones did not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count, groupby, takewhile

from bursar.domain.ledger.entries import Entry, EntryId
from bursar.domain.periods import HOUR, Window
from bursar.domain.usage.bulk import SumsFellError, UsageGroup, difference
from bursar.domain.usage.plausibility import PlausibilityLimits
from bursar.domain.usage.producers import ProducerPolicy, TenantRefusedError
from bursar.domain.usage.records import UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Rejection
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import BulkUsageSums, EntryReader, UsageArchive

# a record that came seven days late waits a day at most for the run that looks so far back
_EACH_HOUR, _ONCE_A_DAY = timedelta(hours=24), timedelta(days=8)
_DEEP_RUN_HOUR = 3  # UTC
_HELD = "/held"
# each record of a sum was within the limits; the others are groups of their own
_OF_SUMS = PlausibilityLimits(most_requests=10**18, most_tokens=10**18)


@dataclass(frozen=True, slots=True)
class RolledUp:
    groups: int
    posted: int
    rejected: int


def hours_to_sum(hour: Window) -> Window:
    """The day that ends with this hour; once a day the last eight days, for what came later."""
    reach = _ONCE_A_DAY if hour.end.hour == _DEEP_RUN_HOUR else _EACH_HOUR
    return Window(hour.end - reach, hour.end)


def rollup_usage(
    hour: Window,
    *,
    sums: BulkUsageSums,
    entries: EntryReader,
    intakes: Callable[[str], UsageIntake],
    at: datetime,
) -> RolledUp:
    """Sum the hours that end with this one, and post what the ledger lacks of each group.

    A group's postings are numbered; the sum of them is what was posted. Two runs at once give
    the next one the same number and only one of them is kept: the following run posts the rest.

    Args:
        intakes: of a producer's name.

    Raises:
        BulkUsageUnreadableError: the sums could not be made; nothing was posted.
        NotAllPostedError: the ledger was too busy; the next run posts the rest.
    """
    found = sums.between(hours_to_sum(hour))
    posted, rejected = 0, sum(each.rows for each in found.unsound)
    names = {each.producer for each in found.groups} | {each.producer for each in found.unsound}
    for name in sorted(names):
        intake = intakes(name)
        unsound = [each.rejected for each in found.unsound if each.producer == name]
        intake.quarantine.reject(unsound)
        groups = [group for group in found.groups if group.producer == name]
        known = _posted(groups, entries)
        for source, some in groupby(sorted(groups, key=_source), _source):
            told = [*_untold(some, known, intake)]
            limits = intake.limits if source.endswith(_HELD) else _OF_SUMS
            done = replace(intake, limits=limits).take_collected(source, told, at)
            posted, rejected = posted + done.accepted, rejected + done.rejected
    return RolledUp(len(found.groups), posted, rejected)


def _source(group: UsageGroup) -> str:
    """What is told of a group is told once by this name, however many runs find it."""
    held = _HELD if group.held_id else ""
    return f"bulk/{group.producer}/{group.hour:%Y-%m-%dT%H}{held}"


def _untold(
    groups: Iterable[UsageGroup], known: Mapping[UsageGroup, Sequence[Entry]], intake: UsageIntake
) -> Iterator[UsageRecord | Rejection]:
    """What the ledger lacks of groups: what a run before archived of them, and the rest.

    A run that ends between the archive and the ledger has given numbers away. What has them is
    posted as it was archived, so that a number has one body in the ledger and in a replay.
    """
    behind = list[UsageGroup]()
    for group in groups:
        match _difference(group, known[group], intake.producer):
            case Rejection() as rejected:
                yield rejected
            case UsageRecord():
                behind.append(group)
    archived = _archived(behind, intake.archive)
    for group in behind:
        posted = known[group]
        names = (group.entry_id(number) for number in count(len(posted)))
        owed = [archived[name] for name in takewhile(archived.__contains__, names)]
        yield from owed
        if more := _difference(group, [*posted, *owed], intake.producer):
            yield more


def _difference(
    group: UsageGroup, told: Sequence[Entry | UsageRecord], producer: ProducerPolicy
) -> UsageRecord | Rejection | None:
    try:
        return difference(group, told, producer)
    except (SumsFellError, UsageRecordError, TenantRefusedError) as error:
        return Rejection(f"{group.hour:%Y-%m-%dT%H}", str(error))


def _archived(groups: Sequence[UsageGroup], archive: UsageArchive) -> dict[str, UsageRecord]:
    """By id; of two bodies the first, as it stands after a replay."""
    names = {(group.producer, group.name) for group in groups}
    found: dict[str, UsageRecord] = {}
    for start in sorted({group.hour for group in groups}):
        for record in archive.records(Window(start, start + HOUR)):
            if (record.producer, record.id.rpartition("/")[0]) in names:
                found.setdefault(record.id, record)
    return found


def _posted(groups: Sequence[UsageGroup], entries: EntryReader) -> dict[UsageGroup, list[Entry]]:
    """Each group's postings: those with the numbers from 0 to the first that is missing."""
    known: dict[UsageGroup, list[Entry]] = {group: [] for group in groups}
    asked = list(groups)
    while asked:
        names: dict[UsageGroup, EntryId] = {
            group: (group.producer, group.entry_id(len(known[group]))) for group in asked
        }
        found = entries.entries(list(names.values()))
        asked = [group for group in asked if names[group] in found]
        for group in asked:
            known[group].append(found[names[group]])
    return known
