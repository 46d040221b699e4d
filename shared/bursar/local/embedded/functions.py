"""What the template says of a Lambda function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_seconds: float
    memory_mib: int
    environment: Mapping[str, str]
    code_zip: bytes
    code_sha256: str


@dataclass(frozen=True, slots=True)
class InvokeConfig:
    """How Lambda treats asynchronous events of one function."""

    retries: int = 2
    on_success: str | None = None
    on_failure: str | None = None


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """A DynamoDB stream that feeds a function."""

    function_arn: str
    stream_arn: str
    batch_size: int
    patterns: tuple[str, ...]
    retries: int | None
    bisect: bool
    reports_failures: bool
    on_failure: str | None


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """An SQS queue that feeds a function."""

    function_arn: str
    queue_arn: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API: `POST /v1/usage`, who may call it, and what answers.

    `authorization` is NONE, AWS_IAM or JWT; a JWT has the issuer and the audiences it takes.
    """

    key: str
    function_arn: str
    authorization: str
    issuer: str = ""
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """One EventBridge Scheduler schedule, as deployed."""

    name: str
    group: str
    arn: str
    expression: str
    time_zone: str
    target_arn: str
    input: str
    enabled: bool
