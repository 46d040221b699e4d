"""Step Functions on a simulated clock: the states that the template uses, and no others.

moto runs a state machine on the machine's own clock, which no deadline of three days can wait
for. An execution is a state and its data; what makes it go on stands in a queue.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bursar.local.embedded.clock import Clock
from bursar.local.embedded.errors import DeploymentError
from bursar.local.embedded.http_api import Operation, ServiceError
from bursar.local.embedded.invocations import Outcome

_STATES = {"Task", "Choice", "Succeed"}
_TIMEOUT = "States.Timeout"
_FAILED = {"States.TaskFailed", "States.ALL"}
_WAITS = ".waitForTaskToken"

Definition = Mapping[str, Any]
Emit = Callable[[str, str, Mapping[str, Any]], object]


@dataclass(slots=True)
class Execution:
    """One run of a state machine: RUNNING, SUCCEEDED or FAILED."""

    machine_arn: str
    name: str
    definition: Definition
    state: str
    data: Any
    status: str = "RUNNING"
    token: str = ""  # of the task that it waits for
    due: datetime | None = None  # when that times out
    entered: list[str] = field(default_factory=list)


def check(logical_id: str, definition: Definition) -> None:
    """Refuse what this cannot run.

    Raises:
        DeploymentError: a state is of another type.
    """
    for name, state in definition["States"].items():
        if state["Type"] not in _STATES:
            raise DeploymentError(f"{logical_id}: no {state['Type']} is embedded ({name})")


class Workflows:
    """Executions of the deployed state machines, for as long as one cloud is open."""

    def __init__(
        self,
        definition_of: Callable[[str], Definition],
        invoke: Callable[[str, Any], Outcome],
        emit: Emit,
        clock: Clock,
    ) -> None:
        self._definition_of, self._invoke = definition_of, invoke
        self._emit, self._clock = emit, clock
        self._lock = threading.Lock()
        self._executions: dict[tuple[str, str], Execution] = {}
        self._tokens: dict[str, Execution] = {}
        self._ready: deque[tuple[Execution, str, Any]] = deque()  # the state to enter, its input

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What Step Functions answers to those who start and answer."""
        return {"StartExecution": self._start, "SendTaskSuccess": self._answer}

    @property
    def executions(self) -> tuple[Execution, ...]:
        return tuple(self._executions.values())

    @property
    def issued_tokens(self) -> frozenset[str]:
        return frozenset(self._tokens)

    def deliver(self) -> bool:
        """Let everything go on that can; False: nothing could."""
        went_on = False
        while True:
            with self._lock:
                if not self._ready:
                    return went_on
                execution, state, data = self._ready.popleft()
            went_on = True
            self._enter(execution, state, data)

    def next_timeout(self) -> datetime | None:
        """When the next task will have been waited for long enough."""
        with self._lock:
            return min((each.due for each in self._executions.values() if each.due), default=None)

    def time_out(self, now: datetime) -> None:
        """End the waits that are due."""
        with self._lock:
            late = [each for each in self._executions.values() if each.due and each.due <= now]
            for execution in late:
                execution.due, execution.token = None, ""
        for execution in late:
            self._fail(execution, _TIMEOUT)

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        arn, name = request["stateMachineArn"], request["name"]
        definition, data = self._definition_of(arn), json.loads(request["input"])
        with self._lock:
            if (arn, name) in self._executions:
                raise ServiceError("ExecutionAlreadyExists", name)
            execution = Execution(arn, name, definition, definition["StartAt"], data)
            self._executions[arn, name] = execution
            self._ready.append((execution, execution.state, data))
        told = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
        return {"executionArn": told, "startDate": self._clock.now.timestamp()}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        token = request["taskToken"]
        with self._lock:
            if (execution := self._tokens.get(token)) is None:
                raise ServiceError("InvalidToken", "Invalid token")
            if execution.token != token:
                raise ServiceError("TaskTimedOut", "Task Timed Out")
            execution.due, execution.token = None, ""
            following = execution.definition["States"][execution.state]["Next"]
            self._ready.append((execution, following, json.loads(request["output"])))
        return {}

    def _enter(self, execution: Execution, name: str, data: Any) -> None:
        state = execution.definition["States"][name]
        execution.state, execution.data = name, data
        execution.entered.append(name)
        if state["Type"] == "Choice":
            self._ready.append((execution, _chosen(state, data), data))
        elif state["Type"] == "Succeed":
            execution.status = "SUCCEEDED"
        else:
            self._run(execution, state)

    def _run(self, execution: Execution, state: Mapping[str, Any]) -> None:
        """A task: its function is tried at once as often as the template says."""
        waits = state["Resource"].endswith(_WAITS)
        tries = 1 + max(
            (r["MaxAttempts"] for r in state.get("Retry", ()) if _FAILED & {*r["ErrorEquals"]}),
            default=0,
        )
        for _ in range(tries):
            token = uuid.uuid4().hex
            if waits:
                seconds = _at(state["TimeoutSecondsPath"], execution.data)
                with self._lock:
                    self._tokens[token] = execution
                    execution.token = token
                    execution.due = self._clock.now + timedelta(seconds=seconds)
            context = {"State": {"EnteredTime": self._clock.stamp}, "Task": {"Token": token}}
            told = state["Parameters"]
            event = _filled(told["Payload"], execution.data, context)
            outcome = self._invoke(told["FunctionName"], event)
            if outcome.succeeded:
                if not waits:
                    output = _at(state["OutputPath"], {"Payload": outcome.response})
                    self._ready.append((execution, state["Next"], output))
                return
        execution.due, execution.token = None, ""
        self._fail(execution, outcome.response["errorType"])

    def _fail(self, execution: Execution, error: str) -> None:
        """Go where the state says that this is caught, or end the execution."""
        state = execution.definition["States"][execution.state]
        for catch in state.get("Catch", ()):
            named = {*catch["ErrorEquals"]}
            if error in named or (error != _TIMEOUT and _FAILED & named):
                data = execution.data | {catch["ResultPath"].removeprefix("$."): {"Error": error}}
                self._ready.append((execution, catch["Next"], data))
                return
        execution.status = "FAILED"
        detail = {"stateMachineArn": execution.machine_arn, "name": execution.name}
        kind = "Step Functions Execution Status Change"
        self._emit("aws.states", kind, detail | {"status": "FAILED", "error": error})


def _chosen(state: Mapping[str, Any], data: Any) -> str:
    for choice in state["Choices"]:
        if _at(choice["Variable"], data) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])


def _filled(template: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """Names in `.$` take what stands at a path: `$.` in the data, `$$.` in the context."""
    return {
        name.removesuffix(".$"): (
            _at(value[1:], context) if value.startswith("$$") else _at(value, data)
        )
        if name.endswith(".$")
        else value
        for name, value in template.items()
    }


def _at(path: str, data: Any) -> Any:
    for part in path.split(".")[1:]:
        data = data[part]
    return data
