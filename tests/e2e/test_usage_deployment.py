"""Templates with everything about usage turned on deploy into the embedded AWS."""

from datetime import UTC, datetime
from pathlib import Path

from bursar.local.embedded.cloud import EmbeddedCloud

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BULK = Path(__file__).parents[1] / "infra" / "bulk.yaml"


def test_bulk_usage_deploys_and_what_nothing_reads_here_is_recorded(synthesized_once):
    with EmbeddedCloud(now=NOON) as cloud:
        deployment = cloud.deploy(synthesized_once("bulk", BULK, "--disposable"))

        assert deployment.function("rollup_usage")
        assert {each.type for each in deployment.recorded} >= {
            "AWS::Athena::WorkGroup",
            "AWS::Glue::Database",
            "AWS::Glue::Table",
            "AWS::KinesisFirehose::DeliveryStream",
        }


def test_collected_usage_deploys(assembly):
    with EmbeddedCloud(now=NOON) as cloud:
        assert cloud.deploy(assembly).function("collect_usage_metrics")
