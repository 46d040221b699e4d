"""Bedrock's usage as CloudWatch counts it (namespace AWS/Bedrock), an hour and a model at a time.

Metrics by docs.aws.amazon.com/bedrock, "Monitor bedrock-runtime inference using CloudWatch
metrics": sums by `ModelId`, which is a model, an inference profile or provisioned throughput.
`InputTokenCount` leaves out what the prompt cache read and wrote. CloudWatch keeps hours for 15
months; one that has just ended may still rise, so ask some minutes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bursar.domain.periods import Window
from bursar.domain.usage.bedrock import PROVIDER, ProvisionedHour, model_name
from bursar.domain.usage.producers import ProducerPolicy, TenantRefusedError
from bursar.domain.usage.records import TokenCounts, UsageRecord, UsageRecordError
from bursar.domain.usage.rejections import Rejection
from bursar.domain.usage.told_records import usage_record

_NAMESPACE, _DIMENSION = "AWS/Bedrock", "ModelId"
_INPUT, _OUTPUT, _REQUESTS = "InputTokenCount", "OutputTokenCount", "Invocations"
# the cache's metrics have been published under both names
_CACHED = ("CacheReadInputTokenCount", "CacheReadInputTokens")
_WRITTEN = ("CacheWriteInputTokenCount", "CacheWriteInputTokens")
_METRICS = (_INPUT, _OUTPUT, _REQUESTS, *_CACHED, *_WRITTEN)
_MOST_QUERIES = 500  # of one GetMetricData
_HOUR_SECONDS = 3600
_SERVING = ("InService", "Updating")

Sums = dict[str, int]


class CloudWatchUnreadableError(Exception):
    """CloudWatch answered a part of what was asked."""


class CloudWatchBedrockUsage:
    """`cloudwatch` and `bedrock` are clients of one account and region, named by `where`."""

    def __init__(self, cloudwatch: Any, bedrock: Any, where: str) -> None:
        self._cloudwatch, self._bedrock, self._where = cloudwatch, bedrock, where

    def records(self, hour: Window, producer: ProducerPolicy) -> Iterator[UsageRecord | Rejection]:
        """One record for each model that was used in the hour; asked again, the same ids."""
        for model, sums in sorted(self._sums(hour).items()):
            try:
                yield self._record(model, sums, hour.start.astimezone(UTC), producer)
            except (UsageRecordError, TenantRefusedError) as error:
                yield Rejection(model, str(error))

    def provisioned(self, hour: Window) -> Sequence[ProvisionedHour]:
        """The throughput that served (and was billed) in the hour, by name.

        Bedrock says only what is there now: ask in the hour, or soon after it.
        """
        pages = self._bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
        found = (each for page in pages for each in page["provisionedModelSummaries"])
        return [
            ProvisionedHour(
                name=each["provisionedModelName"],
                arn=each["provisionedModelArn"],
                model=model_name(each["foundationModelArn"]),
                model_units=each["modelUnits"],
                commitment=each.get("commitmentDuration", ""),
                hour=hour.start,
            )
            for each in sorted(found, key=lambda each: str(each["provisionedModelName"]))
            if each["status"] in _SERVING and each["creationTime"] < hour.end
        ]

    def _record(
        self, model: str, sums: Sums, hour: datetime, producer: ProducerPolicy
    ) -> UsageRecord:
        cached = sum(sums.get(name, 0) for name in _CACHED)
        written = sum(sums.get(name, 0) for name in _WRITTEN)
        return usage_record(
            producer,
            id=f"{self._where}/{model}/{hour:%Y-%m-%dT%H}",
            at=hour,
            tenant="",
            model=model,
            provider=PROVIDER,
            requests=sums.get(_REQUESTS, 0),
            tokens=TokenCounts(
                input=sums.get(_INPUT, 0) + cached + written,
                cached_input=cached,
                cache_write_5m=written,
                output=sums.get(_OUTPUT, 0),
            ),
        )

    def _sums(self, hour: Window) -> dict[str, Sums]:
        """By model's name, then metric; models without a request or token are left out.

        A model called by its id and by its ARN has two `ModelId`s.
        """
        asked = [(metric, model) for metric in _METRICS for model in self._models(metric)]
        sums: dict[str, Sums] = {}
        for first in range(0, len(asked), _MOST_QUERIES):
            some = asked[first : first + _MOST_QUERIES]
            for (metric, model), total in zip(some, self._totals(some, hour), strict=True):
                if total:
                    of_model = sums.setdefault(model_name(model), {})
                    of_model[metric] = of_model.get(metric, 0) + total
        return sums

    def _models(self, metric: str) -> list[str]:
        """Those that CloudWatch has this metric of by `ModelId` alone: finer ones repeat it."""
        pages = self._cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=_NAMESPACE, MetricName=metric, Dimensions=[{"Name": _DIMENSION}]
        )
        return sorted(
            each["Dimensions"][0]["Value"]
            for page in pages
            for each in page["Metrics"]
            if len(each["Dimensions"]) == 1
        )

    def _totals(self, asked: Sequence[tuple[str, str]], hour: Window) -> list[int]:
        queries = [_query(f"m{n}", metric, model) for n, (metric, model) in enumerate(asked)]
        pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=hour.start, EndTime=hour.end
        )
        totals = [0] * len(asked)
        states: dict[str, str] = {}
        for result in (each for page in pages for each in page["MetricDataResults"]):
            totals[int(result["Id"][1:])] += round(sum(result["Values"]))
            states[result["Id"]] = result["StatusCode"]
        if broken := [state for state in states.values() if state != "Complete"]:
            raise CloudWatchUnreadableError(f"{len(broken)} of {len(asked)}: {broken[0]}")
        return totals


def _query(name: str, metric: str, model_id: str) -> Mapping[str, Any]:
    dimensions = [{"Name": _DIMENSION, "Value": model_id}]
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
            "Period": _HOUR_SECONDS,
            "Stat": "Sum",
        },
        "ReturnData": True,
    }
