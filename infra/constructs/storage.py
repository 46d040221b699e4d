"""The table, and the buckets of raw snapshots and of raw usage."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.private_bucket import PrivateBucket

SNAPSHOTS = "snapshots/"
USAGE = "usage/"
BULK = "bulk/"
# No scan: whatever is read has a key or stands in gsi1.
READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
WRITE = (
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
)


class Storage(Construct):
    """What must outlive a mistake: kept when the stack is deleted, unless it is disposable."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, retain: bool) -> None:
        super().__init__(scope, id_)
        self._key = key
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            global_secondary_indexes=[
                # sparse: only items that carry gsi1pk stand in it
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="gsi1", partition_key=_text("gsi1pk"), sort_key=_text("gsi1sk")
                )
            ],
            time_to_live_attribute="expires_at",
            dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )
        self.snapshots = PrivateBucket(
            self,
            "Snapshots",
            key=key,
            retain=retain,
            # not versioned: a snapshot is written once under its own time, and goes in two weeks
            versioned=False,
            lifecycle_rules=[s3.LifecycleRule(prefix=SNAPSHOTS, expiration=Duration.days(14))],
        )
        later = s3.Transition(
            storage_class=s3.StorageClass.INFREQUENT_ACCESS, transition_after=Duration.days(90)
        )
        self.usage = PrivateBucket(
            self,
            "Usage",
            key=key,
            retain=retain,
            # what was told stays as it was told: nobody here may delete, and a write hides nothing
            versioned=True,
            lifecycle_rules=[s3.LifecycleRule(transitions=[later])],
        )

    def grant_read(self, reader: iam.IGrantable) -> None:
        self.table.grant(reader, *READ)
        self._key.grant_decrypt(reader)

    def grant_write(self, writer: iam.IGrantable) -> None:
        self.table.grant(writer, *WRITE)
        self._key.grant_encrypt_decrypt(writer)  # DynamoDB decrypts an item to replace it


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
