"""Exceptions and their workflow: what is stored decides, whatever becomes of the executions."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions, MemoryWorkflow
from bursar.domain.governance.asking import NotYoursError
from bursar.domain.governance.changes import Change, TaskToken
from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import (
    DeadlineAheadError,
    SpendException,
    Status,
    UnknownExceptionError,
)
from bursar.domain.governance.steps import Outcome
from bursar.jobs.ask_approver import ask_approver
from bursar.jobs.edit_exception import edit_exception
from bursar.jobs.open_exception import ExceptionContentionError, open_exception
from bursar.jobs.record_decision import record_decision
from bursar.jobs.resolve_tier import resolve_tier
from bursar.jobs.resume_workflows import resume_workflows
from tests.unit.governance.world import BY_ID, DIRECTOR, EM, MILLISECOND, NOON, RULES, request


class Office:
    """The stores, the workflow, and short words for what people do."""

    def __init__(self, store: type[MemoryExceptions] = MemoryExceptions) -> None:
        self.outbox, self.audit, self.workflow = MemoryOutbox(), MemoryAudit(), MemoryWorkflow()
        self.store = store(self.outbox, self.audit)

    def open(
        self, amount: str = "50000", id_: str = "E1", by: str = "rita", **more: Any
    ) -> SpendException:
        return open_exception(
            id_,
            request(amount, **more),
            BY_ID[by],
            NOON,
            rules=RULES,
            exceptions=self.store,
            workflow=self.workflow,
        )

    def wait(self, token: str, tier: str = EM, version: int = 1) -> bool:
        self.workflow.waiting.add(token)
        return ask_approver(
            TaskToken("E1", version, tier, token),
            exceptions=self.store,
            tokens=self.store,
            workflow=self.workflow,
        )

    def say(self, person: str, choice: Choice = Choice.APPROVE, **more: Any) -> SpendException:
        told = {"version": 1, "at": NOON, "exception_id": "E1", **more}
        return record_decision(
            person=BY_ID[person],
            choice=choice,
            rules=RULES,
            exceptions=self.store,
            tokens=self.store,
            workflow=self.workflow,
            **told,
        )

    def edit(self, amount: str) -> SpendException:
        return edit_exception(
            "E1",
            request(amount),
            BY_ID["rita"],
            1,
            NOON,
            rules=RULES,
            exceptions=self.store,
            tokens=self.store,
            workflow=self.workflow,
        )

    def outcomes(self) -> dict[str, tuple[Outcome, str | None]]:
        return {token: (step.outcome, step.tier) for token, step in self.workflow.answers.items()}


def test_an_execution_is_named_by_request_and_version() -> None:
    office = Office()
    office.open()
    office.edit("60000")
    assert list(office.workflow.started) == ["E1-1", "E1-2"]
    step = office.workflow.started["E1-1"]
    assert step.deadline is not None
    assert step.times_out_at is not None
    assert (step.times_out_at - step.deadline).total_seconds() == 300


def test_a_decision_is_stored_and_then_the_latest_token_is_answered() -> None:
    office = Office()
    office.open()
    assert office.wait("old")
    assert office.wait("new")
    office.say("emil")
    assert office.outcomes() == {"new": (Outcome.ASK, DIRECTOR)}
    assert office.wait("second", DIRECTOR)
    office.say("dirk")
    assert office.outcomes()["second"] == (Outcome.APPROVED, None)


def test_a_token_that_comes_after_the_decision_is_answered_at_once() -> None:
    office = Office()
    office.open()
    office.say("emil")
    assert office.workflow.answers == {}
    assert not office.wait("late")
    assert office.outcomes() == {"late": (Outcome.ASK, DIRECTOR)}


def test_a_decision_stands_though_its_task_is_closed() -> None:
    office = Office()
    opened = office.open("100")
    office.wait("token")
    office.workflow.waiting.clear()  # it timed out
    at = opened.deadline - MILLISECOND
    assert office.say("emil", at=at).status is Status.APPROVED
    step = resolve_tier("E1", 1, EM, opened.deadline, exceptions=office.store)
    assert step.outcome is Outcome.APPROVED


def test_a_decision_a_millisecond_early_asks_the_next_tier_after_the_timeout() -> None:
    office = Office()
    opened = office.open()
    office.say("emil", at=opened.deadline - MILLISECOND)
    step = resolve_tier("E1", 1, EM, opened.deadline, exceptions=office.store)
    assert (step.outcome, step.tier) == (Outcome.ASK, DIRECTOR)


def test_what_nobody_answers_expires_once_however_often_the_timeout_comes() -> None:
    office = Office()
    opened = office.open()
    with pytest.raises(DeadlineAheadError):
        resolve_tier("E1", 1, EM, opened.deadline - MILLISECOND, exceptions=office.store)
    for _ in range(2):
        step = resolve_tier("E1", 1, EM, opened.deadline, exceptions=office.store)
        assert step.outcome is Outcome.EXPIRED
    assert len(office.audit.waiting(9)) == 2  # opened, expired


def test_an_edit_ends_the_execution_before_it() -> None:
    office = Office()
    office.open()
    office.wait("token")
    office.edit("60000")
    assert office.outcomes() == {"token": (Outcome.SUPERSEDED, None)}
    assert not office.wait("late", version=1)
    assert office.outcomes()["late"] == (Outcome.SUPERSEDED, None)


def test_an_execution_that_was_never_started_is_started_later() -> None:
    office = Office()
    office.open("1", "E1")
    office.open("1", "E2")
    office.say("emil", exception_id="E2")
    office.workflow.started.clear()  # as if each crashed after its transaction
    for _ in range(2):
        assert resume_workflows(office.store, office.workflow) == 1
    assert list(office.workflow.started) == ["E1-1"]


def test_a_denial_ends_the_execution() -> None:
    office = Office()
    office.open()
    office.wait("token")
    office.say("emil", Choice.DENY)
    assert office.outcomes() == {"token": (Outcome.DENIED, None)}
    assert office.store.allowance("E1") is None


class LostAnswers(MemoryExceptions):
    """Every commit is written, and its writer hears that it was not."""

    def commit(self, change: Change) -> bool:
        super().commit(change)
        return False


def test_a_lost_answer_is_no_refusal_and_no_second_decision() -> None:
    office = Office(LostAnswers)
    office.open()
    assert office.say("emil", comment="yes").revision == 2
    assert office.edit("60000").version == 2
    assert [each.comment for each in office.store.decisions("E1")] == ["yes"]
    assert office.store.split("search", "training-job").version == 3


class NeverCurrent(MemoryExceptions):
    """Others write first, always."""

    def commit(self, change: Change) -> bool:
        return False


def test_endless_company_is_an_error_and_writes_nothing() -> None:
    office = Office(NeverCurrent)
    with pytest.raises(ExceptionContentionError):
        office.open()
    assert office.store.find("E1") is None
    assert office.workflow.started == {}


def test_a_viewer_is_told_nothing_of_what_is_wrong_with_a_request() -> None:
    with pytest.raises(NotYoursError):
        Office().open(by="vic", policy="no-such-policy")


def test_an_unknown_exception_is_nobody_s() -> None:
    office = Office()
    with pytest.raises(UnknownExceptionError):
        office.say("emil")
    with pytest.raises(UnknownExceptionError):
        office.edit("1")
    with pytest.raises(UnknownExceptionError):
        office.wait("token")
    with pytest.raises(UnknownExceptionError):
        resolve_tier("E1", 1, EM, NOON, exceptions=office.store)


def test_each_step_writes_its_message_and_its_audit() -> None:
    office = Office()
    office.open()
    office.say("emil")
    office.say("dirk")
    kinds = [row.alert.kind for row in office.outbox.all()]
    assert kinds == ["exception.asked", "exception.asked", "exception.approved"]
    actions = [each.id for each in office.audit.waiting(9)]
    assert actions == ["E1-1", "E1-2", "E1-3"]


def test_a_task_token_is_in_no_message_audit_or_repr() -> None:
    office = Office()
    office.open()
    office.wait("s3cret")
    office.say("emil")
    told = [row.model_dump_json() for row in office.outbox.all()]
    told += [each.body.decode() for each in office.audit.waiting(9)]
    told += [repr(office.store.latest("E1", EM)), repr(office.workflow.answers["s3cret"])]
    assert all("s3cret" not in text for text in told)


def test_the_link_of_a_message_holds_the_id_and_nothing_else() -> None:
    office = Office()
    office.open()
    assert [row.alert.link for row in office.outbox.all()] == ["/exceptions/E1"]


def test_siblings_are_counted_together_though_their_scopes_differ() -> None:
    office = Office()
    office.open("30000")
    other = office.open("20000", "E2")  # 50,000 together
    assert [each.tier.name for each in other.consents] == [EM, DIRECTOR]
    assert office.say("emil").asked is not None  # the first is asked for more now as well
