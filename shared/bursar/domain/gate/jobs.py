"""What a job's manifest asks for: pods that run at once, and for how long."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bursar.domain.cluster.effective_requests import Amounts

LONGEST_HOURS = 8784  # a leap year
HOURS_ANNOTATION = "bursar.dev/hours"
_SECONDS_PER_HOUR = 3600


class DurationError(ValueError):
    """Nobody says how long a job runs, or what is said is no possible time."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A node's label must have one of these values, or none of them when `negated`."""

    label: str
    values: frozenset[str]
    negated: bool = False


Term = tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class PodSet:
    """Pods that are alike. A node must meet every requirement of one of `terms`; none: any node.

    `pods` are those that run at once; `requests` are effective, of one pod.
    """

    name: str
    pods: int
    requests: Amounts
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class JobShape:
    """A Job, PyTorchJob or Workload. `hours` is what its annotation says that it takes."""

    kind: str
    name: str
    namespace: str
    pod_sets: tuple[PodSet, ...]
    uid: str | None = None
    deadline_seconds: int | None = None
    hours: Decimal | None = None

    @property
    def title(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Duration:
    hours: Fraction
    source: str


def duration_of(job: JobShape, given_hours: Decimal | None) -> Duration:
    """How long the job runs, first pod to last: as given, else its deadline, else its annotation.

    Raises:
        DurationError: none of the three is there, or one is not above 0 and at most a year.
    """
    if given_hours is not None:
        return Duration(_possible(given_hours), _beside_deadline(job, given_hours))
    if job.deadline_seconds is not None:
        hours = Fraction(job.deadline_seconds, _SECONDS_PER_HOUR)
        return Duration(_possible(hours), "its deadline, when Kubernetes ends it")
    if job.hours is not None:
        return Duration(_possible(job.hours), f"its annotation {HOURS_ANNOTATION}")
    raise DurationError(
        f"{job.title} cannot be priced: give its hours, activeDeadlineSeconds or the annotation "
        f"{HOURS_ANNOTATION}"
    )


def identity_of(jobs: Sequence[JobShape], duration_hours: Sequence[Fraction]) -> str:
    """The same for the same jobs however they are written down: by uid where there is one.

    Without a uid it is a digest of what is asked for: another number of pods is another job.
    """
    told = [_told(job, hours) for job, hours in zip(jobs, duration_hours, strict=True)]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def shown_number(hours: Fraction) -> str:
    """At most six places: `24`, `0.5`, `0.027778`."""
    text = f"{Decimal(round(hours * 10**6)).scaleb(-6):f}"
    return text.rstrip("0").rstrip(".")


def _possible(hours: Decimal | Fraction) -> Fraction:
    if isinstance(hours, Decimal) and not hours.is_finite():
        raise DurationError(f"{hours} is no number of hours")
    if not 0 < hours <= LONGEST_HOURS:
        raise DurationError(f"hours are above 0 and at most {LONGEST_HOURS}")
    return Fraction(hours)


def _beside_deadline(job: JobShape, given_hours: Decimal) -> str:
    if job.deadline_seconds is None:
        return "as given"
    deadline = Fraction(job.deadline_seconds, _SECONDS_PER_HOUR)
    if deadline <= Fraction(given_hours):
        return f"as given, though Kubernetes ends it after {shown_number(deadline)} h"
    return f"as given; Kubernetes would let it run {shown_number(deadline)} h"


def _told(job: JobShape, hours: Fraction) -> object:
    named = [job.kind, job.namespace, job.name]
    if job.uid:
        return [*named, job.uid]
    sets = [
        [
            each.name,
            each.pods,
            sorted(each.requests.items()),
            [
                [[one.label, sorted(one.values), one.negated] for one in term]
                for term in each.terms
            ],
        ]
        for each in job.pod_sets
    ]
    return [*named, str(hours), sets]
