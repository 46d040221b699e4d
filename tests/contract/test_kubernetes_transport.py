"""A list arrives whole or not at all, whatever the API server does on the way."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from bursar.adapters.kubernetes_api.access import ClusterAccess
from bursar.adapters.kubernetes_api.decoding import decode_nodes
from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
from bursar.adapters.kubernetes_api.transport import KubernetesTransport, ListNotServedError
from bursar.domain.cluster.records import ClusterUnreadableError
from bursar.local.kubernetes_server import KubernetesServer

NODES = "/api/v1/nodes"


def nodes(count: int) -> list[dict[str, Any]]:
    return [{"metadata": {"name": f"n{i}"}} for i in range(count)]


def names(transport: KubernetesTransport, limit: int = 500) -> list[str]:
    found: list[str] = []
    for restart, page in transport.pages(NODES, decode_nodes, limit):
        if restart and not page.items:
            found.clear()
        found += [item.metadata.name for item in page.items or ()]
    return found


@contextmanager
def served(
    items: Sequence[dict[str, Any]], tokens: Sequence[str] = ("good",), **options: Any
) -> Iterator[tuple[KubernetesServer, KubernetesTransport, list[float]]]:
    """A server of nodes, a transport that is given these tokens in turn, and its waits."""
    waits: list[float] = []
    given = iter(tokens)
    with KubernetesServer(
        {"nodes": items}.__getitem__, {"good"}.__contains__, **options
    ) as server:
        access = ClusterAccess(server.url, token=lambda: next(given))
        transport = KubernetesTransport(access, sleep=waits.append)
        yield server, transport, waits
        transport.close()


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A server that gives each connection the next of these bytes, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join(5)
    listener.close()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if not any(line.startswith("Content-Length") for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def refused(answer: bytes) -> str:
    """What the reader says of a server that answers this to the first page of nodes."""
    with answering(answer) as url:
        transport = KubernetesTransport(ClusterAccess(url))
        with pytest.raises(ClusterUnreadableError) as caught:
            names(transport)
        transport.close()
    return str(caught.value)


def test_pages_make_up_the_whole_list_once() -> None:
    with served(nodes(1203)) as (server, transport, _):
        assert names(transport) == [f"n{i}" for i in range(1203)]
        assert [asked.query["limit"] for asked in server.asked] == ["500"] * 3  # 500 + 500 + 203


def test_requests_say_who_asks_take_gzip_and_never_a_resource_version() -> None:
    with served(nodes(3), gzip_from_bytes=0) as (server, transport, _):
        assert names(transport, limit=2) == ["n0", "n1", "n2"]
        for asked in server.asked:
            assert asked.headers["user-agent"].startswith("bursar/")
            assert asked.headers["accept-encoding"] == "gzip"
            assert "resourceVersion" not in asked.query


def test_a_token_that_ran_out_is_renewed_once() -> None:
    with served(nodes(1), tokens=("old", "good")) as (_, transport, _):
        assert names(transport) == ["n0"]


def test_a_second_401_is_a_refusal() -> None:
    with served(nodes(1), tokens=("old", "older", "good")) as (server, transport, _):
        with pytest.raises(ClusterUnreadableError, match=r"nodes: .* 401: Unauthorized"):
            names(transport)
        assert len(server.asked) == 2


def test_a_token_is_never_part_of_an_error() -> None:
    serving = served(nodes(1), tokens=("secret-a", "secret-b"))
    with serving as (_, transport, _), pytest.raises(ClusterUnreadableError) as caught:
        names(transport)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two\r\nX-Evil: lines", "schlüssel"])
def test_what_cannot_be_a_token_is_not_sent(token: str) -> None:
    with served(nodes(1), tokens=(token,)) as (server, transport, _):
        with pytest.raises(ClusterUnreadableError, match="bearer token"):
            names(transport)
        assert server.asked == []


def test_an_expired_list_starts_again_from_the_beginning() -> None:
    with served(nodes(4)) as (server, transport, _):
        seen = []
        for restart, page in transport.pages(NODES, decode_nodes, 2):
            seen.append((restart, [item.metadata.name for item in page.items or ()]))
            if len(seen) == 1:
                server.expire_tokens()
    assert seen == [(0, ["n0", "n1"]), (1, ["n0", "n1"]), (1, ["n2", "n3"])]


def test_a_list_that_always_expires_is_given_up() -> None:
    with served(nodes(4)) as (server, transport, _):
        pages = transport.pages(NODES, decode_nodes, 2)
        with pytest.raises(ClusterUnreadableError, match="nodes: the list expired 4 times"):
            for _ in pages:
                server.expire_tokens()


def test_an_expired_inventory_has_no_node_twice() -> None:
    items = nodes(900)
    expired: list[bool] = []

    def objects(plural: str) -> list[dict[str, Any]]:
        return {"nodes": items}[plural]

    with KubernetesServer(objects, lambda token: True) as server:

        def token_ok(token: str) -> bool:
            if len(server.asked) == 2 and not expired:  # as the second page is asked for
                expired.append(True)
                server.expire_tokens()
            return True

        server._token_ok = token_ok
        transport = KubernetesTransport(ClusterAccess(server.url, token=lambda: "t"))
        inventory = KubernetesApiReader(transport, model_labels=("model",)).inventory()
        transport.close()
    assert expired
    assert [node.name for node in inventory.nodes] == [f"n{i}" for i in range(900)]


def test_a_busy_server_is_given_the_time_that_it_asks_for() -> None:
    with served(nodes(1)) as (server, transport, waits):
        server.throttle(3, retry_after_seconds=7)
        assert names(transport) == ["n0"]
    assert waits == [7.0, 7.0, 7.0]


def test_patience_ends_after_five_tries() -> None:
    with served(nodes(1)) as (server, transport, waits):
        server.throttle(9, retry_after_seconds=None)
        with pytest.raises(ClusterUnreadableError, match=r"nodes: .* 429"):
            names(transport)
    assert waits == [1.0] * 4


def test_patience_ends_after_a_minute() -> None:
    with served(nodes(1)) as (server, transport, waits):
        server.throttle(9, retry_after_seconds=25)
        with pytest.raises(ClusterUnreadableError, match="429"):
            names(transport)
    assert waits == [25.0, 25.0]  # a third would make 75 seconds


def test_an_unavailable_server_that_says_when_is_asked_again() -> None:
    busy = http(b"", "Retry-After: 2", status="503 Service Unavailable")
    waits: list[float] = []
    with answering(busy, http(json.dumps({"items": nodes(1)}).encode())) as url:
        transport = KubernetesTransport(ClusterAccess(url), sleep=waits.append)
        assert names(transport) == ["n0"]
        transport.close()
    assert waits == [2.0]


def test_metrics_whose_server_is_away_are_not_served() -> None:
    with answering(http(b"service unavailable", status="503 Service Unavailable")) as url:
        transport = KubernetesTransport(ClusterAccess(url))
        with pytest.raises(ListNotServedError, match=r"pod metrics: .* 503: service unavailable"):
            transport.get_page("/apis/metrics.k8s.io/v1beta1/pods")
        transport.close()


def test_other_answers_are_refused_with_their_reason() -> None:
    assert refused(http(b"oops", status="500 Internal Server Error")) == (
        "nodes: the API server answered 500: oops"
    )
    moved = http(b"", "Location: http://127.0.0.1:1/", status="302 Found")
    assert "answered 302" in refused(moved)


def test_a_body_that_is_cut_off_is_no_list() -> None:
    body = json.dumps({"items": nodes(50)}).encode()
    assert "nodes: " in refused(http(body[:100], f"Content-Length: {len(body)}"))
    packed = gzip.compress(body)
    assert "gzip body is broken" in refused(http(packed[:-20], "Content-Encoding: gzip"))
    assert "gzip body is broken" in refused(http(b"", "Content-Encoding: gzip"))


NO_LISTS = (
    b"",
    b"<html>",
    b"[]",
    b"{}",
    b'{"kind":"Status"}',
    b'{"items":[{}]}',
    b'{"items":[',
    b'{"items":[{"metadata":{"name":"\xff"}}]}',
)


@pytest.mark.parametrize("body", NO_LISTS)
def test_what_is_not_a_list_is_not_an_empty_one(body: bytes) -> None:
    assert "nodes: not the list that Kubernetes answers" in refused(http(body))


def test_a_null_list_is_an_empty_one() -> None:
    with answering(http(b'{"items":null}')) as url:
        transport = KubernetesTransport(ClusterAccess(url))
        assert names(transport) == []
        transport.close()


def test_a_page_that_is_offered_for_ever_is_refused() -> None:
    page = http(json.dumps({"items": nodes(1), "metadata": {"continue": "same"}}).encode())
    with answering(page, page) as url:
        transport = KubernetesTransport(ClusterAccess(url))
        with pytest.raises(ClusterUnreadableError, match="for ever"):
            names(transport)
        transport.close()


def test_nobody_there_is_an_error_that_names_the_list() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    transport = KubernetesTransport(ClusterAccess(f"http://127.0.0.1:{port}"))
    with pytest.raises(ClusterUnreadableError, match=r"nodes: .*refused"):
        names(transport)


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        transport = KubernetesTransport(ClusterAccess(url), read_timeout_seconds=0.1)
        with pytest.raises(ClusterUnreadableError, match="nodes: ReadTimeoutError"):
            names(transport)
        transport.close()


@pytest.mark.parametrize("authority", ["not base64!", base64.b64encode(b"no PEM").decode()])
def test_a_certificate_authority_that_is_none_is_refused(authority: str) -> None:
    access = ClusterAccess("https://127.0.0.1:1", certificate_authority=authority)
    with pytest.raises(ClusterUnreadableError, match="certificates cannot be used"):
        KubernetesTransport(access)
