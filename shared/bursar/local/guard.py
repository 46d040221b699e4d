"""The whole guard on one machine: the synthesized stack on the embedded AWS, and its clusters."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from bursar.config import Config
from bursar.config.clusters import Cluster
from bursar.domain.periods import HOUR, Window, hours
from bursar.local.cluster_objects import cluster_objects
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.schedules import Step
from bursar.local.gateway_traffic import GATEWAY, usage_message
from bursar.local.kubernetes_server import KubernetesServer
from bursar.local.scenario import Scenario, kubernetes_objects
from bursar.local.services import Services
from bursar.local.stores import Address, stores_at

_GATEWAY_QUEUE = "".join(map(str.title, GATEWAY.split("-")))


class LocalGuard:
    """The deployed stack, its clusters and its clock. Ends every process on close."""

    def __init__(
        self,
        config: Config,
        scenario: Scenario,
        services: Services,
        clock: Clock,
        assembly: Path,
        work: Path,
        api_url: str = "",
    ) -> None:
        self.config, self.scenario = config, scenario
        with ExitStack() as stack:
            self.cloud = stack.enter_context(
                EmbeddedCloud(
                    region=config.region,
                    now=clock.now,
                    endpoints=services.endpoints,
                    directory=work,
                    api_url=api_url,
                    minutely_each=HOUR,
                )
            )
            self.deployment = self.cloud.deploy(assembly)
            self.clusters = {
                cluster.name: stack.enter_context(self._serve(cluster))
                for cluster in config.clusters
            }
            self.stores = stores_at(self.address)
            self._told_until = self._usage_until = clock.now
            self._follow = clock
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def address(self) -> Address:
        return Address(self.config.region, self.cloud.url, self.deployment.outputs)

    def run(self, start: datetime, end: datetime, on_step: Any = None) -> int:
        """Let the template's schedules fire over [start, end); answers how many did."""
        return self.cloud.run(start, end, on_step=on_step, before_step=self._tell)

    def _tell(self, step: Step) -> None:
        """What the world tells by the time of a step: EC2 its changes, each at its own time, then
        the gateway the usage of the hours that are over."""
        self._tell_instances(step)
        for hour in hours(Window(self._usage_until, step.due)):
            if hour.end <= step.due:
                self._send_usage(usage_message(self.scenario, hour.start))
                self._usage_until = hour.end

    def _send_usage(self, body: str) -> None:
        queue = self.deployment.outputs[f"UsageQueue{_GATEWAY_QUEUE}"]
        self.cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=body)

    def _tell_instances(self, step: Step) -> None:
        """EC2 tells of the instances that changed since the last step, each at its own time."""
        self._follow.set(step.due)
        for cluster in self.config.clusters:
            events = self.scenario.instance_events(cluster.name, self._told_until, step.due)
            for at, instance_id, state in events:
                detail = {"instance-id": instance_id, "state": state}
                kind = "EC2 Instance State-change Notification"
                self.cloud.put_event("aws.ec2", kind, detail, at)
        self._told_until = step.due
        self.cloud.clock.set(step.due)

    def _serve(self, cluster: Cluster) -> KubernetesServer:
        return KubernetesServer(
            partial(self._objects, cluster.name),
            lambda token: token.startswith("k8s-aws-v1."),
            port=urlsplit(cluster.endpoint).port or 0,
            git_version=self.scenario.git_version(cluster.name),
            stored=cluster_objects(
                self.scenario, cluster.name, partial(self._objects, cluster.name, "pods")
            ),
        )

    def _objects(self, cluster: str, plural: str) -> Sequence[dict[str, Any]]:
        return kubernetes_objects(self.scenario.state(cluster, self.cloud.clock.now), plural)
