"""`bursar local demo` and `serve`, on a shorter life of the platform: the same code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bursar.local.demo_config import ACCOUNT, CLUSTERS, write_demo_config
from bursar.local.issuer import LocalIssuer

BURSAR = [sys.executable, "-c", "from bursar.cli.main import main; main()", "local"]
SHORT = ["--backfill-days", "2", "--live-hours", "12"]
SHORTEST = ["--backfill-days", "1", "--live-hours", "1"]


def start(*arguments: object) -> subprocess.Popen[str]:
    """Run `bursar local ...` at the head of a process group of its own."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [*BURSAR, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def command(*arguments: object) -> str:
    """What `bursar local ...` says, on success."""
    with start(*arguments) as process:
        out, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    return out


def left_of(group: int) -> list[str]:
    """The processes of a group that are alive."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = file.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it ended meanwhile
        if int(its_group) == group and state != "Z":
            found.append(file.parent.name)
    return found


def none_left_of(group: int) -> bool:
    deadline = time.monotonic() + 5
    while left_of(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not left_of(group)


@pytest.fixture(scope="module")
def prepared(synthesize: Any, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What `make demo` prepares: a bursar.yaml and its template, as options."""
    directory = tmp_path_factory.mktemp("prepared")
    write_demo_config(directory / "bursar.yaml")
    done = synthesize(directory / "bursar.yaml", directory / "assembly", "--disposable")
    assert done.returncode == 0, done.stderr
    return ["--config", directory / "bursar.yaml", "--assembly", directory / "assembly"]


