"""The functions of the approvals' workflow: what they keep and answer, and never tell."""

from __future__ import annotations

import importlib
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from bursar import entrypoint
from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.governance import (
    MemoryAudit,
    MemoryAuditAnchors,
    MemoryExceptions,
    MemoryWorkflow,
)
from bursar.config.governance import SlackApp
from bursar.domain.governance.decisions import Choice
from bursar.events.slack import SlackQuestion
from bursar.jobs.open_exception import open_exception
from bursar.jobs.record_decision import record_decision
from bursar.settings import AskApproverSettings
from bursar.wiring.slack import Slack
from tests.unit.governance.world import BY_ID, EM, NOON, RULES, request

CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:f",
    aws_request_id="1",
)
TOKEN = "a-task-token"
RUN = {"exception": "X", "version": 1, "tier": EM, "at": NOON.isoformat()}
ASK = RUN | {"token": TOKEN}
EVENTS = {
    "ask_approver": ASK,
    "remind_approver": ASK,
    "resolve_tier": RUN | {"at": (NOON + timedelta(hours=73)).isoformat()},
    "resume_workflows": {"scheduled_at": NOON.isoformat()},
    "chain_audit": {"scheduled_at": NOON.isoformat(), "part": "anchor"},
}


class Ports:
    """A pending exception, X, of Rita's."""

    def __init__(self) -> None:
        self.outbox, audit = MemoryOutbox(), MemoryAudit()
        self.governance = SimpleNamespace(
            rules=RULES,
            exceptions=MemoryExceptions(self.outbox, audit),
            workflow=MemoryWorkflow(),
            audit=audit,
            anchors=MemoryAuditAnchors(),
            slack=None,
        )
        open_exception(
            "X",
            request(),
            BY_ID["rita"],
            NOON,
            rules=RULES,
            exceptions=self.governance.exceptions,
            workflow=self.governance.workflow,
        )

    def decide(self) -> None:
        of = self.governance
        record_decision(
            "X",
            BY_ID["emil"],
            Choice.DENY,
            1,
            NOON,
            rules=RULES,
            exceptions=of.exceptions,
            tokens=of.exceptions,
            workflow=of.workflow,
        )


@pytest.fixture
def ports(monkeypatch) -> Ports:
    ports = Ports()
    monkeypatch.setattr(entrypoint, "ports_for", lambda _settings: ports)
    return ports


def run(function: str, event: Any) -> Any:
    return importlib.import_module(f"functions.{function}.handler").handler(event, CONTEXT)


@pytest.mark.parametrize("function", EVENTS)
def test_a_good_event_is_answered_and_no_token_is_logged(function, ports, capsys):
    answer = run(function, EVENTS[function])
    assert json.loads(json.dumps(answer)) == answer
    printed = capsys.readouterr().out
    assert f'"service":"{function}"' in printed
    assert TOKEN not in printed + json.dumps(answer)


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize("event", [{}, RUN | {"version": "x"}, ASK | {"at": "soon"}], ids=str)
@pytest.mark.parametrize("function", ["ask_approver", "remind_approver"])
def test_what_says_that_an_event_is_wrong_tells_no_token(function, event, ports, capsys):
    with pytest.raises(ValidationError) as told:
        run(function, event)
    assert TOKEN not in str(told.value) + capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize("function", ["resolve_tier", "resume_workflows", "chain_audit"])
def test_a_bad_event_raises(function, ports):
    with pytest.raises(ValidationError):
        run(function, {"scheduled_at": "soon"})


def test_a_tier_that_is_asked_keeps_the_latest_token(ports):
    assert run("ask_approver", ASK)["waits"] is True
    run("remind_approver", ASK | {"token": "the-second"})
    assert ports.governance.exceptions.latest("X", EM).token == "the-second"


def test_who_is_reminded_is_told_once(ports):
    for _ in range(2):
        assert run("remind_approver", ASK)["waits"] is True
    told = {each.alert.kind: each.alert.title for each in ports.outbox.recent()}
    assert len(ports.outbox.recent()) == 2
    assert told["exception.reminded"] == f"Still open: {told['exception.asked']}"


@pytest.fixture
def questions(ports, monkeypatch) -> list[Any]:
    """What is handed over to be asked in Slack, where an app of it is configured."""
    app = SlackApp(team_id="T00", channel_id="C00", signing_secret="s", bot_token_secret="b")
    slack = Slack(app, AskApproverSettings(table_name="t"), lambda _: None)
    handed_over: list[Any] = []
    monkeypatch.setitem(slack.__dict__, "handover", SimpleNamespace(hand_over=handed_over.append))
    monkeypatch.setattr(ports.governance, "slack", slack)
    return handed_over


def test_slack_asks_and_reminds_without_the_token(ports, questions):
    for function in ("ask_approver", "remind_approver"):
        run(function, ASK)
    assert [each.pop("again") for each in questions] == [False, True]
    assert len({each.pop("nonce") for each in questions}) == 2
    asked = SlackQuestion(exception="X", version=1, tier=EM, at=NOON, nonce="n")
    assert [SlackQuestion(**each, nonce="n") for each in questions] == [asked] * 2
    assert TOKEN not in json.dumps(questions)


@pytest.mark.parametrize("function", ["ask_approver", "remind_approver"])
def test_slack_asks_nothing_that_was_decided_meanwhile(function, ports, questions):
    ports.decide()
    run(function, ASK)
    assert questions == []


@pytest.mark.parametrize("function", ["ask_approver", "remind_approver"])
def test_a_decision_that_came_first_is_answered_at_once(function, ports):
    ports.decide()
    ports.governance.workflow.waiting.add(TOKEN)
    before = len(ports.outbox.recent())
    assert run(function, ASK)["waits"] is False
    assert ports.governance.workflow.answers[TOKEN].outcome == "denied"
    assert len(ports.outbox.recent()) == before


def test_after_the_deadline_nobody_is_reminded(ports):
    before = len(ports.outbox.recent())
    run("remind_approver", ASK | {"at": (NOON + timedelta(hours=72)).isoformat()})
    assert len(ports.outbox.recent()) == before


def test_a_tier_that_nobody_answered_ends_the_exception(ports):
    assert run("resolve_tier", EVENTS["resolve_tier"])["outcome"] == "expired"
    assert ports.governance.exceptions.find("X").status == "expired"


def test_what_is_written_is_chained_and_the_head_anchored_by_the_hour_only(ports):
    assert run("chain_audit", {"Records": []}) == {"records": 1}
    chain = EVENTS["chain_audit"] | {"part": "chain"}
    assert run("chain_audit", chain) == {"records": 1}
    assert ports.governance.anchors.all() == ()
    run("chain_audit", EVENTS["chain_audit"])
    assert ports.governance.anchors.all() == (ports.governance.audit.head(),)
