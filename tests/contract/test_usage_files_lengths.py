"""Columns whose values have one length, or few digits, for a while, and then others: what is
expected of the next lines is never taken for what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.usage_costs import assert_same_as_reference, chunks_of

NAMES = ("id", "at", "tenant", "model", "input_tokens", "output_tokens", "note")
AT = "2026-11-10 13:29:59+00"
USUAL = ("a" * 16, AT, "acme", "gpt", "1234", "5", "n" * 11)
ODD = {
    "id": ["", "a" * 15, "a" * 17, "aaaaaaa,", ",", "a,aa" * 4, "é" * 8],
    "at": [
        "",
        AT[:-1] + "1",
        AT[:-3],
        AT[:-3] + ",00",
        AT[:19] + ".25Z",
        "2026-11-10,13:29:59+00",
    ],
    "tenant": ["", "x", "a,me", "acm,", ",cme", "acmeacme", "acmeacmea"],
    "model": ["", "dated", "gp,", "nobody"],
    "input_tokens": [
        "",
        "0",
        "05",
        "123456",
        "1234567",
        "12345678",
        "9" * 15,
        "9" * 17,
        "1,3",
        "1 3",
    ],
    "output_tokens": ["", "7", "07", "-5", "5,", "99999999"],
    "note": ["", ",", "n" * 12, "n" * 10 + ",", "n" * 70, "," + "n" * 10],
}


@st.composite
def _lines(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Usual lines, with stretches of odd ones among them."""
    lines = []
    for _ in range(draw(st.integers(1, 5))):
        lines += [USUAL] * draw(st.integers(0, 12))
        name = draw(st.sampled_from(NAMES))
        odd = dict(zip(NAMES, USUAL, strict=True)) | {name: draw(st.sampled_from(ODD[name]))}
        lines += [tuple(odd.values())] * draw(st.integers(1, 6))
    return lines


# lines, the order of their columns, and which marks between cells are broken
TOLD = st.tuples(_lines(), st.permutations(NAMES), st.lists(st.integers(0, 200), max_size=4))
Told = tuple[list[tuple[str, ...]], list[str], list[int]]


@settings(deadline=None, max_examples=150)
@given(told=TOLD, size=st.sampled_from([90, 200, 700]))
def test_lines_of_csv_that_are_not_as_those_before_are_read_as_the_slow_way_reads_them(
    told: Told, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines, order, broken = told
    path = tmp_path_factory.mktemp("usage") / "usage.csv"
    rows = []
    for line in _numbered(lines):
        cells = dict(zip(NAMES, line, strict=True))
        rows.append([cells[name] for name in order])
    content = _broken("".join(",".join(line) + "\n" for line in rows), ",", broken)
    path.write_text(",".join(order) + "\n" + content)
    _assert_same_in_chunks(path, size)


@settings(deadline=None, max_examples=100)
@given(told=TOLD, size=st.sampled_from([300, 1000, 3000]))
def test_and_so_are_lines_of_json(
    told: Told, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines, order, broken = told
    path = tmp_path_factory.mktemp("usage") / "usage.jsonl"
    content = ""
    for line in _numbered(lines):
        cells = dict(zip(NAMES, line, strict=True))
        texts = {name: json.dumps(cells[name], ensure_ascii=False) for name in order}
        counts = {name: cells[name] for name in order if name.endswith("tokens")}
        fields = (f'"{name}": {text}' for name, text in (texts | counts).items())
        content += "{" + ", ".join(fields) + "}\n"
    path.write_text(_broken(content, '"', broken), encoding="utf-8")
    _assert_same_in_chunks(path, size)


def _numbered(lines: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """With ids of their own, each as long as it was."""
    for n, (name, *others) in enumerate(lines):
        yield (f"{n:03}"[: len(name)] + name[3:], *others)


def _broken(content: str, mark: str, which: list[int]) -> str:
    """With another byte where some of these marks are."""
    parts = content.split(mark)
    marks = [";" if n in which else mark for n in range(len(parts) - 1)]
    return "".join(part + each for part, each in zip(parts, [*marks, ""], strict=True))


def _assert_same_in_chunks(path: Path, size: int) -> None:
    with chunks_of(size):
        assert_same_as_reference(path, by="tenant,model")
