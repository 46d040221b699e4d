"""Executions that are started once and answered once, by the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from bursar.adapters.step_functions import NotAStarterError, StepFunctionsWorkflow
from bursar.domain.governance.steps import ClosedTaskError, Outcome, Step
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.errors import DeploymentError
from bursar.local.embedded.http_api import JsonRpcServer
from bursar.local.embedded.invocations import Outcome as Invocation
from bursar.local.embedded.workflows import Workflows, check

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:approvals"
STEP = Step(exception="X", version=1, outcome=Outcome.ASK, tier="vp", remind_in_seconds=60)
OVER = Step(exception="X", version=1, outcome=Outcome.APPROVED)
MACHINE: dict[str, Any] = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "TimeoutSecondsPath": "$.remind_in_seconds",
            "Parameters": {
                "FunctionName": "ask",
                "Payload": {"tier.$": "$.tier", "token.$": "$$.Task.Token", "why": "test"},
            },
            "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2}],
            "Catch": [
                {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.waited", "Next": "Over"}
            ],
            "Next": "Over",
        },
        "Over": {"Type": "Succeed"},
    },
}


class Service:
    """Step Functions, and a function that keeps what it is told and fails when it should."""

    def __init__(self) -> None:
        self.clock, self.told, self.fails = Clock(NOON), [], 0
        self.emitted: list[tuple[str, Any]] = []
        self.workflows = Workflows(
            lambda arn: {ARN: MACHINE}[arn], self._ask, self._emit, self.clock
        )

    def _ask(self, _function: str, event: Any) -> Invocation:
        self.told.append(event)
        if self.fails:
            self.fails -= 1
            return Invocation("1", "error", json.dumps({"errorType": "ValueError"}).encode())
        return Invocation("1", "response", b"{}")

    def _emit(self, _source: str, kind: str, detail: Any) -> None:
        self.emitted.append((kind, detail["status"]))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def client(service: Service) -> Iterator[Any]:
    with JsonRpcServer(service.workflows.operations) as server:
        client = boto3.client("stepfunctions", endpoint_url=server.url)
        yield client
        client.close()


@pytest.fixture
def workflow(client: Any) -> StepFunctionsWorkflow:
    return StepFunctionsWorkflow(client, ARN)


def started(service: Service, workflow: StepFunctionsWorkflow) -> Any:
    workflow.start("X-1", STEP)
    service.workflows.deliver()
    return service.workflows.executions[0]


def test_one_name_is_one_execution(service, workflow):
    started(service, workflow)
    workflow.start("X-1", STEP)
    assert service.workflows.deliver() is False
    [asked] = service.told
    assert (asked["tier"], asked["why"]) == ("vp", "test")


def test_an_answer_is_heard_once(service, workflow):
    execution = started(service, workflow)
    token = service.told[0]["token"]
    workflow.answer(token, OVER)
    service.workflows.deliver()
    assert (execution.status, execution.data["outcome"]) == ("SUCCEEDED", "approved")
    with pytest.raises(ClosedTaskError):
        workflow.answer(token, OVER)


def test_a_token_of_nobody_is_closed_and_not_told(workflow):
    with pytest.raises(ClosedTaskError) as told:
        workflow.answer("f00", OVER)
    assert "f00" not in str(told.value)


def test_a_wait_ends_at_its_time_and_its_token_with_it(service, workflow):
    execution = started(service, workflow)
    assert service.workflows.next_timeout() == NOON + timedelta(seconds=60)
    service.workflows.time_out(NOON + timedelta(seconds=59))
    assert execution.state == "Ask"
    service.workflows.time_out(NOON + timedelta(seconds=60))
    service.workflows.deliver()
    assert (execution.status, execution.data["waited"]) == (
        "SUCCEEDED",
        {"Error": "States.Timeout"},
    )
    with pytest.raises(ClosedTaskError):
        workflow.answer(service.told[0]["token"], OVER)


def test_a_function_that_fails_is_tried_again_with_another_token(service, workflow):
    service.fails = 2
    execution = started(service, workflow)
    assert execution.status == "RUNNING"
    assert len({each["token"] for each in service.told}) == 3
    with pytest.raises(ClosedTaskError):
        workflow.answer(service.told[0]["token"], OVER)
    workflow.answer(service.told[2]["token"], OVER)


def test_one_that_fails_for_good_fails_its_execution_and_says_so(service, workflow):
    service.fails = 3
    assert started(service, workflow).status == "FAILED"
    assert service.emitted == [("Step Functions Execution Status Change", "FAILED")]
    assert service.workflows.next_timeout() is None


def test_who_does_not_know_the_state_machine_starts_nothing(client):
    with pytest.raises(NotAStarterError):
        StepFunctionsWorkflow(client).start("X-1", STEP)


def test_a_state_that_is_not_embedded_is_refused_when_it_is_deployed():
    with pytest.raises(DeploymentError, match="no Parallel is embedded"):
        check("Machine", {"States": {"Both": {"Type": "Parallel"}}})
