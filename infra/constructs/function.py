"""One Lambda: `functions/<name>/handler.py`, its log group, and where its failures go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bursar.settings import Settings


class Shared(NamedTuple):
    """What every function has in common."""

    code: lambda_.Code
    layer: lambda_.ILayerVersion
    failed_events: sqs.IQueue


class Placement(NamedTuple):
    """Where in a private network a function stands."""

    vpc: ec2.IVpc
    subnets: list[ec2.ISubnet]
    security_groups: list[ec2.ISecurityGroup]


class Function(Construct):
    """A handler that raises is tried three times in all; then its event is kept."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        settings: Settings,
        *,
        shared: Shared,
        timeout_seconds: int = 60,
        memory_mib: int = 256,
        give_up_after: Duration | None = None,
        then: Function | None = None,
        placement: Placement | None = None,
        more_layers: Sequence[lambda_.ILayerVersion] = (),
        suffix: str = "",
    ) -> None:
        """`then` is invoked with every run that succeeds; `suffix` tells twins apart."""
        super().__init__(scope, pascal_case(name) + suffix)
        self.name = name
        self.lambda_function: lambda_.Function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.{name}.handler.handler",
            code=shared.code,
            layers=[shared.layer, *more_layers],
            environment=settings.as_environ(),
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mib,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=logs.LogGroup(
                self,
                "Logs",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            ),
            retry_attempts=2,
            max_event_age=give_up_after or Duration.hours(6),
            on_failure=destinations.SqsDestination(shared.failed_events),
            on_success=destinations.LambdaDestination(then.lambda_function) if then else None,
            vpc=placement.vpc if placement else None,
            vpc_subnets=ec2.SubnetSelection(subnets=placement.subnets) if placement else None,
            security_groups=placement.security_groups if placement else None,
        )

    @property
    def role_arn(self) -> str:
        role = self.lambda_function.role
        assert role is not None  # noqa: S101 only an imported function has none
        return role.role_arn

    def may(self, *actions: str) -> None:
        """Allow read actions on `*`: what they read cannot be named beforehand."""
        self.lambda_function.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=["*"])
        )

    def may_read_secrets(self, names: Sequence[str]) -> None:
        """Allow secrets of this account and region, by name: six characters follow it in ARNs."""
        if names:
            stack = Stack.of(self)
            self.lambda_function.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["secretsmanager:GetSecretValue"],
                    resources=[
                        stack.format_arn(
                            service="secretsmanager",
                            resource="secret",
                            resource_name=f"{name}-??????",
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                        for name in names
                    ],
                )
            )

    def may_assume(self, role_arns: Sequence[str]) -> None:
        if role_arns:
            self.lambda_function.add_to_role_policy(
                iam.PolicyStatement(actions=["sts:AssumeRole"], resources=list(role_arns))
            )


def pascal_case(name: str) -> str:
    return "".join(word.title() for word in re.split("[_-]", name))
