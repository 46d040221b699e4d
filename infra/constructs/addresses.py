"""Outputs: where the parts of a deployed Bursar are, for its command line and its tests."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import CfnOutput, Stack

from infra.constructs.approvals import Approvals
from infra.constructs.dead_letters import DeadLetters
from infra.constructs.function import Function, pascal_case
from infra.constructs.http_api import HttpApi
from infra.constructs.storage import Storage
from infra.constructs.topics import Topics
from infra.constructs.usage_intake import UsageIntake

_ENTER_ACCOUNTS = ("snapshot_cluster", "close_hour", "collect_usage_metrics")


def publish_addresses(
    stack: Stack,
    storage: Storage,
    topics: Topics,
    dead: DeadLetters,
    functions: Iterable[Function],
) -> None:
    """`TableName`, ..., `FunctionCollectPrices`, ...; a twin in a private network ends in its VPC.

    A cluster of another region needs an access entry, made there, for `RoleSnapshotCluster`;
    the role of a cluster of another account trusts that and `RoleCloseHour`.
    """
    addresses = {
        "TableName": storage.table.table_name,
        "SnapshotsBucket": storage.snapshots.bucket_name,
        "UsageBucket": storage.usage.bucket_name,
        "AlertsTopicArn": topics.alerts.topic_arn,
        "SlackTopicArn": topics.slack.topic_arn,
        "FailedEventsUrl": dead.failed_events.queue_url,
        "UndeliveredUrl": dead.undelivered.queue_url,
    }
    for function in functions:
        addresses[f"Function{function.node.id}"] = function.lambda_function.function_name
        if function.name in _ENTER_ACCOUNTS:
            addresses[f"Role{function.node.id}"] = function.role_arn
    for name, address in addresses.items():
        CfnOutput(stack, name, value=address)


def publish_intake(stack: Stack, usage: UsageIntake, http: HttpApi) -> None:
    """`UsageQueueLlmGateway`, ...: where a producer sends; `ApiUrl`: where it may POST.

    `SignInIssuer` and `SignInClient`: where people get tokens for the API, and by which client.
    """
    for name, queue in usage.queues.items():
        CfnOutput(stack, f"UsageQueue{pascal_case(name)}", value=queue.queue_url)
    if http.functions:
        CfnOutput(stack, "ApiUrl", value=http.api.api_endpoint)
    if http.sign_in:
        CfnOutput(stack, "SignInIssuer", value=http.sign_in.issuer)
        CfnOutput(stack, "SignInClient", value=http.sign_in.audience)


def publish_audit(stack: Stack, approvals: Approvals) -> None:
    """`AuditBucket`: where the heads of the chain are kept."""
    if approvals.functions:
        CfnOutput(stack, "AuditBucket", value=approvals.audit_bucket)
