"""Usage in bulk: nothing unless it is asked for; then a stream a producer, exact grants."""

import json
from pathlib import Path

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from bursar.config_file import read_config
from infra.constructs.alarms import Alarms, alarm_groups, heartbeats
from tests.infra.conftest import Deployed

HERE = Path(__file__).parent
BULK_TYPES = (
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::Athena::WorkGroup",
)


@pytest.fixture(scope="session")
def bulk(synthesized_once):
    output = synthesized_once("bulk", HERE / "bulk.yaml", "--disposable")
    return Deployed(json.loads((output / "Bursar.template.json").read_text()))


def test_by_default_there_is_nothing_of_it(deployed):
    for type_ in BULK_TYPES:
        assert not deployed.all(type_)
    assert "rollup_usage" not in deployed.functions()


def test_each_producer_has_a_stream_into_folders_of_its_own(bulk):
    prefixes = {
        stream["ExtendedS3DestinationConfiguration"]["Prefix"]
        for stream in bulk.all("AWS::KinesisFirehose::DeliveryStream").values()
    }

    arrival = "day=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/"
    names = ("llm-gateway", "search-batch")
    assert prefixes == {f"bulk/producer={name}/{arrival}" for name in names}
    assert {"UsageStreamLlmGateway", "UsageStreamSearchBatch"} <= set(bulk.outputs)


def test_partitions_of_the_table_are_computed_from_what_the_streams_write(bulk):
    [table] = bulk.all("AWS::Glue::Table").values()
    told = table["TableInput"]

    assert [key["Name"] for key in told["PartitionKeys"]] == ["producer", "day", "hour"]
    assert told["Parameters"]["projection.producer.values"] == "llm-gateway,search-batch"
    template = told["Parameters"]["storage.location.template"]["Fn::Join"][1]
    assert template[-1] == "/bulk/producer=${producer}/day=${day}/hour=${hour}/"


def test_the_table_has_the_columns_that_the_query_reads(bulk):
    [table] = bulk.all("AWS::Glue::Table").values()
    columns = table["TableInput"]["StorageDescriptor"]["Columns"]

    assert {column["Type"] for column in columns} == {"string"}
    assert {column["Name"] for column in columns} == {
        *("id", "at", "tenant", "model", "provider", "feature", "key", "batch", "requests"),
        *("input_tokens", "cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
        *("output_tokens", "reasoning_tokens", "currency"),
    }


def test_queries_are_cut_off_and_their_results_encrypted(bulk):
    [group] = bulk.all("AWS::Athena::WorkGroup").values()
    told = group["WorkGroupConfiguration"]

    assert told["EnforceWorkGroupConfiguration"] is True
    assert told["BytesScannedCutoffPerQuery"] == 10**12
    result = told["ResultConfiguration"]["EncryptionConfiguration"]
    [key] = bulk.all("AWS::KMS::Key")
    assert result == {"EncryptionOption": "SSE_KMS", "KmsKey": {"Fn::GetAtt": [key, "Arn"]}}


def test_the_rollup_may_query_its_own_table_and_nothing_else(bulk):
    allowed = bulk.allowed("rollup_usage")
    catalog = [
        "arn:aws:glue:eu-west-1:111122223333:catalog",
        "arn:aws:glue:eu-west-1:111122223333:database/bursar_usage",
        "arn:aws:glue:eu-west-1:111122223333:table/bursar_usage/usage",
    ]

    assert {name for name in allowed if name.startswith(("athena:", "glue:"))} == {
        *("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"),
        *("glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"),
    }
    assert allowed["athena:StartQueryExecution"] == [
        "arn:aws:athena:eu-west-1:111122223333:workgroup/bursar-usage"
    ]
    assert allowed["glue:GetTable"] == catalog
    objects = [arn["Fn::Join"][1][-1] for arn in allowed["s3:GetObject*"] if "Fn::Join" in arn]
    assert sorted(objects) == ["/bulk/*", "/results/*", "/usage/*"]
    assert not [name for name in allowed if name.startswith("s3:Delete")]
    for other in set(bulk.functions()) - {"rollup_usage"}:
        assert not [name for name in bulk.allowed(other) if name.startswith(("athena:", "glue:"))]


def test_a_stream_may_write_below_bulk_alone(bulk):
    [role] = [id_ for id_ in bulk.all("AWS::IAM::Role") if "DeliveryRole" in id_]
    [policy] = [
        policy
        for policy in bulk.all("AWS::IAM::Policy").values()
        if policy["Roles"] == [{"Ref": role}]
    ]
    [where] = [
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:PutObject" in statement["Action"]
    ]

    assert where["Fn::Join"][1][-1] == "/bulk/*"


def test_sums_are_made_once_an_hour_before_the_ledger_is_stated(bulk):
    runs = [cron for name, _, cron in bulk.schedules() if name == "rollup_usage"]

    assert runs == ["cron(17 * * * ? *)"]


def test_its_heart_is_watched(bulk):
    alarms = bulk.all("AWS::CloudWatch::Alarm").values()
    watched = [each["Dimensions"][0]["Value"] for each in alarms if "Dimensions" in each]

    assert "rollup_usage" in watched


def test_beside_collected_metrics_it_shares_their_alarm_so_that_alarms_are_few():
    config = read_config(HERE / "example.yaml")
    everything = config.changed(usage=config.usage.model_copy(update={"bulk": True}))
    groups = dict(alarm_groups(heartbeats(everything)))

    assert groups["collect_usage_metrics", "rollup_usage"] == 60
    assert len(groups) + 2 <= 12  # and two queues that hold nothing


def test_an_alarm_of_two_fires_when_either_is_silent():
    stack = Stack()
    alarms = Alarms(stack, "Alarms", topic=sns.Topic(stack, "Topic"))
    alarms.heartbeat("collect_usage_metrics", "rollup_usage", every_minutes=60)
    [alarm] = [
        each["Properties"]
        for each in Template.from_stack(stack).to_json()["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    product, *beats = alarm["Metrics"]

    assert product["Expression"] == "m0 * m1"
    services = [each["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for each in beats]
    assert services == ["collect_usage_metrics", "rollup_usage"]
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["EvaluationPeriods"], alarm["Threshold"]) == (3, 1)
