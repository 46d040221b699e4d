"""CloudWatch alarms. They are stored as deployed, and not evaluated."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.local.embedded.cloudformation_types.resources import Create, Created, Request


def _alarm(request: Request) -> Created:
    request.stack.client("cloudwatch").put_metric_alarm(
        **{**request.properties, "AlarmName": request.name}
    )
    region, account = request.stack.region, request.stack.account
    arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{request.name}"
    return Created(request.name, {"Arn": arn})


TYPES: Mapping[str, Create] = {"AWS::CloudWatch::Alarm": _alarm}
