"""`bursar exception`, from the command line over HTTP to the API and back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bursar.cli.main import app
from bursar.local.embedded.http_gateway import HttpAnswer, HttpRequest, bearer
from bursar.local.http_server import handler, listen
from bursar.local.issuer import LocalIssuer
from tests.unit.web.test_exceptions_api import ASKED, Api

NAMES = {"requester@example.com": "rita", "manager@example.com": "emil"}
ASK = [
    *("request", "--policy", "training-job", "--scope", "namespace=research"),
    *("--amount", "1000.50", "--purpose", "[red]a run[/red]", "--justification", "j"),
    *("--impact", "i", "--until", ASKED["until"]),
]


@pytest.fixture
def url(tmp_path, monkeypatch) -> Iterator[str]:
    """The API on a port of this machine, for the people of the local issuer."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    api, issuer = Api(), LocalIssuer("")

    def answer(request: HttpRequest) -> HttpAnswer:
        who = NAMES[issuer.verify(bearer(request)).email]
        status, told = api.call(who, f"{request.method} {request.path}", request.body.decode())
        return HttpAnswer(status, {"content-type": "application/json"}, json.dumps(told).encode())

    server = listen(0)
    server.RequestHandlerClass = handler(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(capsys: Any, url: str, who: str, *command: str) -> tuple[int, str, str]:
    named = ["--as", f"{who}@example.com"] if who else []
    with pytest.raises(SystemExit) as ended:
        app(["exception", *command, "--url", url, *named])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_a_request_is_filed_shown_and_decided(url, capsys):
    code, out, _ = run(capsys, url, "requester", *ASK, "--json")
    id_ = json.loads(out)["id"]
    assert (code, json.loads(out)["amount_usd"]) == (0, "1000.5")
    _, shown, _ = run(capsys, url, "manager", "show", id_)
    assert "version 1  pending" in shown
    assert "[red]a run[/red]" in shown
    _, decided, _ = run(capsys, url, "manager", "decide", id_, "approve", "--version", "1")
    assert "approved by emil" in decided
    assert "1000.5 USD" in decided


def test_a_refusal_is_said_with_its_reason(url, capsys):
    _, out, _ = run(capsys, url, "requester", *ASK, "--json")
    own = ["decide", json.loads(out)["id"], "approve", "--version", "1"]
    code, _, told = run(capsys, url, "requester", *own)
    assert (code, told) == (2, "bursar: 403: rita is a party to this request\n")


def test_tokens_of_this_machine_stay_on_it(capsys, monkeypatch):
    monkeypatch.delenv("BURSAR_TOKEN", raising=False)
    for url, who, reason in (
        ("https://bursar.example.com", "manager", "--as is for this machine alone"),
        ("http://bursar.example.com", "", "is not https"),
        ("https://bursar.example.com", "", "BURSAR_TOKEN"),
    ):
        code, _, told = run(capsys, url, who, "show", "X")
        assert code == 2
        assert reason in told
