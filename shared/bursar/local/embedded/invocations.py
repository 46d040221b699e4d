"""How Lambda treats events: synchronously, or asynchronously with retries and destinations."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bursar.local.embedded.clock import Clock
from bursar.local.embedded.errors import UnsupportedTargetError
from bursar.local.embedded.execution_environment import Ending
from bursar.local.embedded.functions import InvokeConfig, LambdaFunction
from bursar.local.embedded.runtime_api import LambdaRuntime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt to run an event came to."""

    request_id: str
    ending: Ending
    payload: bytes

    @property
    def succeeded(self) -> bool:
        return self.ending == "response"

    @property
    def response(self) -> Any:
        """The decoded answer, or Lambda's description of the error."""
        return json.loads(self.payload) if self.payload else None


Resolve = Callable[[str], LambdaFunction]
ConfigOf = Callable[[LambdaFunction], InvokeConfig]
Send = Callable[[str, Mapping[str, Any]], None]


class Invocations:
    """Runs events of deployed functions.

    An asynchronous event is tried at once, and again at once when it fails: in simulated time
    Lambda's waits between attempts take none. A destination is reached before the event counts
    as done, so that `settle` waits for whole chains.
    """

    def __init__(
        self,
        runtime: LambdaRuntime,
        resolve: Resolve,
        config_of: ConfigOf,
        send: Send,
        clock: Clock,
        parallelism: int,
    ) -> None:
        self._runtime = runtime
        self._resolve = resolve
        self._config_of = config_of
        self._send = send
        self._clock = clock
        self._pool = ThreadPoolExecutor(parallelism, thread_name_prefix="embedded-lambda")
        self._lock = threading.Lock()
        self._pending: list[Future[Outcome]] = []

    def invoke(self, function: str, event: Any) -> Outcome:
        """Run one event and answer with what came of it (`RequestResponse`)."""
        return self._attempt(self._resolve(function), json.dumps(event).encode())

    def submit(self, function: str, event: Any) -> Future[Outcome]:
        """Take one event and answer at once (`Event`); `settle` waits for it."""
        target = self._resolve(function)
        future = self._pool.submit(self.run_event, target, event)
        with self._lock:
            self._pending.append(future)
        return future

    def settle(self) -> bool:
        """Wait for what was submitted, and for what that submitted. False: nothing was."""
        ran = False
        while True:
            with self._lock:
                pending, self._pending = self._pending, []
            if not pending:
                return ran
            ran = True
            for future in pending:
                future.result()

    def run_event(self, function: LambdaFunction, event: Any) -> Outcome:
        """Try an asynchronous event to its end, its destination included."""
        config = self._config_of(function)
        payload = json.dumps(event).encode()
        attempts = 0
        while True:
            outcome = self._attempt(function, payload)
            attempts += 1
            if outcome.succeeded or attempts > config.retries:
                break
        condition = "Success" if outcome.succeeded else "RetriesExhausted"
        destination = config.on_success if outcome.succeeded else config.on_failure
        if destination:
            self._deliver(
                destination, self._envelope(function, event, outcome, condition, attempts)
            )
        return outcome

    def close(self) -> None:
        """Take no more; what still runs ends with its process, which the runtime ends next."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, function: LambdaFunction, payload: bytes) -> Outcome:
        body, report = self._runtime.invoke(function, payload)
        return Outcome(report.request_id, report.ending, body)

    def _deliver(self, destination: str, envelope: Mapping[str, Any]) -> None:
        if ":lambda:" in destination:
            self.run_event(self._resolve(destination), envelope)
        else:
            self._send(destination, envelope)

    def _envelope(
        self,
        function: LambdaFunction,
        event: Any,
        outcome: Outcome,
        condition: str,
        attempts: int,
    ) -> dict[str, Any]:
        response = {"statusCode": 200, "executedVersion": "$LATEST"}
        if not outcome.succeeded:
            response["functionError"] = "Unhandled"
        return {
            "version": "1.0",
            "timestamp": self._clock.stamp,
            "requestContext": {
                "requestId": outcome.request_id,
                "functionArn": f"{function.arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": event,
            "responseContext": response,
            "responsePayload": outcome.response,
        }


def sender(client: Callable[[str], Any]) -> Send:
    """Delivers a JSON document to a queue or a topic, by ARN."""

    def send(arn: str, document: Mapping[str, Any]) -> None:
        service, name = arn.split(":")[2], arn.split(":")[5]
        text = json.dumps(document)
        if service == "sqs":
            url = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
            client("sqs").send_message(QueueUrl=url, MessageBody=text)
        elif service == "sns":
            client("sns").publish(TopicArn=arn, Message=text)
        else:
            raise UnsupportedTargetError(f"no destination of {service} is embedded: {arn}")

    return send
