"""Lambda and EventBridge Scheduler."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from bursar.local.embedded.cloudformation_types.resources import (
    Create,
    Created,
    Properties,
    Request,
)
from bursar.local.embedded.errors import UnsupportedTargetError
from bursar.local.embedded.functions import (
    InvokeConfig,
    LambdaFunction,
    QueueMapping,
    Schedule,
    StreamMapping,
)


def _function(request: Request) -> Created:
    properties, stack = request.properties, request.stack
    code = _code(properties["Code"], stack.client("s3"))
    name = request.name[:64]
    made = stack.client("lambda").create_function(
        FunctionName=name,
        Code={"ZipFile": code},
        **request.only(
            "Architectures",
            "Description",
            "Environment",
            "Handler",
            "MemorySize",
            "Role",
            "Runtime",
            "Timeout",
            "TracingConfig",
        ),
    )
    stack.functions[request.logical_id] = LambdaFunction(
        logical_id=request.logical_id,
        name=name,
        arn=made["FunctionArn"],
        handler=properties["Handler"],
        runtime=properties["Runtime"],
        timeout_seconds=float(properties.get("Timeout", 3)),
        memory_mib=int(properties.get("MemorySize", 128)),
        environment=_environment(properties),
        code_zip=code,
        code_sha256=hashlib.sha256(code).hexdigest(),
    )
    return Created(name, {"Arn": made["FunctionArn"]})


def _environment(properties: Properties) -> dict[str, str]:
    """The template's variables, and the two that Lambda derives from LoggingConfig."""
    variables = {
        name: str(value)
        for name, value in properties.get("Environment", {}).get("Variables", {}).items()
    }
    logging = properties.get("LoggingConfig", {})
    if logging.get("LogFormat") == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = logging.get("ApplicationLogLevel", "INFO")
    return variables


def _code(source: Mapping[str, str], s3: Any) -> bytes:
    if "ZipFile" in source:  # in a template this is the text of index.py, not an archive
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("index.py", source["ZipFile"])
        return archive.getvalue()
    found = s3.get_object(Bucket=source["S3Bucket"], Key=source["S3Key"])
    body: bytes = found["Body"].read()
    return body


def _invoke_config(request: Request) -> Created:
    properties, stack = request.properties, request.stack
    function = next(
        function
        for function in stack.functions.values()
        if properties["FunctionName"] in (function.name, function.arn)
    )
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=function.name,
        **request.only("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"),
    )
    destinations = properties.get("DestinationConfig", {})
    stack.invoke_configs[function.arn] = InvokeConfig(
        retries=int(properties.get("MaximumRetryAttempts", 2)),
        on_success=destinations.get("OnSuccess", {}).get("Destination"),
        on_failure=destinations.get("OnFailure", {}).get("Destination"),
    )
    return Created(request.logical_id)


def _event_source_mapping(request: Request) -> Created:
    properties, stack = request.properties, request.stack
    source = properties["EventSourceArn"]
    function = next(
        function
        for function in stack.functions.values()
        if properties["FunctionName"] in (function.name, function.arn)
    )
    if ":dynamodb:" in source:
        stack.streams.append(_stream(function.arn, source, properties))
    elif ":sqs:" in source:
        stack.queues.append(
            QueueMapping(
                function_arn=function.arn,
                queue_arn=source,
                batch_size=int(properties.get("BatchSize", 10)),
                reports_failures=_reports_failures(properties),
            )
        )
    else:
        raise UnsupportedTargetError(f"{request.logical_id}: no event source {source}")
    return Created(request.logical_id, {"Id": request.logical_id})


def _stream(function_arn: str, source: str, properties: Properties) -> StreamMapping:
    retries = int(properties.get("MaximumRetryAttempts", -1))
    filters = properties.get("FilterCriteria", {}).get("Filters", ())
    return StreamMapping(
        function_arn=function_arn,
        stream_arn=source,
        batch_size=int(properties.get("BatchSize", 100)),
        patterns=tuple(filter_["Pattern"] for filter_ in filters),
        retries=None if retries < 0 else retries,
        bisect=bool(properties.get("BisectBatchOnFunctionError", False)),
        reports_failures=_reports_failures(properties),
        on_failure=properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
    )


def _reports_failures(properties: Properties) -> bool:
    return "ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ())


def _schedule(request: Request) -> Created:
    properties, stack = request.properties, request.stack
    name = request.name[:64]
    made = stack.client("scheduler").create_schedule(
        Name=name,
        **request.only(
            "Description",
            "FlexibleTimeWindow",
            "GroupName",
            "KmsKeyArn",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "State",
            "Target",
        ),
    )
    target = properties["Target"]
    stack.schedules.append(
        Schedule(
            name=name,
            group=properties.get("GroupName", "default"),
            arn=made["ScheduleArn"],
            expression=properties["ScheduleExpression"],
            time_zone=properties.get("ScheduleExpressionTimezone", "UTC"),
            target_arn=target["Arn"],
            input=_text(target.get("Input", "{}")),
            enabled=properties.get("State", "ENABLED") == "ENABLED",
        )
    )
    return Created(name, {"Arn": made["ScheduleArn"]})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _schedule_group(request: Request) -> Created:
    name = request.name[:64]
    made = request.stack.client("scheduler").create_schedule_group(Name=name)
    return Created(name, {"Arn": made["ScheduleGroupArn"]})


TYPES: Mapping[str, Create] = {
    "AWS::Lambda::EventInvokeConfig": _invoke_config,
    "AWS::Lambda::EventSourceMapping": _event_source_mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
}
