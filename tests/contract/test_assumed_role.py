"""A cluster of another account: the token and EC2 are asked for in the role of that account."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.session import get_session

from bursar.adapters.assumed_role import AssumedRole
from bursar.adapters.kubernetes_api.eks import eks_reader
from bursar.adapters.kubernetes_api.eks_token import EksToken
from bursar.config.clusters import Cluster
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.local.kubernetes_server import KubernetesServer
from bursar.settings import CloseHourSettings
from bursar.wiring import Ports
from tests.contract.aws_loopback import serving

ROLE = "arn:aws:iam::444455556666:role/bursar-reader"


def assumed(key: str) -> bytes:
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>'
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
        f"<SessionToken>session-of-{key}</SessionToken>"
        "<Expiration>2026-11-20T13:00:00Z</Expiration></Credentials>"
        "</AssumeRoleResult></AssumeRoleResponse>"
    ).encode()


REFUSED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    b"<Message>not trusted</Message></Error></ErrorResponse>"
)


@contextmanager
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, list[str]]]]:
    """An STS that gives AKID1, AKID2, ... and remembers what it was asked."""
    asked: list[dict[str, list[str]]] = []

    def answer(body: bytes) -> tuple[int, bytes]:
        asked.append(parse_qs(body.decode()))
        return 200, assumed(f"AKID{len(asked)}")

    with serving(answer, "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        yield asked


def signed_by(token: str) -> tuple[str, str]:
    """The access key and the session that signed a token."""
    encoded = token.partition(".")[2]
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    query = parse_qs(urlsplit(url).query)
    return query["X-Amz-Credential"][0].split("/")[0], query["X-Amz-Security-Token"][0]


def test_a_token_is_signed_by_the_role_which_is_assumed_anew_for_each(monkeypatch) -> None:
    with sts(monkeypatch) as asked:
        token = EksToken("prod", "us-east-1", AssumedRole(ROLE, get_session()))
        assert [signed_by(token()) for _ in range(2)] == [
            ("AKID1", "session-of-AKID1"),
            ("AKID2", "session-of-AKID2"),
        ]
    assert {(a["RoleArn"][0], a["RoleSessionName"][0]) for a in asked} == {(ROLE, "bursar")}


def test_sts_is_asked_in_our_own_region() -> None:
    client = get_session().create_client("sts")
    assert client.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_a_role_that_does_not_trust_us_leaves_the_cluster_unreadable(monkeypatch) -> None:
    with serving(lambda _: (403, REFUSED), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        token = EksToken("prod", "us-east-1", AssumedRole(ROLE, get_session()))
        with pytest.raises(ClusterUnreadableError, match=r"no token for prod: .*not trusted"):
            token()


def cluster(endpoint: str, **more: Any) -> Cluster:
    return Cluster(name="prod", region="us-east-1", endpoint=endpoint, **more)


def test_a_reader_renews_the_role_on_a_401(monkeypatch) -> None:
    def is_second(token: str) -> bool:
        return signed_by(token)[0] == "AKID2"

    with (
        sts(monkeypatch) as asked,
        KubernetesServer(lambda _: [], is_second) as server,
    ):
        held = eks_reader(cluster(server.url, account="444455556666", role_arn=ROLE)).inventory()
    assert held.nodes == ()
    assert len(asked) == 2


def test_without_a_role_nobody_asks_sts(monkeypatch) -> None:
    with sts(monkeypatch) as asked, KubernetesServer(lambda _: [], lambda _: True) as server:
        assert eks_reader(cluster(server.url)).inventory().nodes == ()
    assert asked == []


@pytest.mark.parametrize(("role", "key"), [(ROLE, "AKID1"), (None, "testing")])
def test_ec2_is_asked_in_the_clusters_role_and_region(role, key, monkeypatch) -> None:
    told = b"<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>"
    with sts(monkeypatch), serving(lambda _: (200, told), "text/xml") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", url)
        ports = Ports(CloseHourSettings(table_name="t", snapshots_bucket="b"))
        volumes: Any = ports.volumes(cluster("https://prod", role_arn=role))
        assert volumes.describe(["vol-1"]) == {}
        ec2 = volumes._client
    assert (ec2.meta.region_name, ec2._request_signer._credentials.access_key) == (
        "us-east-1",
        key,
    )
