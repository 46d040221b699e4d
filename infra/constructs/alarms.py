"""The few alarms that say Bursar itself is blind, stuck or losing work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bursar.config import Config
from infra.constructs.function import pascal_case

NAMESPACE = "Bursar"
HEARTBEAT = "Heartbeat"
HOUR, DAY = 60, 24 * 60  # in minutes
_TOGETHER = (  # of one hour, and of one thing: usage, and budgets
    ("collect_usage_metrics", "rollup_usage"),
    ("check_budgets", "enforce_stop"),
)


class Alarms(Construct):
    """Each tells the alerts topic when it fires, and again when all is well."""

    def __init__(self, scope: Construct, id_: str, *, topic: sns.ITopic) -> None:
        super().__init__(scope, id_)
        self._action = actions.SnsAction(topic)

    def heartbeat(self, *names: str, every_minutes: int) -> None:
        """Fire when one of these has not succeeded for three of its runs, or a day and two hours.

        A heart that stopped sends nothing at all, so silence is the breach. Of several the beats
        are multiplied: where one is silent there is no product.
        """
        period, silent = _watch(every_minutes)
        beats = {f"m{n}": _beats(name, period) for n, name in enumerate(names)}
        told = " or ".join(names)
        self._alarm(
            f"{''.join(map(pascal_case, names))}Heartbeat",
            f"{told} has not succeeded for {period * silent} minutes; "
            f"it should every {every_minutes}. See docs/runbook.md.",
            beats["m0"]
            if len(names) == 1
            else cloudwatch.MathExpression(
                expression=" * ".join(beats),
                using_metrics=beats,
                label=told,
                period=Duration.minutes(period),
            ),
            evaluation_periods=silent,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def holds_nothing(self, name: str, queue: sqs.IQueue, meaning: str) -> None:
        """Fire when anything lies in the queue."""
        self._alarm(
            name,
            f"{meaning} See docs/runbook.md.",
            queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic=cloudwatch.Stats.MAXIMUM
            ),
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # SQS falls silent when a queue has been empty for hours
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _alarm(
        self,
        id_: str,
        description: str,
        metric: cloudwatch.IMetric,
        *,
        evaluation_periods: int,
        comparison_operator: cloudwatch.ComparisonOperator,
        treat_missing_data: cloudwatch.TreatMissingData,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            id_,
            alarm_description=description,
            metric=metric,
            threshold=1,
            evaluation_periods=evaluation_periods,
            comparison_operator=comparison_operator,
            treat_missing_data=treat_missing_data,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)


def heartbeats(config: Config) -> dict[str, int]:
    """Each function that something wakes, and after how many minutes its heart should beat."""
    hourly = ("attribute_costs", "collect_prices", "send_notifications", "check_health")
    beats = dict.fromkeys(hourly, HOUR)
    if config.spend.enabled:
        # reconcile_spend has none: it watches no money itself, and when it fails its event is kept
        beats |= {"collect_spend": DAY, "check_budgets": DAY}
    if config.anomalies.enabled:
        # forecast_spend has none: without it budgets go by the run rate, and say so
        beats["detect_anomalies"] = 6 * HOUR
    if config.metrics_producers:
        beats["collect_usage_metrics"] = HOUR
    if config.usage.bulk:
        beats["rollup_usage"] = HOUR
    if config.stops:
        beats["enforce_stop"] = HOUR  # it runs twelve times as often
    if config.clusters:
        fastest = min(cluster.snapshot_every_minutes for cluster in config.clusters)
        beats |= {"snapshot_cluster": fastest, "close_hour": HOUR, "check_budgets": HOUR}
    return beats


def alarm_groups(beats: Mapping[str, int]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Who shares an alarm, and their minutes: alarms are few, so that each is looked at."""
    groups = [tuple(name for name in group if name in beats) for group in _TOGETHER]
    shared = {name for group in groups for name in group}
    for group in filter(None, groups):
        yield group, beats[group[0]]
    for name, minutes in beats.items():
        if name not in shared:
            yield (name,), minutes


def _beats(name: str, period_minutes: int) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=HEARTBEAT,
        dimensions_map={"service": name},
        statistic=cloudwatch.Stats.SUM,
        period=Duration.minutes(period_minutes),
    )


def _watch(every_minutes: int) -> tuple[int, int]:
    """The period in minutes, and how many of them in a row must be silent."""
    if every_minutes > HOUR:  # a run a day: its hour may drift, so count hours
        return HOUR, ceil(every_minutes / HOUR) + 2
    return every_minutes, max(3, ceil(15 / every_minutes))
