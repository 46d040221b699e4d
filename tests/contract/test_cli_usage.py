"""`bursar usage` on real data, and on what people mistype."""

from __future__ import annotations

import csv
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bursar.cli.usage import app
from tests.contract.pipes import IS_A_PIPE, a_pipe_of

SHARED = Path(__file__).parents[3] / "shared"
DATA = SHARED / "data/llm_usage"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the real data is not at hand")


def ask(capsys: Any, *words: str | Path) -> Any:
    with pytest.raises(SystemExit) as ended:
        app([*map(str, words), "--json"])
    assert not ended.value.code
    return json.loads(capsys.readouterr().out)


def refuse(capsys: Any, *words: str | Path) -> str:
    with pytest.raises(SystemExit) as ended:
        app([*map(str, words)])
    assert ended.value.code == 2
    return str(capsys.readouterr().err)


def prices(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    return path


def answers(name: str) -> Any:
    return json.loads((SHARED / "data/answers.json").read_bytes())[name]


@needs_data
def test_the_azure_trace_costs_what_the_answers_say(tmp_path: Path, capsys: Any) -> None:
    told = answers("azure")
    path = tmp_path / "azure.csv"
    with gzip.open(DATA / "azure_llm_2023_conv.csv.gz", "rt") as real, path.open("w") as file:
        rows = csv.reader(real)
        next(rows)
        file.write("at,model,input_tokens,output_tokens\n")
        file.writelines(f"{at},conv,{context},{output}\n" for at, context, output in rows)
    book = prices(tmp_path, "conv: {input_usd_per_million: 2.50, output_usd_per_million: 10.00}")
    found = ask(capsys, "cost", path, "--prices", book, "--by", "model")
    assert found["total"] == {
        "requests": told["requests"],
        "input_tokens": told["input_tokens"],
        "cached_input_tokens": 0,
        "output_tokens": told["output_tokens"],
        "usd": told["usd_at_2.50_10.00"],
    }
    assert not found["rejected"] and not found["unpriced"]


@needs_data
def test_the_servegen_slice_costs_what_the_answers_say(tmp_path: Path, capsys: Any) -> None:
    told = answers("servegen")
    rates = answers("assumed_usd_per_million_tokens(input,output)")
    path = tmp_path / "servegen.parquet"
    real = duckdb.read_parquet(str(DATA / "servegen_usage_10min.parquet"))
    real.select(
        "model, tenant, requests, input_tokens, output_tokens,"
        " TIMESTAMP '2025-03-01' + to_seconds(CAST(window_start_s AS BIGINT)) AS \"at\""
    ).write_parquet(str(path))
    book = prices(
        tmp_path,
        "\n".join(
            f"{model}: {{input_usd_per_million: '{pair[0]}', output_usd_per_million: '{pair[1]}'}}"
            for model, pair in rates.items()
        ),
    )
    found = ask(capsys, "cost", path, "--prices", book, "--by", "model")
    for row in found["rows"]:
        expected = told["per_model"][row["model"]]
        for name in ("requests", "input_tokens", "output_tokens", "usd"):
            assert row[name] == expected[name]
    assert found["total"]["usd"] == told["total_usd"]
    tenants = ask(capsys, "cost", path, "--prices", book, "--by", "tenant")["rows"]
    top = sorted(tenants, key=lambda row: -Decimal(row["usd"]))[:5]
    assert [[row["tenant"], row["usd"]] for row in top] == told["top5_tenants"]
    days = ask(capsys, "cost", path, "--prices", book, "--by", "day,model")["rows"]
    for model in ("m-mid", "m-small"):
        by_day = [row["usd"] for row in days if row["model"] == model]
        assert by_day == told["per_model"][model]["daily_usd"]


@needs_data
@pytest.mark.parametrize("kind", ["unlimited", "ttl_300s"])
def test_cached_tokens_of_mooncake_cost_what_the_answers_say(
    kind: str, tmp_path: Path, capsys: Any
) -> None:
    (told,) = answers("mooncake").values()
    path = tmp_path / "mooncake.jsonl"
    record = {
        "model": "kimi",
        "requests": told["requests"],
        "input_tokens": told["input_tokens"],
        "cached_input_tokens": told[kind]["cached_input_tokens"],
        "output_tokens": told["output_tokens"],
    }
    path.write_text(json.dumps(record))
    book = prices(
        tmp_path,
        "kimi:\n  input_usd_per_million: 3\n  cached_input_usd_per_million: 0.30\n"
        "  output_usd_per_million: 15\n",
    )
    found = ask(capsys, "cost", path, "--prices", book, "--by", "model")
    usd = found["total"]["usd"]
    expected = told[kind].get("usd_in3_cache0.30_out15")
    assert usd == expected


def test_a_dated_price_holds_from_its_day_on(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(
        "at,model,input_tokens\n"
        "2026-10-31T23:59:59Z,gpt,1000000\n"
        "2026-11-01T00:00:00Z,gpt,1000000\n"
        ",gpt,1000000\n"
        "2026-09-30T23:59:59Z,gpt,7\n"
    )
    book = prices(
        tmp_path,
        "gpt:\n"
        "- {input_usd_per_million: 0.1, output_usd_per_million: 1, from: 2026-10-01}\n"
        "- {input_usd_per_million: 0.2, output_usd_per_million: 1, from: 2026-11-01}\n",
    )
    found = ask(capsys, "cost", path, "--prices", book, "--by", "day")
    assert {row["day"]: row["usd"] for row in found["rows"]} == {
        "2026-09-30": None,
        "2026-10-31": "0.1",
        "2026-11-01": "0.2",
    }
    assert found["total"]["usd"] == "0.3"
    assert found["unpriced"] == [{"model": "gpt", "input_tokens": 7, "output_tokens": 0}]
    assert found["rejected"] == [
        {"line": 4, "reason": "at is missing: the price of its model is dated"}
    ]


_TIERS = (
    "gpt:\n  input_usd_per_million: 1\n  output_usd_per_million: 1\n  tiers:\n"
    + "  - {{above_input_tokens: {}, input_usd_per_million: 2, output_usd_per_million: 1}}\n"
    + "  - {{above_input_tokens: {}, input_usd_per_million: 3, output_usd_per_million: 1}}\n"
    + "  - {{above_input_tokens: {}, input_usd_per_million: 4, output_usd_per_million: 1}}\n"
)
_ALIASES = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 41))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gpt:\n  input_usd_per_million: 1\n", "prices.yaml:1"),
        ("gpt:\n  input_usd_per_million: x\n  output_usd_per_million: 1\n", "prices.yaml:2"),
        ("gpt:\n  input_usd_per_million: 1\n  output_usd_per_million: -1\n", "prices.yaml:3"),
        ("gpt:\n  input_usd_per_million: .nan\n  output_usd_per_million: 1\n", "prices.yaml:2"),
        ("gpt:\n  input_usd_per_million: true\n  output_usd_per_million: 1\n", "prices.yaml:2"),
        ("a: {}\na: {}\n", "a stands twice"),
        ("gpt: [\n", "prices.yaml:2"),
        ("", "names no model"),
        ("- 1\n", "names no model"),
        ("gpt: 5\n", "prices.yaml:1"),
        ("gpt: &row {again: *row}\n", "prices.yaml:1"),
        ("a0: &a0 [1]\n" + _ALIASES, "prices.yaml:1"),  # 2^40 values, if one is looked at twice
        (
            _TIERS.format(1000, 2000, 1000),
            "prices.yaml:4: gpt.0.tiers: Value error, two tiers are",
        ),
        ("gpt: {typo: 5, input_usd_per_million: 1, output_usd_per_million: 1}\n", "typo"),
    ],
)
def test_a_wrong_price_file_is_refused_with_its_line(
    text: str, told: str, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("model,input_tokens\ngpt,1\n")
    assert told in refuse(
        capsys, "cost", path, "--prices", prices(tmp_path, text), "--by", "model"
    )


def test_what_cannot_be_used_is_named(tmp_path: Path, capsys: Any) -> None:
    absent = tmp_path / "absent.csv"
    assert "absent.csv" in refuse(capsys, "cost", absent, "--prices", "genai", "--by", "model")
    assert "--by" in refuse(capsys, "cost", absent, "--prices", "genai", "--by", "colour")
    told = refuse(capsys, "cost", absent, "--prices", tmp_path / "none.yaml", "--by", "model")
    assert "none.yaml" in told


def test_usage_from_a_pipe_is_refused_in_a_plain_sentence(capsys: Any) -> None:
    with a_pipe_of('{"model": "gpt-5", "input_tokens": 5}\n') as pipe:
        said = refuse(capsys, "cost", pipe, "--prices", "genai", "--by", "model")
    assert said.split() == f"bursar: {pipe}: {IS_A_PIPE}".split()


def test_names_reach_the_table_as_text(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "usage.jsonl"
    path.write_text('{"model": "gpt-4o", "tenant": "[red]\\u001b[31mx", "input_tokens": 4}\n{')
    with pytest.raises(SystemExit) as ended:
        app(["cost", str(path), "--prices", "genai", "--by", "tenant"])
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "[red]" in shown and "\x1b[31mx" not in shown and "is not JSON" in shown


def test_a_conversation_and_a_comparison_are_told_in_json(capsys: Any) -> None:
    found = ask(
        capsys,
        *("conversation", "gpt-4o", "--turns", "2"),
        *("--question-tokens", "100", "--answer-tokens", "200"),
    )
    # (100 x 2.50 + 200 x 10) + (400 x 2.50 + 200 x 10), in millionths
    assert found["without_caching"]["total_usd"] == "0.00525"
    compared = ask(
        capsys,
        *("compare", "gpt-4o", "gpt-4o-mini", "nobody", "--input-tokens", "1000"),
        *("--output-tokens", "100", "--quality", "gpt-4o=0.9"),
    )
    assert [each["model"] for each in compared] == ["gpt-4o-mini", "gpt-4o", "nobody"]
    assert compared[1]["total_usd"] == "0.0035" and compared[1]["quality"] == "0.9"
    assert compared[2]["total_usd"] is None


@pytest.mark.parametrize("told", ["1234567.5", "98.12345", "0.00001", "-3"])
def test_the_quality_of_a_model_is_shown_as_it_was_told(
    told: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    words = ("compare", "gpt-4o", "--input-tokens", "10", "--output-tokens", "1")
    assert ask(capsys, *words, "--quality", f"gpt-4o={told}")[0]["quality"] == told
    with pytest.raises(SystemExit):
        app([*words, "--quality", f"gpt-4o={told}"])
    assert told in capsys.readouterr().out


def test_a_ratio_has_four_places_and_no_exponent(capsys: Any) -> None:
    words = ("conversation", "gpt-4o", "--turns", "1000", "--question-tokens", "1")
    told = ask(capsys, *words, "--answer-tokens", "0", "--system-tokens", "6")
    # (6 + 1000) / (6 + 1) = 143.714285...
    assert told["without_caching"]["growth"] == "143.7143"
