"""The rules of cdk-nag, and the findings we accept, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Acknowledgment, App, CfnElement, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.constructs.approvals import AUDIT_HEADS
from infra.constructs.bulk_usage import RESULTS
from infra.constructs.storage import BULK, SNAPSHOTS, USAGE

_AWS, _SERVERLESS = "AwsSolutions::AwsSolutions-", "Serverless::Serverless-"
_MANAGED = f"{_AWS}IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
_RUNTIME = "Python 3.13 until the layer's wheels and bytecode are built and tested for the next."
_LAST = "It is a dead-letter queue itself; an alarm fires on the first message in it."
_CDK_SHAPE = "The fixed list of actions that a CDK grant gives, on one named resource."

ACCEPTED = {
    f"{_AWS}L1": _RUNTIME,
    f"{_SERVERLESS}LambdaLatestVersion": _RUNTIME,
    f"{_AWS}SQS3": _LAST,
    f"{_SERVERLESS}SQSRedrivePolicy": _LAST,
    f"{_SERVERLESS}LambdaEventSourceMappingDestination": (
        "A queue has no destination; what its function gives up on, its redrive policy keeps."
    ),
    f"{_SERVERLESS}LambdaDLQ": "Each has an on-failure destination, which keeps the error too.",
    f"{_AWS}S1": "Only Bursar's functions read or write snapshots, and they go in two weeks.",
    f"{_MANAGED}AWSLambdaBasicExecutionRole]": "Writing logs, nothing else.",
    f"{_MANAGED}AWSLambdaVPCAccessExecutionRole]": "Network interfaces have no name beforehand.",
    f"{_AWS}IAM5[Resource::*]": (
        "X-Ray, Pricing, Cost Explorer, CloudWatch's metrics, Bedrock's list of provisioned "
        "throughput and EC2's Describe actions know no resources to name; "
        "which EFS file systems a cluster uses is not known beforehand, and they are only read."
    ),
    f"{_AWS}SF1": "The log would hold task tokens; what was decided is in the table's audit.",
    f"{_AWS}APIG4": "The API's description and the pages' shell are open; what they show is not.",
    f"{_AWS}COG3": "Threat protection is a dearer plan; a second factor is required of everybody.",
    f"{_AWS}COG8": "The dearer plan would add threat protection only.",
    f"{_AWS}IAM5[Action::kms:GenerateDataKey*]": _CDK_SHAPE,
    f"{_AWS}IAM5[Action::kms:ReEncrypt*]": _CDK_SHAPE,
    f"{_AWS}IAM5[Action::s3:Abort*]": _CDK_SHAPE,
    f"{_AWS}IAM5[Action::s3:GetBucket*]": _CDK_SHAPE,
    f"{_AWS}IAM5[Action::s3:GetObject*]": _CDK_SHAPE,
    f"{_AWS}IAM5[Action::s3:List*]": _CDK_SHAPE,
}


def check(app: App, stack: Stack) -> None:
    """Let synthesis fail on any finding but the accepted ones."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    accepted = {**ACCEPTED, **dict(_within_named_resources(stack))}
    Validations.of(stack).acknowledge(
        *(Acknowledgment(id=id_, reason=reason) for id_, reason in accepted.items())
    )


def _within_named_resources(stack: Stack) -> Iterator[tuple[str, str]]:
    """Wildcards inside one resource of ours; the findings name it by its logical id."""
    for resource in stack.node.find_all():
        if isinstance(resource, lambda_.CfnFunction):
            inside, reason = ":*", "Any version of one function."
        elif isinstance(resource, dynamodb.CfnGlobalTable):
            inside, reason = "/index/*", "The one table's indexes."
        elif isinstance(resource, s3.CfnBucket):
            yield from (
                (_wildcard(stack, resource, f"/{prefix}*"), "Named by cluster or hour, and time.")
                for prefix in (SNAPSHOTS, USAGE, BULK, RESULTS, AUDIT_HEADS)
            )
            continue
        else:
            continue
        yield _wildcard(stack, resource, inside), reason


def _wildcard(stack: Stack, resource: CfnElement, inside: str) -> str:
    return f"{_AWS}IAM5[Resource::<{stack.get_logical_id(resource)}.Arn>{inside}]"
