"""`bursar usage import` and `summary`, from the command line to a table and a bucket in moto."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from bursar.adapters.dynamodb.ledger.store import DynamoLedgerStore
from bursar.adapters.dynamodb.quarantine import DynamoQuarantine
from bursar.adapters.dynamodb.statements import DynamoStatementStore
from bursar.adapters.s3_usage import S3UsageArchive
from bursar.cli.main import app
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, hour_of
from bursar.domain.usage.quarantine import Decision
from bursar.domain.usage.records import TokenCounts
from tests.contract.ledger_books import books_on, entry
from tests.unit.domain.sample_statements import bought, hour_at, pods

AT = datetime.now(UTC) - timedelta(days=2)  # usage of long ago is held
MARCH = datetime(2025, 3, 4, 10, tzinfo=UTC)
SPAN = ("--from", "2025-03-04", "--to", "2025-03-05")
TWO_HOURS = ("--from", "2025-03-04T10", "--to", "2025-03-04T12")
CONFIG = {
    "version": 1,
    "organisation": "acme",
    "account": "111122223333",
    "region": "eu-west-1",
    "notifications": {"catch_all": ["ops@example.com"]},
    "usage": {
        "producers": [
            {"name": "gateway", "tenants": ["*"]},
            {"name": "traces", "tenant": "search", "format": "otel"},
        ],
        "token_prices": [
            {
                "provider": "openai",
                "model": "gpt-x",
                "input_usd_per_million": "2",
                "output_usd_per_million": "10",
                "from": "2025-01-01T00:00:00Z",
            }
        ],
    },
}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    table: Any,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    boto3.client("s3").create_bucket(
        Bucket="usage", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    (tmp_path / "bursar.yaml").write_text(yaml.safe_dump(CONFIG))

    def running(command: str, *words: str) -> tuple[int, str, str]:
        where = ["--table", table.name, "--bucket", "usage"]
        if command == "import":
            where += ["--config", str(tmp_path / "bursar.yaml")]
        with pytest.raises(SystemExit) as left:
            app(["usage", command, *words, *where])
        return int(left.value.code or 0), *capsys.readouterr()

    return running


def told(id_: str, **changes: Any) -> dict[str, Any]:
    plain = {"id": id_, "at": AT.isoformat(), "tenant": "search", "model": "gpt-x"}
    counts = {"provider": "openai", "input_tokens": 1000, "output_tokens": 100}
    return plain | counts | changes


def imported(run: Run, file: Path, producer: str = "gateway") -> tuple[int, Any]:
    code, out, _ = run("import", str(file), "--producer", producer, "--json")
    return code, json.loads(out)


def usd(table: Any) -> Money:
    leaves = DynamoLedgerStore(table).leaves(hour_of(AT).start)
    return Money.sum(leaf.amounts.usd for leaf in leaves.values())


def test_lines_are_posted_at_their_price_and_a_second_time_changes_nothing(
    table: Any, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "usage.jsonl.gz"
    lines = [json.dumps(told(str(n))) for n in range(2)] + [json.dumps(told("x", model=""))]
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    for there in (0, 2):
        code, found = imported(run, file)
        assert (code, found["accepted"], found["held"], found["failed"]) == (0, 2, 0, [])
        assert (found["duplicates"], found["conflicts"]) == (there, 0)
        [rejection] = found["rejected"]
        assert (rejection["where"], rejection["times"]) == ("line 3", 1)
        assert usd(table) == Money.of("0.006")  # 2 x (1,000 x 2 + 100 x 10) / 1,000,000
    archive = S3UsageArchive(boto3.client("s3"), "usage")
    assert {each.id for each in archive.records(hour_of(AT))} == {"0", "1"}


def test_people_are_told_what_became_of_a_file(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "usage.jsonl").write_text(
        f"{json.dumps(told('1'))}\n{json.dumps(told('2', input_tokens=10**8))}\n{{"
    )
    code, out, _ = run("import", str(file), "--producer", "gateway")
    assert code == 0
    assert "1 records posted, 0 shadow, 0 there already, 1 held, 1 rejected." in out
    assert "1 not posted: a person has to look. See `bursar usage held`." in out
    assert "line 3: " in out
    file.write_text("\n".join(json.dumps(told("1", input_tokens=n)) for n in (1000, 7, 8)))
    code, out, _ = run("import", str(file), "--producer", "gateway")
    assert code == 0
    assert "0 records posted, 0 shadow, 1 there already, 0 held, 0 rejected." in out
    assert "2 not posted: their ids stand for something else." in out


def test_what_another_source_is_billed_for_is_shadow_and_no_posted_record(
    table: Any, run: Run, tmp_path: Path
) -> None:
    """Of six records one is billed, two are shadow, one is held and two are rejected; told again,
    those three are there already."""
    routed = {"routes": [{"models": "gpt-y", "billed_by": "traces"}]}
    config = yaml.safe_dump(CONFIG | {"usage": CONFIG["usage"] | routed})
    (tmp_path / "bursar.yaml").write_text(config)
    shadow = [told(str(n), model="gpt-y") for n in (1, 2)]
    odd = [told("4", input_tokens=10**8), told("5", model=""), told("6", model="")]
    lines = [json.dumps(each) for each in (*shadow, told("3"), *odd)]
    (file := tmp_path / "usage.jsonl").write_text("\n".join(lines))
    _, out, _ = run("import", str(file), "--producer", "gateway")
    assert "1 records posted, 2 shadow, 0 there already, 1 held, 2 rejected." in out
    assert "2 compared and in no total: another source is billed for them." in out
    assert usd(table) == Money.of("0.003")  # (1,000 x 2 + 100 x 10) / 1,000,000: of one
    _, found = imported(run, file)
    counts = {name: found[name] for name in ("accepted", "billed", "shadow", "duplicates", "held")}
    assert counts == {"accepted": 3, "billed": 0, "shadow": 0, "duplicates": 3, "held": 1}


def test_of_a_file_that_is_told_again_what_a_person_released_is_there_and_what_was_dropped_is_said(
    table: Any, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "usage.jsonl"
    huge = [json.dumps(told(name, input_tokens=10**8)) for name in ("1", "2", "3")]
    file.write_text("\n".join(huge))
    assert imported(run, file)[1]["held"] == 3
    quarantine = DynamoQuarantine(table)
    quarantine.decide(("gateway", "1"), Decision.RELEASED, AT)
    quarantine.decide(("gateway", "2"), Decision.DROPPED, AT)
    found = imported(run, file)[1]
    counts = {name: found[name] for name in ("accepted", "duplicates", "dropped", "held")}
    assert counts == {"accepted": 1, "duplicates": 1, "dropped": 1, "held": 1}
    out = run("import", str(file), "--producer", "gateway")[1]
    assert "0 records posted, 0 shadow, 1 there already, 1 held, 0 rejected." in out
    assert "1 not posted: they were held, and a person dropped them." in out


def test_each_place_of_what_is_rejected_is_a_line_of_the_file(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "usage.csv").write_text(
        "id,at,model,tenant,input_tokens\n"
        + "".join(f"{n},{AT.isoformat()},gpt-x,search,{-(n % 500)}\n" for n in range(1, 1502))
    )
    _, found = imported(run, file)
    # of 1,501 rows three are of 0 tokens, the 500th, 1,000th and 1,500th; a message has 1,000
    assert (found["accepted"], [each["times"] for each in found["rejected"]]) == (3, [998, 500])
    assert [each["places"][:2] for each in found["rejected"]] == [
        ["line 2", "line 3"],
        ["line 1002", "line 1003"],
    ]
    code, out, _ = run("import", str(file), "--producer", "gateway")
    assert code == 0
    assert "and 978 more: input_tokens is below zero (x998)" in " ".join(out.split())


def test_a_csv_of_more_lines_than_one_message_keeps_its_header_and_its_cells(
    table: Any, run: Run, tmp_path: Path
) -> None:
    rows = [told(f"r-{n}", feature="two\nlines" if n == 999 else "chat") for n in range(1500)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    (file := tmp_path / "usage.csv").write_text(text.getvalue(), newline="")
    code, found = imported(run, file)
    assert (code, found["accepted"], found["rejected"]) == (0, 1500, [])
    assert usd(table) == Money.of("4.5")  # 1,500 x 0.003


def test_a_quote_that_is_never_closed_loses_its_line_alone_whatever_is_a_message(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bursar.cli.usage_deployed._LINES_TOGETHER", 3)
    features = ["chat", '"chat', *["chat"] * 7, '"two\nlines"', "chat", '"chat', "chat"]
    rows = [f"{n},{AT.isoformat()},gpt-x,search,500,{each}" for n, each in enumerate(features)]
    (file := tmp_path / "usage.csv").write_text(
        "\n".join(["", "id,at,model,tenant,input_tokens,feature", *rows])
    )
    code, found = imported(run, file)
    assert (code, found["accepted"]) == (0, 11)
    # below an empty line and the header: the second row, and the twelfth behind one of two lines
    assert [(each["where"], each["reason"]) for each in found["rejected"]] == [
        ("line 4", "is not CSV"),
        ("line 15", "is not CSV"),
    ]


def test_a_line_that_is_no_utf8_is_refused_by_its_number_and_the_rest_is_posted(
    table: Any, run: Run, tmp_path: Path
) -> None:
    lines = [json.dumps(told(str(n), feature="chat")).encode() for n in range(1, 1002)]
    for number in (648, 1001):  # of the second message the only one
        lines[number - 1] = lines[number - 1].replace(b"chat", b"ch\xfft")
    (file := tmp_path / "usage.jsonl").write_bytes(b"\n".join(lines))
    code, found = imported(run, file)
    assert (code, found["accepted"], usd(table)) == (0, 999, Money.of("2.997"))  # 999 x 0.003
    assert [(each["where"], each["reason"]) for each in found["rejected"]] == [
        ("line 648", "is not UTF-8"),
        ("line 1001", "is not UTF-8"),
    ]


def test_a_row_of_a_gzipped_csv_that_is_no_utf8_is_refused_by_its_line(
    run: Run, tmp_path: Path
) -> None:
    rows = [f"{n},{AT.isoformat()},gpt-x,search,7,Zürich" for n in range(1, 4)]
    text = "\n".join(["id,at,model,tenant,input_tokens,city", *rows]).encode()
    (file := tmp_path / "usage.csv.gz").write_bytes(gzip.compress(text.replace(b"\xc3", b"", 1)))
    code, found = imported(run, file)
    assert (code, found["accepted"]) == (0, 2)
    assert [(each["where"], each["reason"]) for each in found["rejected"]] == [
        ("line 2", "is not UTF-8")
    ]


def test_a_json_document_over_many_lines_is_one_message(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "usage.json").write_text(json.dumps([told("1"), told("2")], indent=2))
    assert imported(run, file)[1]["accepted"] == 2
    number = {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}}
    model = {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-x"}}
    span = {
        "spanId": "b7ad6b7169203331",
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "name": "chat",
        "startTimeUnixNano": str(int(AT.timestamp()) * 10**9),
        "endTimeUnixNano": str(int(AT.timestamp()) * 10**9 + 1),
        "attributes": [model, number],
    }
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span] * 1}]}]}
    file.write_text(json.dumps(document, indent=1))
    assert imported(run, file, "traces")[1]["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "producer", "said"),
    [
        (b"\x1f\x8bbroken", "gateway", "usage"),
        (gzip.compress(b"{}", mtime=0)[:-12] + b"\xff" * 12, "gateway", "usage"),
        ("id,at,model\n".encode("utf-16"), "gateway", "line 1 is neither JSON nor UTF-8"),
        (b"{}", "nobody", "no producer 'nobody' is configured"),
    ],
)
def test_a_file_that_cannot_be_read_or_is_nobodys_is_refused(
    run: Run, tmp_path: Path, body: bytes, producer: str, said: str
) -> None:
    (file := tmp_path / "usage").write_bytes(body)
    code, _, err = run("import", str(file), "--producer", producer)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("text", "code", "reasons"),
    [
        ("hello", 2, ["is not JSON"]),
        ("id;at;model\n1;2026-11-20;gpt-x\n", 2, ["is not JSON"]),
        ("id,at,model\n", 0, []),
        ("", 0, []),
    ],
)
def test_a_file_of_one_line_that_is_no_usage_is_rejected_and_one_of_no_rows_is_empty(
    text: str, code: int, reasons: list[str], run: Run, tmp_path: Path
) -> None:
    (file := tmp_path / "usage").write_text(text)
    left_with, out, err = run("import", str(file), "--producer", "gateway", "--json")
    found = json.loads(out)
    assert (left_with, found["accepted"]) == (code, 0)
    assert [each["reason"].partition(" (")[0] for each in found["rejected"]] == reasons
    assert ("nothing of it is usage in gateway's format" in err) == bool(code)


def test_a_file_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    code, _, err = run("import", str(tmp_path / "none"), "--producer", "gateway")
    assert code == 2
    assert err == f"bursar: {tmp_path / 'none'}: No such file or directory\n"


def test_the_only_producer_needs_no_name(run: Run, tmp_path: Path) -> None:
    (file := tmp_path / "usage.jsonl").write_text(json.dumps(told("1")))
    code, _, err = run("import", str(file))
    assert (code, err) == (2, "bursar: name the --producer who told it: gateway, traces\n")
    only = CONFIG | {"usage": {"producers": [{"name": "gateway", "tenants": ["*"]}]}}
    (tmp_path / "bursar.yaml").write_text(yaml.safe_dump(only))
    code, out, _ = run("import", str(file), "--json")
    assert (code, json.loads(out)["accepted"]) == (0, 1)


def test_a_window_of_which_nothing_is_stated_is_unknown_and_not_zero(run: Run) -> None:
    code, out, err = run("summary", *SPAN, "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["total"]["usd"]) == (0, [], None)
    assert "unknown, which is not zero" in err
    assert run("summary", *SPAN)[:2] == (0, "")


@pytest.fixture
def stated(table: Any) -> None:
    store = DynamoStatementStore(table)
    chat = bought(
        "acme", "3", "search", tokens=(900, 100), requests=4, feature="[red]=chat\x1b]0;x"
    )
    for n in range(2):
        store.put_hour(
            hour_at(MARCH + n * HOUR, chat, bought("ads", "1", model="gpt-x"), pods("x", "9"))
        )


@pytest.mark.usefixtures("stated")
def test_a_summary_has_the_sums_of_a_window_and_ratios_of_them(run: Run) -> None:
    code, out, _ = run("summary", *SPAN, "--by", "tenant, model", "--json")
    found = json.loads(out)
    rows = {(row["tenant"], row["model"]): row for row in found["rows"]}
    assert code == 0
    assert set(rows) >= {("acme", "claude"), ("ads", "gpt-x")}
    acme = rows["acme", "claude"]
    assert (acme["requests"], acme["usd"], acme["usd_per_request"]) == (8, "6", "0.75")
    assert acme["usd_per_million_tokens"] == "3000"  # 6 / 2,000 tokens
    sums = Money.sum(Money.of(row["usd"]) for row in found["rows"])
    assert sums == Money.of(found["total"]["usd"])


def test_rates_of_a_summary_are_of_serving_alone_and_the_totals_too(table: Any, run: Run) -> None:
    idle = pods("__idle__", "4", model="llama", kind=Kind.IDLE)
    training = pods("x", "90", model="llama", category=CostCategory.TRAINING)
    served = bought("x", "8", model="llama", requests=4, tokens=(900_000, 100_000))
    blind = LineKey("x", CostCategory.EXTERNAL_API, model="new")
    unpriced = {blind: Line(0, 6, unpriced=TokenCounts(input=7), unpriced_requests=6)}
    DynamoStatementStore(table).put_hour(hour_at(MARCH, idle, training, served, unpriced))
    code, out, _ = run("summary", *SPAN, "--json")
    told = json.loads(out)
    for row in (told["rows"][0], told["total"]):
        assert (code, row["usd"], row["serving_usd"]) == (0, "102", "8")
        # 8 for 4 requests and a million tokens, whatever idle, training and unpriced there is
        assert (row["usd_per_request"], row["usd_per_million_tokens"]) == ("2", "8")
    assert told["total"]["unpriced_requests"] == 6
    _, shown, _ = run("summary", *SPAN)
    assert "usage basis" in shown


def test_a_model_without_a_price_is_unpriced_with_its_tokens_and_never_0(
    table: Any, run: Run
) -> None:
    mystery = LineKey("acme", CostCategory.EXTERNAL_API, model="mystery-model")
    used = Line(0, 2, unpriced=TokenCounts(input=1000, output=200), unpriced_requests=2)
    late = LineKey("acme", CostCategory.GPU_COMPUTE, model="llama", adjusts="2025-02")
    came = Line(requests=3, charged_before=TokenCounts(input=70), charged_before_requests=3)
    priced = bought("acme", "8", tokens=(900, 100), requests=4)
    store = DynamoStatementStore(table)
    store.put_hour(hour_at(MARCH, {mystery: used, late: came}, priced))
    code, out, _ = run("summary", *SPAN, "--json")
    told = json.loads(out)
    rows = {row["model"]: row for row in told["rows"]}
    unknown = rows["mystery-model"]
    assert (code, unknown["usd"], unknown["serving_usd"]) == (0, None, None)
    assert (unknown["usd_per_request"], unknown["usd_per_million_tokens"]) == (None, None)
    assert (unknown["input_tokens"], unknown["output_tokens"]) == (1000, 200)
    assert (rows["llama"]["usd"], rows["llama"]["charged_before_tokens"]) == ("0", 70)
    total = told["total"]
    assert (total["usd"], total["input_tokens"], total["requests"]) == ("8", 1970, 9)
    assert total["usd_per_request"] == "2"  # 8 for the 4 of 9 requests that it is the cost of
    assert told["unpriced"] == [
        {"model": "mystery-model", "requests": 2, "input_tokens": 1000, "output_tokens": 200}
    ]
    _, out, _ = run("summary", *SPAN)
    [row] = [line for line in out.splitlines() if line.split()[:1] == ["mystery-model"]]
    assert row.split() == ["mystery-model", "2", "1,000", "200", "unpriced"]
    told_too = " ".join(out.split())
    assert "mystery-model: no price is known for 1,000 input and 200 output tokens" in told_too
    assert "70 tokens of self-hosted models came after their month was closed" in told_too


@pytest.mark.usefixtures("stated")
def test_a_summary_is_broken_down_by_hour_too(run: Run) -> None:
    code, out, err = run("summary", *TWO_HOURS, "--by", "hour,model", "--json")
    rows = {(row["hour"], row["model"]): row["usd"] for row in json.loads(out)["rows"]}
    hours = [f"{MARCH + n * HOUR:%Y-%m-%dT%H}:00:00Z" for n in range(2)]
    assert (code, err) == (0, "")
    assert [rows[hour, "claude"] for hour in hours] == ["3", "3"]
    assert [hour for hour, _ in rows] == sorted(hour for hour, _ in rows)


def test_hours_that_only_their_days_keep_are_named_and_not_lost_in_silence(
    table: Any, run: Run
) -> None:
    store = DynamoStatementStore(table)
    store.load([hour_at(MARCH, bought("acme", "3"))], hours_from=MARCH + timedelta(days=9))
    code, out, err = run("summary", *SPAN, "--json")
    assert (code, json.loads(out)["total"]["usd"], json.loads(out)["not_kept"]) == (0, "3", [])
    assert "kept" not in err
    code, out, err = run("summary", *SPAN, "--by", "hour", "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["quality"]) == (0, [], "unknown")
    assert [each["from"] for each in told["not_kept"]] == [MARCH.isoformat()]
    said = f"kept by their days alone, and not in these sums: {MARCH:%Y-%m-%d %H}:00 to"
    assert said in err
    _, out, err = run("summary", *SPAN, "--by", "hour")
    assert (said in " ".join(out.split()), err) == (True, "")


@pytest.mark.usefixtures("stated")
def test_hours_that_were_never_stated_make_a_summary_an_estimate(run: Run) -> None:
    """The day has 24 hours, of which two were stated."""
    _, out, err = run("summary", *TWO_HOURS, "--json")
    told = json.loads(out)
    assert (told["quality"], told["unstated"], told["not_kept"], err) == ("final", [], [], "")
    _, out, err = run("summary", *SPAN, "--json")
    told = json.loads(out)
    assert (told["quality"], told["unstated_hours"]) == ("estimated", 22)
    assert "22 hours were not stated" in err
    _, out, err = run("summary", *SPAN)
    assert "22 hours were not stated, and their costs are unknown" in " ".join(out.split())
    assert err == ""


@pytest.mark.usefixtures("stated")
def test_names_are_shown_as_they_are_without_what_a_terminal_obeys(run: Run) -> None:
    code, out, _ = run("summary", *SPAN, "--by", "feature")
    assert code == 0
    assert "[red]=chat\ufffd]0;x" in out


def test_figures_of_a_summary_are_told_to_the_last_digit(
    table: Any, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eighty columns are what a pipe has: names fold there, and numbers do not."""
    monkeypatch.setenv("COLUMNS", "80")
    tokens = (26_470_000_123, 3_018_800_456)
    lines = bought("a-tenant-of-many-words", "3092.59", tokens=tokens, requests=14_416_789)
    DynamoStatementStore(table).put_hour(hour_at(MARCH, lines))
    code, out, _ = run("summary", *SPAN, "--by", "tenant,model")
    assert code == 0
    for figure in ("14,416,789", "26,470,000,123", "3,018,800,456", "3,092.59", "0.1049"):
        assert figure in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "colour"), "usage is not broken down by colour"),
        (("--by", "kind"), "usage is not broken down by kind"),
        (("--by", "tenant,user"), "the ledger keeps no users"),
        (("--by", "model,model"), "names a dimension twice"),
        (("--from", "yesterday"), "yesterday"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    run: Run, words: tuple[str, ...], said: str
) -> None:
    code, _, err = run("summary", *words)
    assert code == 2
    assert said in err


