"""The fast way through usage files gives what the slow, obvious one gives, odd lines and all."""

from __future__ import annotations

import csv
import gzip
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_files import word_table
from bursar.adapters.usage_files.lines import UnusableFileError
from bursar.domain.money import Money
from bursar.domain.usage.file_costs import RejectedLine
from tests.contract.usage_costs import GOOD, assert_same_as_reference, chunks_of, costs

ODD: list[bytes] = [
    b"",
    b"   ",
    b"nonsense",
    b"[1]",
    b'{"model":"gpt"',
    b'{"model": "gpt", "input_tokens": NaN}',
    b'{"model": "gpt", "input_tokens": -5}',
    b'{"model": "gpt", "input_tokens": true}',
    b'{"model": "gpt", "input_tokens": 12.0}',
    b'{"model": "gpt", "input_tokens": 12.5}',
    b'{"model": "gpt", "input_tokens": 1e3}',
    b'{"model": "gpt", "input_tokens": "5"}',
    b'{"model": "gpt", "input_tokens": 007}',
    b'{"model": "gpt", "input_tokens": 1000000000000000}',
    b'{"model": "gpt", "input_tokens": 1000000000000001}',
    b'{"model": "gpt", "input_tokens": ' + b"9" * 5000 + b"}",
    b'{"model": "gpt", "input_tokens": 5, "input_tokens": 6}',
    b'{"model": "gpt", "input_tokens": 5, "model": "dated"}',
    b'{"model": "gpt", "tenant": "\\ud800", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "\xff\xfe", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "<script>alert(1)</script>", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "=cmd|\' /C calc\'!A0", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "<!channel> *x*", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "a,b", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "a\\"b", "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "\\u00e9", "input_tokens": 5}',
    '{"model": "gpt", "tenant": "é", "input_tokens": 5}'.encode(),
    b'{"model": "gpt", "tenant": 42, "input_tokens": 5}',
    b'{"model": "gpt", "tenant": null, "input_tokens": 5}',
    b'{"model": "gpt", "tenant": "' + b"x" * 129 + b'", "input_tokens": 5}',
    b'{"model": "gpt", "input_tokens": 5, "currency": "EUR"}',
    b'{"model": "gpt", "input_tokens": 5, "currency": "USD"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T12:05:00Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T12:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-02-30T12:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20 10:05:01.1234567"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "2026-11-20T10:05:01+02:00"}',
    b'{"model": "gpt", "input_tokens": 5, "at": "1969-11-20T10:05:01Z"}',
    b'{"model": "gpt", "input_tokens": 5, "at": 1700000000.5}',
    b'{"model": "gpt", "input_tokens": 5, "cached_input_tokens": 6}',
    b'{"model": "gpt", "output_tokens": 5, "reasoning_tokens": 5}',
    b'{"model": "gpt", "output_tokens": 5, "reasoning_tokens": 6}',
    b'{"model": "", "input_tokens": 5}',
    b'{"model": null, "input_tokens": 5}',
    b'{"model": "gpt", "input_tokens": null, "output_tokens": null}',
    b'{"model": "gpt", "input_tokens": null, "output_tokens": 4}',
    b'{"model": "gpt"}',
    b'{"input_tokens": 5}',
    b'{"model": "nobody", "input_tokens": 5, "output_tokens": 7}',
    b'{"model": "dated", "input_tokens": 5}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-10-31T23:59:59Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-01T00:00:00Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-10T13:29:59.999Z"}',
    b'{"model": "dated", "input_tokens": 5, "at": "2026-11-10T13:30:00Z"}',
    b'{"model": "tiered", "input_tokens": 1000}',
    b'{"model": "tiered", "input_tokens": 1001}',
    b'{"model": "tiered", "input_tokens": 2000, "requests": 2}',
    b'{"model": "tiered", "input_tokens": 2001, "requests": 2}',
    b'{"model": "tiered", "input_tokens": 2001, "requests": 0}',
    b'{"model": "tiered", "input_tokens": 2001, "batch": true}',
    b'{"model": "tiered", "input_tokens": 2001, "batch": "yes"}',
    b'{"id": "a", "model": "gpt", "input_tokens": 5}',
    b'{"id": "a", "model": "gpt", "input_tokens": 5, "output_tokens": 0}',
    b'{"id": "a", "model": "gpt", "input_tokens": 6}',
    b'{"id": "a", "model": "gpt", "input_tokens": 6, "producer": "p"}',
    b'{"id": "b", "model": "gpt", "input_tokens": 6, "new field": {"x": [1, 2]}}',
    b'{"model": "gpt", "input_tokens": 6, "note": "hello", "more": 5}',
    b'{"id": "a", "tenant": "x" "b", "model": "gpt", "input_tokens": 6}',
]