@pytest.fixture(scope="module")
def demo(prepared: list[object], tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    output = tmp_path_factory.mktemp("demo") / "out"
    with start("demo", *prepared, "--output", output, *SHORT) as process:
        out, problems = process.communicate(timeout=120)
    return SimpleNamespace(
        code=process.returncode,
        out=out,
        problems=problems,
        group=process.pid,
        summary=json.loads((output / "summary.json").read_text()),
        page=(output / "report.html").read_text(),
    )


def test_the_demo_ends_well_says_nothing_of_problems_and_leaves_no_process(demo):
    assert (demo.code, demo.problems) == (0, "")
    assert none_left_of(demo.group)


def test_the_demo_tells_its_progress_and_shows_where_its_files_are(demo):
    for told in ("backfilling 2 days", "resources deployed", "schedules fired", "summary.json"):
        assert told in demo.out


def test_the_summary_and_the_page_tell_the_same_month(demo):
    total = demo.summary["month_to_date_usd"]
    parts = demo.summary["clusters"]
    assert [each["cluster"] for each in parts] == list(CLUSTERS)
    assert float(total) > 1_000
    assert f"${float(total):,.2f}" in demo.page
    assert demo.page.startswith("<!doctype html>")


def test_every_alert_is_there_with_its_full_text_in_summary_page_and_terminal(demo):
    alerts = demo.summary["alerts"]
    assert "research/sweep-runaway" in "".join(alert["text"] for alert in alerts)
    flat = " ".join(demo.out.split())
    for alert in alerts:
        assert alert["sent_at"]
        for part in (alert["title"], alert["comparison"], alert["owner"], alert["action"]):
            assert part in alert["text"]
            assert part in flat
        assert alert["id"] in demo.page


def test_the_guard_says_what_the_platform_truly_cost(demo):
    compared = demo.summary["true_cost"]
    assert [each["cluster"] for each in compared] == list(CLUSTERS)
    for each in compared:
        assert each["hours"] == 11  # the twelfth closes at 12:11
        assert float(each["true_usd"]) > 100
        assert abs(float(each["difference_percent"])) < 0.001
    assert demo.summary["schedules_fired"] > 100
    assert demo.summary["messages_sent"] > 0


def test_one_exception_is_signed_one_denied_and_one_left_to_expire(demo):
    asked = demo.summary["exceptions"]
    assert [each["status"] for each in asked] == ["approved", "denied", "expired"]
    signed = [tier["decided_by"] for tier in asked[0]["tiers"]]
    assert signed == [f"{who}@example.com" for who in ("manager", "director", "vp")]
    assert asked[0]["limits_usd"]["acme"] == "134000"  # 14,000 and 120,000
    (acme,) = [each for each in demo.summary["budgets"] if each["id"] == "acme"]
    assert acme["limit_usd"] == "134000"
    assert "$120,000.00 for tenant=acme is approved" in demo.page


def test_the_table_of_models_sums_to_the_ledger_and_the_books_agree(demo):
    models = demo.summary["models"]
    named = sum(Decimal(each["usd"]) for each in models["models"])
    later = sum(Decimal(each["usd"]) for each in models["booked_later"])
    assert named + Decimal(models["rest_usd"]) + later == Decimal(models["total_usd"])
    own = [each for each in models["models"] if each["model"] == "llama-3-1-8b"]
    bought = [each for each in models["models"] if each["model"] == "gpt-4.1-mini"]
    assert own and bought
    assert "Models, " in demo.out


def test_each_tenant_has_its_own_rate_for_a_million_tokens_of_each_model(demo):
    for model in demo.summary["models"]["models"]:
        used = sum(Decimal(each["usd"]) for each in model["tenants"])
        assert used + Decimal(model["idle_usd"]) == Decimal(model["usd"])
        for each in model["tenants"]:
            tokens = each["input_tokens"] + each["output_tokens"]
            rate = Decimal(each["usd_per_million"]["usage_basis"])
            assert rate == pytest.approx(Decimal(each["usd"]) / tokens * 10**6)


@pytest.mark.deep
def test_the_runaway_is_told_in_the_night_after_its_first_day_and_nothing_unusual_before(
    prepared: list[object], tmp_path: Path
) -> None:
    """All of the backfill, and the day on which the runaway begins: October 20."""
    options = ["--output", tmp_path / "out", "--live-hours", 27]
    with start("demo", *prepared, *options) as process:
        _, problems = process.communicate(timeout=900)
    assert (process.returncode, problems) == (0, "")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    unusual = [each for each in summary["alerts"] if each["kind"].startswith("anomaly.")]
    assert {each["raised_at"] for each in unusual} == {"2026-10-21T01:40:00Z"}
    [runaway] = [each for each in unusual if each["title"].endswith("expected: team=research")]
    assert [driver["name"] for driver in runaway["drivers"][:3]] == [
        "workload research/sweep-runaway",
        "node group gpu-p4d-research",
        "namespace research",
    ]
    assert summary["forecast"]["source"] == "forecast of 2026-10-20"
    by = {each["id"]: each["projected_by"] for each in summary["budgets"]}
    assert by["training"] == by["research-day"] == "forecast of 2026-10-20"


@pytest.fixture
def serving(prepared: list[object], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with start("serve", *prepared, "--port", 0, "--work", tmp_path, *SHORTEST) as process:
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """The first line that holds the word."""
    for line in process.stdout:
        if word in line:
            return line
    pytest.fail(f"it ended without {word!r}: {process.stderr.read()}")


def get(url: str) -> tuple[str, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        return answer.headers["Content-Type"], answer.read().decode()


def post_usage(url: str, email: str) -> tuple[int, str]:
    """Tell of one request, as somebody of the example organisation."""
    told = {
        "id": "by-hand",
        "at": "2026-08-25T00:30:00Z",
        "tenant": "acme",
        "model": "gpt-4.1-mini",
        "provider": "openai",
        "input_tokens": 1000,
        "output_tokens": 100,
    }
    headers = {"Content-Type": "application/json"}
    if email:
        headers["Authorization"] = f"Bearer {LocalIssuer(ACCOUNT).token(email)}"
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{url}/v1/usage", json.dumps(told).encode(), headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask_its_aws(environment: Path, *arguments: str, code: int = 0) -> str:
    """What a command says in a shell that has read the file that serve wrote."""
    words = [BURSAR[0], *BURSAR[1:-1], *arguments]
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", '. "$0" && exec "$@"', str(environment), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def test_serve_says_where_it_is_answers_and_ends_with_sigterm(serving, tmp_path):
    said, _, url = wait_for(serving, "ready").rstrip("\n").partition(" ")
    assert said == "ready"
    kind, page = get(f"{url}/")
    assert (kind, page[:15]) == ("text/html; charset=utf-8", "<!doctype html>")
    kind, summary = get(f"{url}/summary.json")
    assert kind == "application/json"
    assert float(json.loads(summary)["month_to_date_usd"]) > 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/etc/passwd")
    assert post_usage(url, "gateway@example.com")[0] == 200
    assert post_usage(url, "gateway@example.com")[0] == 200  # told again: charged once
    assert post_usage(url, "manager@example.com")[0] == 403
    assert post_usage(url, "")[0] == 401
    assert json.loads(get(f"{url}/openapi.json")[1])["openapi"] == "3.1.0"
    summary = ("usage", "summary", "--from", "2026-08-24", "--to", "2026-08-25", "--json")
    told = json.loads(ask_its_aws(tmp_path / "aws.env", *summary))
    assert {"gpt-4.1-mini", "llama-3-1-8b"} <= {row["model"] for row in told["rows"]}
    report = ask_its_aws(tmp_path / "aws.env", "report", "tenant", "acme", "--json")
    assert json.loads(report)["from"] == "2026-08-01T00:00:00+00:00"  # its month, not our own
    compared = ask_its_aws(tmp_path / "aws.env", "reconcile", "--month", "2026-08", "--json")
    assert "of no service that the bill tells" not in json.loads(compared)["parts_usd"]
    closing = ("chargeback", "--month", "2026-08", "--close", "--with-unknown-hours")
    refused = ask_its_aws(tmp_path / "aws.env", *closing, code=2)
    assert "2026-08 ends at 2026-09-01 00:00 UTC" in refused
    later = command("clock", "advance", "2h", "--url", url).removeprefix("it is ").strip()
    assert datetime.fromisoformat(later) >= datetime(2026, 8, 25, 3, tzinfo=UTC)
    assert len(left_of(serving.pid)) > 1  # it, and its Lambda environments
    serving.send_signal(signal.SIGTERM)
    out, problems = serving.communicate(timeout=15)
    assert (serving.returncode, out.splitlines()[-1], problems) == (0, "stopped", "")
    assert none_left_of(serving.pid)


def test_ctrl_c_in_the_backfill_ends_its_processes_too(serving):
    wait_for(serving, "backfilling")
    while len(left_of(serving.pid)) < 3:
        time.sleep(0.02)
    os.killpg(serving.pid, signal.SIGINT)  # as a terminal does: to everyone
    out, _ = serving.communicate(timeout=60)
    assert (serving.returncode, out.splitlines()[-1]) == (0, "stopped")
    assert none_left_of(serving.pid)


def test_a_run_without_a_template_says_what_to_do(tmp_path):
    for command in ("demo", "serve"):
        with start(command, "--assembly", tmp_path, "--config", tmp_path / "no.yaml") as process:
            out, problems = process.communicate(timeout=30)
        assert (process.returncode, out) == (2, "")
        assert problems == f"bursar: {tmp_path} holds no synthesized template: run `make demo`\n"


def test_a_port_that_is_taken_is_said_in_one_line_before_anything_begins(prepared, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start("serve", *prepared, "--port", port, "--work", tmp_path) as process:
            out, problems = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert problems == f"bursar: port {port}: Address already in use\n"


def test_a_broken_configuration_is_said_with_line_and_field(prepared, tmp_path):
    (tmp_path / "bursar.yaml").write_text("version: 1\nclusters: 3\n")
    options = ["--assembly", prepared[3], "--config", tmp_path / "bursar.yaml"]
    with start("demo", *options, "--output", tmp_path / "out") as process:
        _, problems = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "bursar.yaml:2: clusters:" in problems
    assert not (tmp_path / "out").exists()
