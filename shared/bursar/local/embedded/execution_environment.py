"""One execution environment of a Lambda function: one process that really runs `awslambdaric`."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

from bursar.local.embedded.functions import LambdaFunction
from bursar.local.embedded.runtime_processes import RuntimeProcesses

INIT_TIMEOUT_SECONDS = 30.0

Kind = Literal["ready", "response", "error", "init_error", "exited"]
Ending = Literal["response", "error", "init_error", "crash", "timeout"]


@dataclass(frozen=True, slots=True)
class Job:
    request_id: str
    payload: bytes
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Message:
    """What the environment tells: it is ready, it answers, it failed, it is gone."""

    kind: Kind
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Report:
    """One invocation, as the REPORT line of a Lambda log has it."""

    function: str
    request_id: str
    cold: bool
    init_ms: float | None
    duration_ms: float
    ending: Ending


class ExecutionEnvironment:
    def __init__(
        self,
        function: LambdaFunction,
        code: Path,
        log_file: Path,
        api_address: str,
        processes: RuntimeProcesses,
    ) -> None:
        self.id = uuid.uuid4().hex
        self.function = function
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.messages: SimpleQueue[Message] = SimpleQueue()
        self._init_ms: float | None = None
        self._cold = True
        self._started = time.perf_counter()
        own = _environ(function, code, f"{api_address}/{self.id}")
        self._process = processes.begin(function.handler, code, log_file, own)
        self._process.ended.add_done_callback(lambda _: self.messages.put(Message("exited")))

    def note_ready(self) -> None:
        """The runtime asked for its first event: initialisation is over."""
        if self._init_ms is None:
            self._init_ms = (time.perf_counter() - self._started) * 1000
            self.messages.put(Message("ready"))

    @property
    def alive(self) -> bool:
        return self._process.alive

    @property
    def pid(self) -> int:
        return self._process.pid

    def invoke(self, request_id: str, payload: bytes) -> tuple[bytes, Report]:
        """Run one event here, and answer as the Lambda service would."""
        cold, self._cold = self._cold, False
        ending, body = self._start() if cold else (None, b"")
        begun = time.perf_counter()
        if ending is None:
            ending, body = self._run(request_id, payload)
        report = Report(
            function=self.function.name,
            request_id=request_id,
            cold=cold,
            init_ms=self._init_ms if cold else None,
            duration_ms=(time.perf_counter() - begun) * 1000,
            ending=ending,
        )
        if ending == "crash":
            body = _error("Runtime.ExitError", request_id, self._exit_reason())
        elif ending == "timeout":
            seconds = self.function.timeout_seconds
            body = _error(
                "Sandbox.Timedout", request_id, f"Task timed out after {seconds:.2f} seconds"
            )
        return body, report

    def close(self) -> None:
        """End the process, at once: an idle Lambda environment is owed nothing."""
        self.jobs.put(None)
        if self.alive:
            self._process.kill()
        self._process.wait()

    def _start(self) -> tuple[Ending | None, bytes]:
        try:
            message = self.messages.get(timeout=INIT_TIMEOUT_SECONDS)
        except Empty:
            self.close()
            return "timeout", b""
        if message.kind == "ready":
            return None, b""
        if message.kind == "init_error":
            self.close()
            return "init_error", message.body
        return "crash", b""

    def _run(self, request_id: str, payload: bytes) -> tuple[Ending, bytes]:
        timeout = self.function.timeout_seconds
        self.jobs.put(Job(request_id, payload, int((time.time() + timeout) * 1000)))
        try:
            message = self.messages.get(timeout=timeout)
        except Empty:
            self.close()
            return "timeout", b""
        if message.kind == "response":
            return "response", message.body
        if message.kind == "error":
            return "error", message.body
        self.close()
        return "crash", b""

    def _exit_reason(self) -> str:
        code = self._process.wait()
        return "Runtime exited with error: " + (
            f"signal {-code}" if code < 0 else f"exit status {code}"
        )


def _environ(function: LambdaFunction, code: Path, api: str) -> dict[str, str]:
    return {
        "AWS_EXECUTION_ENV": "AWS_Lambda_" + function.runtime,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "embedded",
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": function.handler,
        **function.environment,
    }


def _error(error_type: str, request_id: str, reason: str) -> bytes:
    message = f"RequestId: {request_id} Error: {reason}"
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
