"""Usage of more than some three million records a day: Firehose, S3 and hourly sums by Athena.

Each producer has a delivery stream of its own, as it has a queue: what comes through it is
theirs. Records are JSON lines in Bursar's own format, in folders by producer and arrival.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from bursar.config.usage import Producer
from bursar.settings import RollupUsageSettings
from infra.constructs.function import Function, Shared, pascal_case
from infra.constructs.private_bucket import PrivateBucket
from infra.constructs.storage import BULK, USAGE, Storage

DATABASE = "bursar_usage"
RESULTS = "results/"
_TABLE = "usage"
# all of them texts: what is no number would be nothing in a column of numbers, not a fault
_COLUMNS = (
    "id",
    "at",
    "tenant",
    "model",
    "provider",
    "feature",
    "key",
    "currency",
    "batch",
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_MOST_BYTES_SCANNED = 10**12  # a query's, some $5 of it
_EARLIEST = "2026-01-01"


class BulkUsage(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        producers: Sequence[Producer],
        shared: Shared,
        table_name: str,
        storage: Storage,
        key: kms.IKey,
        retain: bool,
    ) -> None:
        super().__init__(scope, id_)
        self._storage, self._key = storage, key
        self.results = self._results_bucket(retain)
        self._workgroup = self._make_workgroup()
        self._make_table([producer.name for producer in producers])
        self._deliver(producers)
        self.function = Function(
            self,
            "rollup_usage",
            RollupUsageSettings(
                table_name=table_name,
                usage_bucket=storage.usage.bucket_name,
                athena_workgroup=self._workgroup.name,
                glue_database=DATABASE,
            ),
            shared=shared,
            timeout_seconds=600,
            memory_mib=1024,
        )
        self._grant(self.function)

    def _results_bucket(self, retain: bool) -> s3.Bucket:
        """Answers of queries, which can be asked again."""
        return PrivateBucket(
            self,
            "Results",
            key=self._key,
            retain=retain,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(7))],
        )

    def _make_workgroup(self) -> athena.CfnWorkGroup:
        return athena.CfnWorkGroup(
            self,
            "Workgroup",
            name="bursar-usage",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=_MOST_BYTES_SCANNED,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=self.results.s3_url_for_object(RESULTS),
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=self._key.key_arn
                    ),
                ),
            ),
        )

    def _make_table(self, producers: Sequence[str]) -> None:
        """Partitions are computed from their names: nothing crawls, nothing is registered."""
        account = Stack.of(self).account
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=DATABASE),
        )
        location = self._storage.usage.s3_url_for_object(BULK)
        table = glue.CfnTable(
            self,
            "Table",
            catalog_id=account,
            database_name=DATABASE,
            table_input=glue.CfnTable.TableInputProperty(
                name=_TABLE,
                table_type="EXTERNAL_TABLE",
                partition_keys=[_column(name) for name in ("producer", "day", "hour")],
                parameters={
                    "projection.enabled": "true",
                    "projection.producer.type": "enum",
                    "projection.producer.values": ",".join(producers),
                    "projection.day.type": "date",
                    "projection.day.format": "yyyy-MM-dd",
                    "projection.day.range": f"{_EARLIEST},NOW",
                    "projection.hour.type": "integer",
                    "projection.hour.range": "0,23",
                    "projection.hour.digits": "2",
                    "storage.location.template": (
                        f"{location}producer=${{producer}}/day=${{day}}/hour=${{hour}}/"
                    ),
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=location,
                    columns=[_column(name) for name in _COLUMNS],
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe",
                        # such a line has no id then, and is counted as unsound
                        parameters={"ignore.malformed.json": "true"},
                    ),
                ),
            ),
        )
        table.add_resource_dependency(database)

    def _deliver(self, producers: Sequence[Producer]) -> None:
        role = iam.Role(
            self,
            "DeliveryRole",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        granted = self._storage.usage.grant_put(role, BULK + "*")
        for producer in producers:
            stream = self._stream(producer.name, role)
            granted.apply_before(stream)
            name = pascal_case(producer.name)
            CfnOutput(Stack.of(self), f"UsageStream{name}", value=stream.ref)

    def _stream(self, producer: str, role: iam.IRole) -> firehose.CfnDeliveryStream:
        arrival = "day=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
        return firehose.CfnDeliveryStream(
            self,
            pascal_case(producer),
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=(
                firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(
                    key_type="AWS_OWNED_CMK"
                )
            ),
            extended_s3_destination_configuration=(
                firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                    bucket_arn=self._storage.usage.bucket_arn,
                    role_arn=role.role_arn,
                    prefix=f"{BULK}producer={producer}/{arrival}",
                    error_output_prefix=f"{BULK}failed/!{{firehose:error-output-type}}/{producer}/",
                    compression_format="GZIP",
                    buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                        interval_in_seconds=300, size_in_m_bs=128
                    ),
                )
            ),
        )

    def _grant(self, function: Function) -> None:
        stack = Stack.of(self)
        named = f"{stack.region}:{stack.account}"
        catalog = f"arn:{stack.partition}:glue:{named}"
        allowed = {
            (
                "athena:StartQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
            ): [f"arn:{stack.partition}:athena:{named}:workgroup/{self._workgroup.name}"],
            ("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"): [
                f"{catalog}:catalog",
                f"{catalog}:database/{DATABASE}",
                f"{catalog}:table/{DATABASE}/{_TABLE}",
            ],
        }
        for actions, resources in allowed.items():
            function.lambda_function.add_to_role_policy(
                iam.PolicyStatement(actions=list(actions), resources=resources)
            )
        for prefix in (BULK, USAGE):
            self._storage.usage.grant_read(function.lambda_function, prefix + "*")
        self.results.grant_read(function.lambda_function, RESULTS + "*")
        self.results.grant_put(function.lambda_function, RESULTS + "*")


def _column(name: str) -> glue.CfnTable.ColumnProperty:
    return glue.CfnTable.ColumnProperty(name=name, type="string")
