"""One key for everything Bursar keeps or sends."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

# Alarms publish to the encrypted topics; rules and subscriptions hand what they could not
# deliver to the encrypted queue. No grant of the stack reaches a service principal.
SERVICES = ("cloudwatch", "events", "sns")


class EncryptionKey(Construct):
    def __init__(self, scope: Construct, id_: str, *, retain: bool) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(
            self,
            "Key",
            description="Bursar: table, snapshots, topics and queues",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ServicesThatPublishForUs",
                principals=[iam.ServicePrincipal(f"{name}.amazonaws.com") for name in SERVICES],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key's policy: this key
            )
        )