@pytest.mark.parametrize("line", ODD)
def test_an_odd_line_is_counted_or_rejected_as_the_slow_way_would(
    line: bytes, tmp_path: Path
) -> None:
    good = [json.dumps(GOOD | {"id": f"g{n}"}).encode() for n in range(5)]
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join([*good, line, *good[:1], line]))
    assert_same_as_reference(path, by="model,tenant")


@pytest.mark.parametrize("line", [b"nonsense", b"null", b"[1,2]", b"\xff\xfe", b"a,b", b'"'])
def test_a_first_line_that_is_none_is_rejected_alone(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join([line, json.dumps(GOOD).encode()]))
    found = costs(path)
    assert (found.total.requests, [each.line for each in found.rejected]) == (1, [1])


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.sampled_from(ODD), max_size=60), crlf=st.booleans(), bom=st.booleans())
def test_any_mixture_of_odd_lines_gives_what_the_slow_way_gives(
    lines: list[bytes], crlf: bool, bom: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.jsonl"
    start = json.dumps(GOOD).encode()
    content = (b"\r\n" if crlf else b"\n").join([start, *lines])
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + content)
    assert_same_as_reference(path, by="tenant,model")


CELLS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["", "a", "b", "c", "d"]),
        "at": st.sampled_from(
            [
                "",
                "2026-11-10T13:29:59Z",
                "2026-11-10 13:30:00.5+00",
                "2026-11-11",
                "2026-11-11 10:00:00",
                "2027-01-01T00:00:00Z",
                "1763000000",
                "x",
            ]
        ),
        "tenant": st.sampled_from(["", "acme", "ünï", "a,b", 'say "x"', "=1+1", "\ttab"]),
        "model": st.sampled_from(["", "gpt", "dated", "tiered", "nobody"]),
        "input_tokens": st.sampled_from(
            ["", "0", "1000", "1001", "123456789", "-1", "1.0", "x", "007", "9" * 400]
        ),
        "cached_input_tokens": st.sampled_from(["", "0", "7", "NaN"]),
        "output_tokens": st.sampled_from(["", "0", "12", "true"]),
        "batch": st.sampled_from(["", "true", "False", "1", "maybe"]),
        "latency_ms": st.sampled_from(["", "5", "-5"]),
        "unknown": st.sampled_from(["", "what?", "1.5"]),
    }
)


