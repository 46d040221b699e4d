"""Of an id that files tell more than once the first telling counts, wherever the others are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bursar.adapters.usage_files import line_file, summing
from bursar.adapters.usage_files.repeated_ids import IdLog
from tests.contract.usage_costs import GOOD, assert_same_as_reference, chunks_of, costs


def test_of_an_id_told_again_the_first_counts_across_files_and_formats(tmp_path: Path) -> None:
    jsonl, table = tmp_path / "a.jsonl", tmp_path / "b.csv"
    jsonl.write_text(json.dumps(GOOD) + "\n")
    names = list(GOOD)
    same = ",".join(str(GOOD[name]) for name in names)
    table.write_text(f"{','.join(names)}\n{same}\n{same.replace('1000', '1001')}\n")
    found = assert_same_as_reference(jsonl, table)
    assert (found.duplicates, found.conflicts) == (1, 1)
    assert found.total.tokens.input == 1000


def test_an_id_told_again_is_found_whatever_ids_were_read_with_it(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    ids = ["a", "b" * 40, "a"]  # the first two in a chunk, the third in another
    lines = [json.dumps({"id": each, "model": "gpt", "input_tokens": 1}) + "\n" for each in ids]
    path.write_text("".join(lines))
    size = len(lines[0] + lines[1]) + 5
    with chunks_of(size):
        assert costs(path).duplicates == 1


def test_an_id_may_be_told_more_often_than_is_looked_at_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have the id `none`, or one of two: the first of each stands."""
    monkeypatch.setattr(summing, "_TELLINGS_AT_ONCE", 10)
    monkeypatch.setattr(line_file, "_LINES_AT_ONCE", 5)
    monkeypatch.setattr(IdLog.__init__, "__defaults__", (4 << 20, 7))
    for ids in (["none"], ["none", "other"]):
        path = tmp_path / f"{len(ids)}.jsonl"
        told = [GOOD | {"id": ids[n % len(ids)], "input_tokens": 1 + n // 90} for n in range(100)]
        path.write_text("".join(json.dumps(each) + "\n" for each in told))
        found = assert_same_as_reference(path, by="tenant")
        assert (found.duplicates, found.conflicts) == (90 - len(ids), 10)
        assert found.total.tokens.input == len(ids)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_lines_of_an_id_told_again_are_found_wherever_they_are(
    ending: str, zipped: bool, tmp_path: Path
) -> None:
    path = tmp_path / "usage.jsonl"
    told = [json.dumps(GOOD | {"id": f"{n % 700}", "output_tokens": n // 700}) for n in range(900)]
    content = b"\xef\xbb\xbf" + ending.join([told[0], "", *told[1:]]).encode() + b"\n"
    path.write_bytes(content)
    expected = assert_same_as_reference(path, by="tenant")
    assert (expected.duplicates, expected.conflicts) == (0, 200)
    if zipped:
        path.write_bytes(gzip.compress(content))
        assert costs(path, by="tenant") == expected


def test_ids_that_spill_to_disk_are_compared_all_the_same() -> None:
    hashes = np.arange(1000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    with IdLog(in_memory=64, at_once=4) as log:
        for n in range(20):
            log.add(hashes[50 * n : 50 * n + 50], np.arange(100 * n, 100 * n + 50), 0)
        log.add(hashes[[3, 500, 3]], np.array([7, 8, 9]), 1)
        found = [
            (file, place)
            for told in log.repeated()
            for file, place in zip(told.files.tolist(), told.places.tolist(), strict=True)
        ]
    # the 4th and the 501st of the first file, each fifty of which begin a hundred further on
    assert sorted(found) == [(0, 3), (0, 1000), (1, 7), (1, 8), (1, 9)]
