"""Prometheus's HTTP API: by a URL, signed for Amazon's, and through a cluster's API server."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.adapters.prometheus import (
    PrometheusSource,
    amazon_managed,
    at_url,
    through_cluster,
)
from bursar.domain.periods import Window
from bursar.domain.usage.counters import MetricsUnreadableError, Sample, Series
from tests.contract.prometheus_server import Prometheus

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = NOON.timestamp()
QUERY = '{__name__=~"up|down"}[60s]'


def source(server: Prometheus) -> PrometheusSource:
    return PrometheusSource(at_url(server.url))


@pytest.fixture
def server() -> Prometheus:
    served = Prometheus()
    served.add("up", {"pod": "a"}, (AT - 90, 1), (AT - 45, 2), (AT - 15, 3.5))
    served.add("other", {}, (AT - 15, 9))
    return served


def test_a_range_selector_gives_raw_samples_with_their_own_times(server: Prometheus) -> None:
    with server:
        (found,) = source(server).instant(QUERY, NOON)
    assert found == Series(
        {"__name__": "up", "pod": "a"}, (Sample(AT - 45, 2.0), Sample(AT - 15, 3.5))
    )


def test_an_instant_value_is_one_sample(server: Prometheus) -> None:
    with server:
        (found,) = source(server).instant("up", NOON)
    assert found.samples == (Sample(AT, 3.5),)


def test_a_range_query_gives_a_sample_a_step_without_the_windows_end(server: Prometheus) -> None:
    window = Window(NOON - timedelta(seconds=60), NOON)
    with server:
        (found,) = source(server).range("up", window, 20)
    assert found.samples == (
        Sample(AT - 60, 1.0),
        Sample(AT - 40, 2.0),
        Sample(AT - 20, 2.0),
    )


def test_nan_and_infinity_are_no_samples(server: Prometheus) -> None:
    server.add("down", {}, (AT - 30, float("nan")), (AT - 20, float("inf")), (AT - 10, 4))
    with server:
        found = source(server).instant(QUERY, NOON)
    assert found[1].samples == (Sample(AT - 10, 4.0),)


def test_no_series_are_an_answer(server: Prometheus) -> None:
    with server:
        assert list(source(server).instant("nothing", NOON)) == []


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"status": "error", "error": "query timed out"}, "query timed out"),
        ({"warnings": ["store eu-2 is away"]}, "not whole: store eu-2 is away"),
        ({"data": {"result": 7}}, "not Prometheus's answer"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(
    server: Prometheus, says: dict[str, object], reason: str
) -> None:
    server.says = says
    with server, pytest.raises(MetricsUnreadableError, match=reason):
        source(server).instant(QUERY, NOON)


def test_an_error_says_its_status_and_reason(server: Prometheus) -> None:
    server.answers = [(400, b"parse error")]
    with server, pytest.raises(MetricsUnreadableError, match="answered 400: parse error"):
        source(server).instant(QUERY, NOON)


def test_a_busy_server_is_asked_again(server: Prometheus) -> None:
    server.answers = [(503, b"")]
    with server:
        assert len(source(server).instant(QUERY, NOON)) == 1
    assert len(server.asked) == 2


def test_a_server_that_is_away_is_unreadable(server: Prometheus) -> None:
    with server:
        gone = server.url
    with pytest.raises(MetricsUnreadableError, match="MaxRetryError"):
        PrometheusSource(at_url(gone)).instant(QUERY, NOON)


class Someone:
    """An identity whose credentials are known."""

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials

    def get_credentials(self) -> Credentials | None:
        return self._credentials

    def get_component(self, name: str) -> object:
        raise AssertionError(name)


def signature(path: str, headers: dict[str, str], secret: str) -> str:
    """AWS Signature Version 4 of a GET without a body, as its documentation has it."""
    at, (_, scope) = (
        headers["X-Amz-Date"],
        headers["Authorization"].split("Credential=")[1].split(",", 1)[0].split("/", 1),
    )
    parts = urlsplit(path)
    names = headers["Authorization"].split("SignedHeaders=")[1].split(",", 1)[0]
    lower = {name.lower(): value for name, value in headers.items()}
    signed = "".join(f"{name}:{lower[name]}\n" for name in names.split(";"))
    empty = hashlib.sha256(b"").hexdigest()
    query = "&".join(sorted(parts.query.split("&")))
    canonical = "\n".join(["GET", parts.path, query, signed, names, empty])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(
        key, "\n".join(["AWS4-HMAC-SHA256", at, scope, digest]).encode(), "sha256"
    ).hex()


def test_requests_to_amazons_are_signed_with_the_query_and_the_session(
    server: Prometheus,
) -> None:
    someone = Someone(Credentials("AKIDEXAMPLE", "secret", "session"))
    server.prefix = "/workspaces/ws-1"
    with server:
        ask = at_url(f"{server.url}{server.prefix}/", amazon_managed(someone, "eu-west-1"))
        assert len(PrometheusSource(ask).instant(QUERY, NOON)) == 1
    ((path, headers),) = server.asked
    assert "/eu-west-1/aps/aws4_request" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session"
    told = headers["Authorization"].split("Signature=")[1]
    assert told == signature(path, dict(headers), "secret")


def test_without_credentials_nothing_is_asked_of_amazons(server: Prometheus) -> None:
    with server, pytest.raises(MetricsUnreadableError, match="no AWS credentials"):
        ask = at_url(server.url, amazon_managed(Someone(None), "eu-west-1"))
        PrometheusSource(ask).instant(QUERY, NOON)
    assert server.asked == []


PROXY = "/api/v1/namespaces/monitoring/services/prometheus-server:80/proxy"


def test_a_service_of_a_cluster_is_asked_through_its_api_server(server: Prometheus) -> None:
    server.prefix = PROXY
    with server:
        transport = KubernetesTransport(ClusterAccess(server.url, token=lambda: "token"))
        through = through_cluster(transport, "monitoring", "prometheus-server:80")
        assert len(PrometheusSource(through).instant(QUERY, NOON)) == 1
        transport.close()
    ((path, headers),) = server.asked
    assert path.startswith(f"{PROXY}/api/v1/query?query=")
    assert headers["Authorization"] == "Bearer token"


def test_a_cluster_that_does_not_let_us_through_says_so(server: Prometheus) -> None:
    refusal = {"message": 'services "prometheus-server:80" is forbidden'}
    server.answers = [(403, json.dumps(refusal).encode())]
    with server:
        transport = KubernetesTransport(ClusterAccess(server.url))
        through = through_cluster(transport, "monitoring", "prometheus-server:80")
        with pytest.raises(MetricsUnreadableError, match=r"through the cluster.*403.*forbidden"):
            PrometheusSource(through).instant(QUERY, NOON)
        transport.close()