@settings(deadline=None, max_examples=80)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=30),
    by=st.sampled_from(["model", "day,tenant", "hour"]),
)
def test_any_csv_gives_what_the_slow_way_gives(
    rows: list[dict[str, str]], by: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    content = io.StringIO(newline="")
    writer = csv.DictWriter(content, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(content.getvalue() + "1,2\n", encoding="utf-8")
    assert_same_as_reference(path, by=by)


LENGTHS = st.sampled_from([0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 256, 257, 2000])
TEXTS = st.builds(lambda length, text: (text * length)[:length], LENGTHS, st.sampled_from("aé{:"))
LONG = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "note": TEXTS | st.sampled_from([",", 'a","model":"x', '"', "a\nb", "}"]),
        "input_tokens": LENGTHS.map(lambda length: 10 ** min(length, 17)),
        "tenant": TEXTS,
        "model": st.just("gpt"),
        "more": TEXTS | st.sampled_from([",", "x" * 70 + ",", '"}', "\t"]),
    }
)


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(LONG, min_size=1, max_size=20), size=st.sampled_from([300, 3000, 1 << 20]))
def test_values_of_any_length_are_cut_where_they_end(
    rows: list[dict[str, Any]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines, table = (tmp_path_factory.mktemp("usage") / name for name in ("a.jsonl", "a.csv"))
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    with chunks_of(size):
        assert_same_as_reference(lines, by="tenant")
        assert_same_as_reference(table, by="tenant")


def test_blanks_around_the_names_of_columns_are_no_part_of_them(tmp_path: Path) -> None:
    (path := tmp_path / "usage.csv").write_text(
        " id, model ,input_tokens, output_tokens\r\na,gpt,7,1\r\nb,gpt,x,1\r\n"
    )
    found = assert_same_as_reference(path)
    assert (found.total.requests, len(found.rejected)) == (1, 1)


@pytest.mark.parametrize("cell", ["a,b", "a,", ",", "a" * 90 + ",b"])
def test_a_cell_too_many_is_no_part_of_the_last_one(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(f"model,input_tokens,tenant\ngpt,1,{'a' * 99}\ngpt,1,{cell}\ngpt,1,a\n")
    (refused,) = assert_same_as_reference(path, by="tenant").rejected
    assert refused == RejectedLine(str(path), 3, "has 4 cells under 3 columns")


def test_chunks_cut_anywhere_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    path.write_bytes(b"\n".join([json.dumps(GOOD).encode(), *ODD, *ODD]))
    whole = costs(path, by="tenant")
    for size in (1, 100, 777, 5000):
        with chunks_of(size):
            assert costs(path, by="tenant") == whole


def test_any_number_of_names_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    users = [f"user-{n % 3000}-of-a-name-beyond-one-word" for n in range(6000)]
    path.write_text("user,model,input_tokens\n" + "".join(f"{u},gpt,7\n" for u in users))
    found = costs(path, by="user")
    assert len(found.rows) == 3000
    assert {(each.requests, each.tokens.input) for each in found.rows} == {(2, 14)}


def test_names_with_one_hash_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("tenant,model,input_tokens\n" + "a,gpt,1\nb,gpt,2\nc,gpt,4\n" * 3)
    monkeypatch.setattr(word_table, "_FACTORS", np.zeros(200, np.uint64))
    found = {each.by[0]: each.tokens.input for each in costs(path, by="tenant").rows}
    assert found == {"a": 3, "b": 6, "c": 12}


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8bnonsense",
        b"PAR1nonsense",
        b"tenant,input\n1,2\n",
        b"\xff\xff\n",
        b'[\n  {"model": "gpt"},\n',
    ],
)
def test_a_file_that_can_hold_no_usage_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableFileError, match=r"usage\.csv"):
        costs(path)
    with pytest.raises(UnusableFileError, match="absent"):
        costs(tmp_path / "absent")


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"")])
def test_a_file_without_a_line_has_no_record_and_the_others_count(
    content: bytes, tmp_path: Path
) -> None:
    quiet, other = tmp_path / "quiet.jsonl", tmp_path / "other.jsonl"
    quiet.write_bytes(content)
    other.write_text('{"model": "gpt", "input_tokens": 1000}\n')
    found = costs(quiet, other)
    assert (found.total.requests, found.rejected) == (1, [])
    assert costs(quiet).total.requests == 0


def test_sums_beyond_64_bits_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("model,input_tokens\n" + "gpt,1000000000000000\n" * 10_000)
    assert costs(path).total.tokens.input == 10**19


def test_published_prices_apply_by_day_by_hours_and_by_context(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    told = [
        ("claude-sonnet-4-5", "2026-11-01T00:00:00Z", 200_000),
        ("claude-sonnet-4-5", "2026-11-01T00:00:00Z", 200_001),
        ("deepseek-chat", "2026-11-01T00:29:59Z", 10**6),
        ("deepseek-chat", "2026-11-01T00:30:00Z", 10**6),
        ("deepseek-chat", "2026-11-01T16:30:00Z", 10**6),
    ]
    path.write_text(
        "model,at,input_tokens\n" + "".join(f"{m},{at},{count}\n" for m, at, count in told)
    )
    found = assert_same_as_reference(path, book=GenaiTokenPrices())
    by_model = {each.by[0]: each.usd for each in found.rows}
    # 200,000 x 3 + 200,001 x 6 USD per million
    assert by_model["claude-sonnet-4-5"] == Money.of("1.800006")
    assert by_model["deepseek-chat"] == Money.of(2 * Decimal("0.135") + Decimal("0.27"))