def test_other_sources_are_shown_beside_what_is_billed(table: Any, run: Run) -> None:
    books_on(table).post(
        entry("1", at=MARCH, input_tokens=90),
        entry("2", at=MARCH, input_tokens=170, shadow="[b]litellm"),
        entry("3", at=MARCH, model="other", shadow="litellm"),
    )
    span = ("--from", "2025-03-04T10", "--to", "2025-03-04T11")
    code, out, _ = run("summary", *span, "--shadow", "--json")
    billed, alone = json.loads(out)
    assert (code, billed["model"], billed["billed_tokens"]) == (0, "gpt-x", 100)
    [source] = billed["sources"]
    assert source["difference"] == "0.800000"  # 180 beside 100
    assert (source["billed_tokens"], source["billed_without_it_tokens"]) == (100, 0)
    assert (alone["billed_tokens"], alone["sources"][0]["difference"]) == (0, None)
    code, out, _ = run("summary", *span, "--shadow")
    assert "[b]litellm" in out
    assert "+80.00%" in out
    assert "nothing billed" in out
    _, out, _ = run("summary", "--from", "2025-03-04T11", "--to", "2025-03-05", "--shadow")
    assert "No source told" in out
    code, _, err = run("summary", *span, "--shadow", "--by", "tenant")
    assert (code, "by model alone" in err) == (2, True)
