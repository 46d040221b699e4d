"""The embedded cloud: one account, one region, on loopback, in simulated time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3

from bursar.local.embedded import deployment as deployments
from bursar.local.embedded import rules
from bursar.local.embedded.aws_server import serve_aws
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.deployment import Deployment
from bursar.local.embedded.errors import DeploymentError
from bursar.local.embedded.execution_environment import Report
from bursar.local.embedded.functions import InvokeConfig, LambdaFunction
from bursar.local.embedded.http_api import JsonRpcServer
from bursar.local.embedded.invocations import Invocations, Outcome, sender
from bursar.local.embedded.lambda_api import answered_by
from bursar.local.embedded.notifications import Delivery, Outbox
from bursar.local.embedded.queues import QueuePoller
from bursar.local.embedded.runtime_api import LambdaRuntime
from bursar.local.embedded.schedules import MINUTE, OnStep, steps
from bursar.local.embedded.streams import StreamPoller
from bursar.local.embedded.workflows import Workflows

ACCOUNT = "123456789012"
_NO_SECRETS = {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"}


class EmbeddedCloud:
    """An AWS that starts empty, takes one stack, and is gone on close.

    Only one may be open in a process at a time: moto's state belongs to the process.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        now: datetime | None = None,
        endpoints: Mapping[str, str] | None = None,
        directory: Path | None = None,
        parallelism: int = 2,
        api_url: str = "",
        minutely_each: timedelta = MINUTE,
    ) -> None:
        """`endpoints` are services that moto lacks, by the name botocore gives their variable:
        `{"PRICING": url, "COST_EXPLORER": url}`. `directory` keeps code and logs after close.
        `api_url` is where somebody serves the HTTP API, if not at an address of AWS.
        `minutely_each`: what is due every minute fires once in so long, and before `run` ends.
        """
        self.region, self._parallelism = region, parallelism
        self.account = ACCOUNT
        self.clock = Clock(now or datetime.now(UTC))
        self._api_url, self._minutely_each = api_url, minutely_each
        self._deployment: Deployment | None = None
        self._pollers: list[StreamPoller | QueuePoller | Workflows] = []
        self._created = self.clock.now
        self._clients: dict[str, Any] = {}
        self._client_lock = threading.Lock()
        with ExitStack() as stack:
            self.url = stack.enter_context(serve_aws())
            self.workflows = Workflows(
                lambda arn: self.deployment.state_machines[arn],
                self.invoke,
                self._emit,
                self.clock,
            )
            step_functions = stack.enter_context(JsonRpcServer(self.workflows.operations))
            self.environment: Mapping[str, str] = {
                **_NO_SECRETS,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL": self.url,
                "AWS_ENDPOINT_URL_SFN": step_functions.url,
                **{f"AWS_ENDPOINT_URL_{name}": url for name, url in (endpoints or {}).items()},
            }
            self._session = boto3.Session(
                _NO_SECRETS["AWS_ACCESS_KEY_ID"],
                _NO_SECRETS["AWS_SECRET_ACCESS_KEY"],
                region_name=region,
            )
            self._runtime = LambdaRuntime(self.environment, directory)
            stack.callback(self._runtime.close)
            self._send = sender(self.client)
            self._invocations = Invocations(
                self._runtime,
                self._function,
                self._invoke_config,
                self._send,
                self.clock,
                parallelism,
            )
            stack.callback(self._invocations.close)
            stack.callback(self._close_clients)
            self._outbox = Outbox(self.clock, self._invocations.submit)
            stack.enter_context(self._outbox.attached())
            stack.enter_context(answered_by(self._invocations))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process and forget every resource. Twice is once."""
        self._stack.close()

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud; the same one each time."""
        with self._client_lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, endpoint_url=self.url)
            return self._clients[service]

    def resource(self, service: str) -> Any:
        return self._session.resource(service, endpoint_url=self.url)

    def deploy(self, assembly: Path) -> Deployment:
        """Create the stack of a synthesized assembly.

        Raises:
            DeploymentError: it cannot be created whole, or another was deployed before.
        """
        if self._deployment is not None:
            raise DeploymentError("this cloud has its stack already")
        deployed = deployments.deploy(
            assembly, self.client, self.account, self.region, self._api_url
        )
        self._deployment = deployed
        self._created = self.clock.now
        self._pollers = [
            StreamPoller(
                mapping, self._invocations, self._send, self.clock, self.account, self.region
            )
            for mapping in deployed.streams
        ]
        self._pollers += [
            QueuePoller(mapping, self._invocations, self.client, self.clock)
            for mapping in deployed.queues
        ]
        self._pollers.append(self.workflows)
        return deployed

    @property
    def deployment(self) -> Deployment:
        """What was deployed.

        Raises:
            DeploymentError: nothing yet.
        """
        if self._deployment is None:
            raise DeploymentError("nothing is deployed")
        return self._deployment

    def warm_up(self) -> None:
        """Start the environments that schedules will want at once, and those of what follows
        them: as with provisioned concurrency they are ready when their first event comes."""
        at_once = Counter((each.target_arn, each.expression) for each in self.deployment.schedules)
        for (arn, _), schedules in at_once.items():
            function = self._function(arn)
            follows = self._invoke_config(function).on_success or ""
            for started in (
                function,
                *([self._function(follows)] if ":lambda:" in follows else []),
            ):
                self._runtime.start(started, min(schedules, self._parallelism))

    def invoke(self, function: str, event: Any) -> Outcome:
        """Run a function and wait, by any name that `Deployment.function` knows."""
        return self._invocations.invoke(function, event)

    def send_event(self, function: str, event: Any) -> Outcome:
        """Run a function asynchronously: with retries, destinations, and what they set off."""
        outcome = self._invocations.submit(function, event).result()
        self.settle()
        return outcome

    def put_event(
        self, source: str, detail_type: str, detail: Mapping[str, Any], time: datetime
    ) -> int:
        """Put an event on the default bus; answers how many targets it met."""
        self.clock.set(time)
        met = self._emit(source, detail_type, detail)
        self.settle()
        return met

    def run(
        self,
        start: datetime,
        end: datetime,
        on_step: OnStep | None = None,
        before_step: OnStep | None = None,
    ) -> int:
        """Live through [start, end): fire what is due, and let it finish before time moves on.

        `before_step` sees each instant when the clock shows it and nothing has run, `on_step`
        when all is done. Answers how many schedules fired.
        """
        fired = 0
        schedules, each = self.deployment.schedules, self._minutely_each
        for step in steps(schedules, start, end, self._created, each):
            self.time_out_waits(step.due)
            self.clock.set(step.due)
            if before_step:
                before_step(step)
            for firing in step.firings:
                self._invocations.submit(firing.schedule.target_arn, firing.event)
            fired += len(step.firings)
            self.settle()
            if on_step:
                on_step(step)
        self.time_out_waits(end)
        return fired

    def settle(self) -> None:
        """Wait until nothing runs, and no stream or queue holds what a function waits for."""
        while True:
            self._invocations.settle()
            delivered = [poller.deliver() for poller in self._pollers]
            if not any(delivered):
                return

    def sent(self, topic: str | None = None) -> tuple[Delivery, ...]:
        """What SNS delivered, of one topic (ARN or name) or of all."""
        return self._outbox.sent(topic)

    def log(self, function: str) -> str:
        """What the function wrote to its log so far."""
        file = self._runtime.log_file(self._function(function))
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    @property
    def reports(self) -> tuple[Report, ...]:
        """Every invocation so far: cold or warm, how long, how it ended."""
        return tuple(self._runtime.reports)

    @property
    def process_ids(self) -> tuple[int, ...]:
        return self._runtime.process_ids

    def time_out_waits(self, until: datetime) -> None:
        """End the waits of workflows that are due by then, each at its own time."""
        while (due := self.workflows.next_timeout()) is not None and due <= until:
            self.clock.set(due)
            self.workflows.time_out(due)
            self.settle()

    def _emit(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> int:
        """What happens now, to the targets of the rules that match; answers how many."""
        now = self.clock.now
        event = rules.envelope(source, detail_type, detail, now, self.account, self.region)
        matched = list(rules.matches(event, self.account, self.region))
        for match in matched:
            if ":lambda:" in match.target_arn:
                self._invocations.submit(match.target_arn, match.event)
            else:
                self._send(match.target_arn, match.event)
        return len(matched)

    def _function(self, name: str) -> LambdaFunction:
        return self.deployment.function(name)

    def _invoke_config(self, function: LambdaFunction) -> InvokeConfig:
        return self.deployment.invoke_configs.get(function.arn, InvokeConfig())

    def _close_clients(self) -> None:
        with self._client_lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
