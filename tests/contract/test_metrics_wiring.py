"""A cluster's `metrics:` lead to its Prometheus, signed where Amazon manages it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.config.clusters import Cluster
from bursar.wiring.metrics import prometheus
from tests.contract.prometheus_server import Prometheus

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def cluster(**metrics: object) -> Cluster:
    told = {"name": "prod", "region": "eu-west-1", "endpoint": "https://prod"}
    return Cluster.model_validate(told | ({"metrics": metrics} if metrics else {}))


def test_at_its_url() -> None:
    with Prometheus() as server:
        server.add("up", {}, (NOON.timestamp(), 1))
        [found] = prometheus(cluster(url=server.url, tenant="search")).instant("up", NOON)
        assert [sample.value for sample in found.samples] == [1]


def test_at_a_workspace_each_request_is_signed_for_aps() -> None:
    with Prometheus(prefix="/workspaces/ws-1") as server:
        managed = {"endpoint": f"{server.url}/workspaces/ws-1", "region": "eu-west-1"}
        source = prometheus(cluster(amazon_managed=managed, tenant="search"))
        assert source.instant("up", NOON) == []
        [(_, headers)] = server.asked
        assert "/eu-west-1/aps/aws4_request" in headers["Authorization"]


def test_a_cluster_without_metrics_has_no_way_to_them() -> None:
    with pytest.raises(LookupError, match="'prod' has no metrics"):
        prometheus(cluster())
