"""People who try everything with exceptions, through the jobs, watched by the book."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import (
    MemoryAudit,
    MemoryAuditAnchors,
    MemoryExceptions,
    MemoryWorkflow,
)
from bursar.domain.governance.changes import Change, TaskToken
from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import DeadlineAheadError, Request, SpendException
from bursar.domain.governance.refusals import (
    ConflictError,
    ExpiredError,
    InvalidRequestError,
    NotEntitledError,
    RefusalError,
)
from bursar.domain.governance.splitting import SplitCount
from bursar.domain.governance.steps import Outcome, Step
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from bursar.jobs import (
    ask_approver,
    chain_audit,
    edit_exception,
    open_exception,
    record_decision,
    resolve_tier,
    verify_audit,
)
from tests.unit.governance.book import Asked, Book, Page, expired
from tests.unit.governance.world import BY_ID, NOON, RULES

CODES = {NotEntitledError: 403, ConflictError: 409, ExpiredError: 410, InvalidRequestError: 422}
Seen = tuple[SpendException | None, SplitCount]


class DivergedError(AssertionError):
    """The product and the book are of two minds."""


class LateReader:
    """The stores as somebody sees them who read an exception a while ago, and writes now."""

    def __init__(self, store: MemoryExceptions, seen: Seen) -> None:
        self._store, self._seen = store, seen
        self._reads = 2  # the exception and its count, once

    def find(self, exception_id: str) -> SpendException | None:
        return self._seen[0] if self._is_late() else self._store.find(exception_id)

    def split(self, team: str, policy: str) -> SplitCount:
        return self._seen[1] if self._is_late() else self._store.split(team, policy)

    def commit(self, change: Change) -> bool:
        self._reads = 0
        return self._store.commit(change)

    def _is_late(self) -> bool:
        self._reads -= 1
        return self._reads >= 0


class Company:
    """Each attempt must end as the book says, and leave what the book then holds."""

    def __init__(self) -> None:
        self.audit, self.workflow, self.book = MemoryAudit(), MemoryWorkflow(), Book()
        self.store = MemoryExceptions(MemoryOutbox(), self.audit)
        self.now = NOON
        self.tokens = 0

    def seen(self, name: str) -> Seen:
        page = self.book.pages[name]
        return self.store.find(name), self.store.split(*page.purse)

    def open(self, name: str, asked: Asked) -> None:
        expected, page = self.book.opening(name, asked, self.now)
        told = self._code(
            lambda: open_exception.open_exception(
                name,
                to_request(asked),
                BY_ID[asked.requester],
                self.now,
                rules=RULES,
                exceptions=self.store,
                workflow=self.workflow,
            )
        )
        self._compare(f"opening {name}", told, {expected})
        if told == 0:
            self.book.open(name, page)
        self.check(name)

    def decide(
        self,
        name: str,
        person: str,
        choice: Choice,
        version: int,
        tier: str | None = None,
        late: tuple[Seen, int] | None = None,
    ) -> None:
        """`late`: what was read a while ago, and how the book judged it then."""
        expected = self.judge(name, person, choice, version, tier)
        told = self._code(
            lambda: record_decision.record_decision(
                name,
                BY_ID[person],
                choice,
                version,
                self.now,
                rules=RULES,
                exceptions=LateReader(self.store, late[0]) if late else self.store,
                tokens=self.store,
                workflow=self.workflow,
                tier=tier,
            )
        )
        self._compare(f"{person}: {choice} {name}", told, _allowed(expected, late))
        if told == 0:
            self.book.decide(name, person, choice is Choice.APPROVE, self.now)
        self.check(name)

    def judge(
        self,
        name: str,
        person: str,
        choice: Choice,
        version: int,
        tier: str | None = None,
        at: datetime | None = None,
    ) -> int:
        yes = choice is Choice.APPROVE
        return self.book.judge(name, person, yes, version, at or self.now, tier)

    def edit(
        self,
        name: str,
        person: str,
        asked: Asked,
        version: int,
        late: tuple[Seen, int] | None = None,
    ) -> None:
        expected, page = self.book.editing(name, person, asked, version, self.now)
        told = self._code(
            lambda: edit_exception.edit_exception(
                name,
                to_request(asked),
                BY_ID[person],
                version,
                self.now,
                rules=RULES,
                exceptions=LateReader(self.store, late[0]) if late else self.store,
                tokens=self.store,
                workflow=self.workflow,
            )
        )
        self._compare(f"{person} edits {name}", told, _allowed(expected, late))
        if told == 0:
            self.book.open(name, page)
        self.check(name)

    def time_out(
        self, name: str, version: int, tier: str, late: tuple[Seen, int] | None = None
    ) -> None:
        """The workflow's wait ends: early, in time, or for what was decided meanwhile."""
        page = self.book.pages[name]
        awaited = page.status == "pending" and (version, tier) == (page.version, page.waiting[0])
        store = LateReader(self.store, late[0]) if late else self.store
        try:
            step = resolve_tier.resolve_tier(name, version, tier, self.now, exceptions=store)
        except DeadlineAheadError:
            if not late and not (awaited and not expired(page, self.now)):
                raise DivergedError(f"{name} should have been resolved") from None
        else:
            if awaited and expired(page, self.now):
                self.book.expire(name)
            if not late:
                self._follow(page, version, step)
        self.check(name)

    def ask(self, name: str, version: int, tier: str) -> None:
        """The workflow of a version asks a tier, and waits with a new token."""
        self.tokens += 1
        token = f"token-{self.tokens}"
        self.workflow.waiting.add(token)
        page = self.book.pages[name]
        waits = ask_approver.ask_approver(
            TaskToken(name, version, tier, token),
            exceptions=self.store,
            tokens=self.store,
            workflow=self.workflow,
        )
        awaited = page.status == "pending" and (version, tier) == (page.version, page.waiting[0])
        if waits is not awaited:
            raise DivergedError(f"a token of {name} waits {waits}")
        if not waits:
            self._follow(page, version, self.workflow.answers[token])

    def check(self, name: str) -> None:
        """What is stored is what the book holds."""
        page, stored = self.book.pages.get(name), self.store.find(name)
        if page is None or stored is None:
            if (page is None) is not (stored is None):
                raise DivergedError(f"{name} is in one place only")
            return
        given = {each.tier.name: each.decided_by for each in stored.consents if each.decided_by}
        held = (stored.status.value, stored.version, stored.revision, stored.deadline, given)
        booked = (page.status, page.version, page.accepted, page.deadline, page.given)
        if held != booked:
            raise DivergedError(f"{name} is stored as {held}, and should be {booked}")
        if [each.tier.name for each in stored.consents] != page.needed:
            raise DivergedError(f"{name} should need {page.needed}")
        self._check_money(name, page)

    def _check_money(self, name: str, page: Page) -> None:
        allowance = self.store.allowance(name)
        granted = allowance.remaining if allowance else None
        if granted != (_usd(page.asked.cents) if page.status == "approved" else None):
            raise DivergedError(f"{name} grants {granted}")

    def check_all(self) -> None:
        """The audit holds every accepted step, and no execution was told another end."""
        chain_audit.chain_audit(self.audit, self.audit)
        findings = verify_audit.verify_audit(self.audit, MemoryAuditAnchors())
        steps = sum(page.accepted for page in self.book.pages.values())
        if findings or self.audit.head().number != steps:
            raise DivergedError(f"{self.audit.head().number} records for {steps} steps")
        for step in self.workflow.answers.values():
            page = self.book.pages[step.exception]
            if step.outcome is Outcome.APPROVED and (page.status, page.version) != (
                "approved",
                step.version,
            ):
                raise DivergedError(f"{step.exception} was told approved")

    def _follow(self, page: Page, version: int, step: Step) -> None:
        if version != page.version:
            expected = "superseded"
        else:
            expected = "ask" if page.status == "pending" else page.status
        if step.outcome.value != expected:
            raise DivergedError(f"{step.exception} is told {step.outcome}, not {expected}")

    @staticmethod
    def _compare(what: str, told: int, expected: set[int]) -> None:
        if told not in expected:
            raise DivergedError(f"{what} ended with {told}, not {expected}")

    @staticmethod
    def _code(attempt: Callable[[], Any]) -> int:
        try:
            attempt()
        except RefusalError as refusal:
            return next(code for kind, code in CODES.items() if isinstance(refusal, kind))
        return 0


def _allowed(expected: int, late: tuple[Seen, int] | None) -> set[int]:
    """A refusal may be of what was read; what is accepted must be right now."""
    return {expected} | ({late[1]} - {0} if late else set())


def _usd(cents: int) -> Money:
    return Money.from_units(cents * 10**10)


@cache
def to_request(asked: Asked) -> Request:
    return Request(
        policy=asked.policy,
        scope=Scope.parse(asked.scope),
        amount=_usd(asked.cents),
        purpose="more",
        justification="it is needed",
        business_impact="late",
        until=asked.until,
        beneficiary=asked.beneficiary,
    )
