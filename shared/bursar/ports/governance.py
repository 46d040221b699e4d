"""Exceptions, their approvals, and the audit of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # whoever imports a port pays for no domain
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from bursar.domain.gate.verdicts import JobApproval
    from bursar.domain.governance.audit import AuditHead, AuditIntent, AuditRecord
    from bursar.domain.governance.changes import Change, TaskToken
    from bursar.domain.governance.consumption import Allowance
    from bursar.domain.governance.decisions import TierDecision
    from bursar.domain.governance.exceptions import SpendException
    from bursar.domain.governance.splitting import SplitCount
    from bursar.domain.governance.steps import Step


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
        """What an approved exception is worth; None for any other. Read consistently."""
        ...

    def ending_after(self, at: datetime) -> Sequence[Allowance]:
        """Those with a later end, soonest first; a list may lag behind."""
        ...

    def replace(self, old: Allowance, new: Allowance) -> bool:
        """Move money within an allowance; False when it is no longer the one that was read."""
        ...


class JobApprovals(Protocol):
    """What approved exceptions have paid for jobs: each submission once."""

    def approved(self, submission: str) -> JobApproval | None:
        """Read consistently."""
        ...

    def pay(
        self, old: JobApproval | None, new: JobApproval, at: datetime, intent: AuditIntent
    ) -> bool:
        """Debit the exception of `new` by what it pays beyond `old`, and keep it in the place.

        False, and nothing is written: the exception has not enough left, or has ended, or
        `old` is no longer what is stored.
        """
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


class ApproverChat(Protocol):
    """Where approvers talk."""

    def ask(self, exception: SpendException, nonce: str, *, again: bool = False) -> None:
        """Ask the tier whose answer is awaited; an answer tells what was shown, and the nonce."""
        ...

    def reply(self, to: str, text: str, *, closes: bool) -> None:
        """Answer whoever clicked; what `closes` takes the question's place for everybody."""
        ...


class Handover(Protocol):
    def hand_over(self, event: Mapping[str, Any]) -> None:
        """Let another function do it, which is tried again, and kept where it fails."""
        ...


class AuditIntents(Protocol):
    def waiting(self, at_most: int) -> Sequence[AuditIntent]:
        """Those not chained yet, oldest first; one of this second may be missing."""
        ...


class AuditReader(Protocol):
    """The chained records, and the head that they end at."""

    def head(self) -> AuditHead: ...

    def records(self, after: int = 0) -> Iterator[AuditRecord]:
        """Those beyond number `after`, in their order, read consistently."""
        ...


class AuditChain(AuditReader, Protocol):
    def append(
        self, head: AuditHead, intents: Sequence[AuditIntent], records: Sequence[AuditRecord]
    ) -> bool:
        """Move intents into the chain; False when it no longer ends at this head."""
        ...

    def records(self, after: int = 0, at_most: int | None = None) -> Iterator[AuditRecord]: ...


class AuditAnchors(Protocol):
    """Heads kept where nobody can change them."""

    def put(self, head: AuditHead, at: datetime) -> None: ...

    def all(self) -> Sequence[AuditHead]: ...
