"""A Prometheus's HTTP API, reached in one of three ways.

- a URL, plain or with a bearer token of one's own;
- Amazon Managed Prometheus: a workspace's URL, each request signed (SigV4, service `aps`);
- a service inside a cluster, through the API server's proxy, where no network leads to it.
  That needs `get` on `services/proxy`: `bursar cluster manifest --metrics NAMESPACE/NAME:PORT`.

An answer with warnings is not whole (a store behind it was away), and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from bursar.adapters.assumed_role import Identity
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.domain.periods import Window
from bursar.domain.usage.counters import MetricsUnreadableError, Sample, Series

Ask = Callable[[str], bytes]  # a path and query below the API's root, to the body of a 200
Sign = Callable[[str], Mapping[str, str]]  # a URL, to the headers of its GET
_REASON_LENGTH = 300


class _Result(msgspec.Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct):
    resultType: str  # noqa: N815 - Prometheus's name
    result: list[_Result]


class _Answer(msgspec.Struct):
    status: str
    data: _Data | None = None
    error: str = ""
    warnings: list[str] = []


_ANSWER = msgspec.json.Decoder(_Answer)


class PrometheusSource:
    """A MetricsSource over whatever asks."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def instant(self, query: str, at: datetime) -> Sequence[Series]:
        """The query at one time; a range selector gives raw samples.

        Raises:
            MetricsUnreadableError: no answer, an error, or one that is not whole.
        """
        return self._series("query", {"query": query, "time": _seconds(at)})

    def range(self, query: str, window: Window, step_seconds: int) -> Sequence[Series]:
        """The query at each step from the window's start, its end not included."""
        last = window.end.timestamp() - 0.001
        span = {"start": _seconds(window.start), "end": f"{last:.3f}", "step": str(step_seconds)}
        return self._series("query_range", {"query": query, **span})

    def _series(self, what: str, parameters: Mapping[str, str]) -> Sequence[Series]:
        body = self._ask(f"/api/v1/{what}?{urlencode(parameters, quote_via=quote)}")
        try:
            answer = _ANSWER.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MetricsUnreadableError(f"{what}: not Prometheus's answer: {error}") from error
        if answer.status != "success" or answer.data is None:
            raise MetricsUnreadableError(f"{what}: {answer.error[:_REASON_LENGTH]}")
        if answer.warnings:
            told = "; ".join(answer.warnings)[:_REASON_LENGTH]
            raise MetricsUnreadableError(f"{what}: the answer is not whole: {told}")
        return [_read(result) for result in answer.data.result]


def at_url(url: str, sign: Sign = lambda _: {}, *, timeout_seconds: float = 60.0) -> Ask:
    """Ask at a URL, below which `/api/v1/query` is."""
    root = url.rstrip("/")
    pool = urllib3.PoolManager(
        num_pools=1,
        timeout=urllib3.Timeout(connect=5.0, read=timeout_seconds),
        retries=urllib3.Retry(
            total=3, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), redirect=0
        ),
    )

    def ask(path: str) -> bytes:
        try:
            response = pool.request("GET", root + path, headers=dict(sign(root + path)))
        except (HTTPError, BotoCoreError, ClientError) as error:
            raise MetricsUnreadableError(f"{type(error).__name__}: {error}") from error
        if response.status != 200:
            said = response.data[:_REASON_LENGTH].decode("utf-8", "replace")
            raise MetricsUnreadableError(f"Prometheus answered {response.status}: {said}")
        return response.data

    return ask


def amazon_managed(identity: Identity, region: str) -> Sign:
    """Sign as Amazon Managed Prometheus asks, with the credentials of that moment."""

    def sign(url: str) -> Mapping[str, str]:
        credentials = identity.get_credentials()
        if credentials is None:
            raise MetricsUnreadableError("there are no AWS credentials to sign with")
        request = AWSRequest("GET", url)
        SigV4Auth(credentials, "aps", region).add_auth(request)
        return dict(request.headers.items())

    return sign


def through_cluster(transport: KubernetesTransport, namespace: str, service: str) -> Ask:
    """Ask a service (`prometheus-server:80`) through the cluster's API server."""
    root = f"/api/v1/namespaces/{namespace}/services/{service}/proxy"

    def ask(path: str) -> bytes:
        try:
            return transport.get(root + path)
        except ClusterUnreadableError as error:
            raise MetricsUnreadableError(f"through the cluster: {error}") from error

    return ask


def _read(result: _Result) -> Series:
    told = result.values or ([result.value] if result.value else [])
    samples = (Sample(at, float(value)) for at, value in told)
    return Series(result.metric, tuple(each for each in samples if math.isfinite(each.value)))


def _seconds(at: datetime) -> str:
    return f"{at.astimezone(UTC).timestamp():.3f}"
