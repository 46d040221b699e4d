"""Results of many groups, of any names and of any size, whatever kind of file they come from."""

from __future__ import annotations

import json
import random
from pathlib import Path

import duckdb
import pytest

from bursar.domain.usage.file_costs import UsageCosts
from tests.contract.usage_costs import GOOD, assert_same_as_reference, chunks_of, costs

KINDS = ("jsonl", "csv", "parquet")
MOST = 10**15  # tokens of a record


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def written(directory: Path, kind: str, records: list[dict[str, object]]) -> Path:
    lines = directory / "usage.jsonl"
    lines.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records))
    path = directory / f"usage.{kind}"
    if kind == "csv":
        duckdb.read_json(str(lines)).write_csv(str(path))
    elif kind == "parquet":
        duckdb.read_json(str(lines)).write_parquet(str(path))
    return path


def as_lines(path: Path, by: str) -> UsageCosts:
    """What a file that was `written` comes to: what its lines do in the slow, obvious way."""
    found = costs(path, by=by)
    lines = assert_same_as_reference(path.with_suffix(".jsonl"), by=by)
    assert found.rows == lines.rows
    assert (found.duplicates, found.conflicts) == (lines.duplicates, lines.conflicts)
    return found


def of_users(found: UsageCosts) -> list[str]:
    return [row.by[0] for row in found.rows]


def test_rows_are_in_the_order_of_their_characters(tmp_path: Path, kind: str) -> None:
    """That of Python, and of UTF-8: neither that of a language nor that of UTF-16."""
    names = ["", "B", "a", "a b", "aa", "abcdefgh", "abcdefghi", "b", "é", "\uffff", "\U0001f600"]
    shuffled = random.Random(1).sample(names, len(names))
    told = [GOOD | {"id": f"{n}", "user": name} for n, name in enumerate(shuffled)]
    assert of_users(costs(written(tmp_path, kind, told), by="user")) == names


def test_every_record_may_be_a_group(tmp_path: Path, kind: str) -> None:
    numbers = random.Random(2)
    told = [
        GOOD | {"id": f"{n}", "user": f"u{numbers.randrange(10**6)}", "input_tokens": n}
        for n in range(6000)
    ]
    told += [*told[:3], told[5] | {"output_tokens": 3}]  # told again: the same, and otherwise
    path = written(tmp_path, kind, told)
    with chunks_of(1 << 16):
        found = as_lines(path, by="user,day")
    assert (found.duplicates, found.conflicts) == (3, 1)
    assert len(found.rows) == len({each["user"] for each in told})


def test_sums_of_any_size_are_exact(tmp_path: Path, kind: str) -> None:
    """20,000 x 10^15 tokens are twice what 64 bits hold; at 2.50 USD per million of them."""
    told = [
        GOOD | {"id": f"{n}", "tenant": "ab"[n % 2], "input_tokens": MOST, "output_tokens": 0}
        for n in range(40_000)
    ]
    found = costs(written(tmp_path, kind, told), by="tenant")
    assert [row.tokens.input for row in found.rows] == [20_000 * MOST] * 2
    assert found.total.tokens.input == 40_000 * MOST
    assert found.total.usd is not None
    assert found.total.usd.plain() == str(40_000 * MOST * 25 // 10**7)


def test_a_model_whose_price_changes_may_come_after_others(tmp_path: Path, kind: str) -> None:
    """Groups that were made of names alone are found again, and taken back from."""
    early = [GOOD | {"id": f"{n}", "tenant": f"t{n % 40}"} for n in range(2000)]
    late = [
        GOOD | {"id": f"x{n}", "tenant": f"t{n % 50}", "model": "dated"}
        | {"at": f"2026-11-{9 + n % 3:02}T13:29:59Z"}
        for n in range(500)
    ]  # fmt: skip
    path = written(tmp_path, kind, [*early, *late, *early[:50]])
    with chunks_of(1 << 15):
        found = as_lines(path, by="tenant,model")
    assert found.duplicates == 50
