"""The real template on the embedded AWS, with a small demo-like configuration around it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from bursar.config import Config
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.health import SourceHealth
from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.local.demo_config import CLUSTERS, demo_config, free_ports, read_demo_config
from bursar.local.embedded.clock import Clock
from bursar.local.embedded.invocations import Outcome
from bursar.local.embedded.notifications import Delivery
from bursar.local.guard import LocalGuard
from bursar.local.scenario import Scenario, true_cost
from bursar.local.services import Services

START = datetime(2026, 10, 19, tzinfo=UTC)  # a Monday
DEPLOYED_AT = START + timedelta(days=1, hours=4, minutes=55)  # before the prices, at 05:10
FIRST_HOUR = START + timedelta(days=1, hours=5)
TRAINING_IS_DOWN = Window(FIRST_HOUR + timedelta(hours=3.25), FIRST_HOUR + timedelta(hours=5.75))


class GuardedPlatform:
    """A deployed guard, what it watches, and the hour of the day."""

    def __init__(self, guard: LocalGuard, services: Services, scenario: Scenario) -> None:
        self.guard, self.services, self.scenario = guard, services, scenario
        self.cloud, self.stores, self.config = guard.cloud, guard.stores, guard.config
        self.table = self.cloud.resource("dynamodb").Table(guard.deployment.outputs["TableName"])
        self.now = DEPLOYED_AT

    def go_on(self, until: datetime) -> None:
        """Let the schedules fire up to a time."""
        self.guard.run(self.now, until)
        self.now = until

    def send(self, function: str, at: datetime, **event: Any) -> Outcome:
        """What a schedule would send, at a time of the test's choice."""
        return self.cloud.send_event(function, {"scheduled_at": at.isoformat(), **event})

    def sent(self, since: datetime, kind: str | None = None) -> list[Delivery]:
        """What subscriptions were sent from a time on, of one kind of alert or of all."""
        return [
            each
            for each in self.cloud.sent()
            if each.sent_at >= since and kind in (None, each.attributes["kind"])
        ]

    def closed(self, cluster: str, window: Window) -> Sequence[HourCosts]:
        return self.stores.history.hours(cluster, window)

    def health(self, source: str) -> SourceHealth:
        return next(each for each in self.stores.health.all() if each.source == source)

    def successes(self) -> Counter[str]:
        """How often each function ended well, by its verb_noun."""
        functions = self.cloud.deployment.functions.values()
        names = {each.name: each.handler.split(".")[1] for each in functions}
        ended = (run for run in self.cloud.reports if run.ending == "response")
        return Counter(names[run.function] for run in ended)

    def failed_events(self) -> list[dict[str, Any]]:
        """Take what lies in the failure queue."""
        sqs, url = self.cloud.client("sqs"), self.cloud.deployment.outputs["FailedEventsUrl"]
        taken = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(json.loads(message["Body"]))
        return taken


def differs(guard: Money, true: Money) -> Fraction:
    """By what part of the truth the guard is wrong."""
    return abs((guard - true).over(true) or Fraction(0))


def true_total(scenario: Scenario, cluster: str, window: Window) -> Money:
    return Money.of(sum(true_cost(scenario, cluster, window).values(), Decimal(0)))


def _small_config(path: Path, scenario: Scenario) -> Config:
    """The demo's, with one budget that two and a half hours of inference use up."""
    values = demo_config(dict(zip(CLUSTERS, free_ports(len(CLUSTERS)), strict=True)))
    spent = Window(FIRST_HOUR, FIRST_HOUR + timedelta(hours=2, minutes=30))
    values["budgets"] = [
        {
            "id": "inference-day",
            "scope": "cluster=inference",
            "limit": true_total(scenario, "inference", spent).plain(),
            "period": "day",
            "owner": "platform",
            "thresholds": [{"percent": 100, "basis": "actual", "severity": "critical"}],
        }
    ]
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return read_demo_config(path)


@pytest.fixture(scope="module")
def platform(
    synthesize: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GuardedPlatform]:
    """A guard that was deployed at 04:55 and has seen nothing yet."""
    directory = tmp_path_factory.mktemp("guard")
    scenario = Scenario(start=START, days=4)
    config = _small_config(directory / "bursar.yaml", scenario)
    assembly = directory / "assembly"
    done = synthesize(directory / "bursar.yaml", assembly, "--disposable")
    assert done.returncode == 0, done.stderr
    clock = Clock(DEPLOYED_AT)
    services = Services(scenario, config, clock)
    try:
        with LocalGuard(
            config, scenario, services, clock, assembly, directory / "lambda"
        ) as guard:
            yield GuardedPlatform(guard, services, scenario)
    finally:
        services.close()


@pytest.fixture(scope="module")
def day(platform: GuardedPlatform) -> GuardedPlatform:
    """A quarter of a day: from 05:00 six hours were closed, some of them in the dark."""
    training = platform.guard.clusters["training"]
    platform.go_on(TRAINING_IS_DOWN.start + timedelta(minutes=5))
    training.stop()
    platform.go_on(TRAINING_IS_DOWN.end - timedelta(minutes=5))
    training.start()
    platform.go_on(FIRST_HOUR + timedelta(hours=6, minutes=15))
    return platform
