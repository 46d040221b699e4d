"""What a usage record refuses, and how long its names may be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bursar.domain.usage.records import TokenCounts, TokenSums, UsageRecord, UsageRecordError

TOLD = {
    "producer": "gateway",
    "id": "r-1",
    "at": datetime(2026, 11, 20, 10, tzinfo=UTC),
    "tenant": "acme",
    "model": "gpt",
}


@pytest.mark.parametrize("name", ["tenant", "model", "feature"])
@pytest.mark.parametrize("text", ["__idle__", "__unattributed__", "__"])
def test_nobody_is_named_as_bursars_own_rows_are(name: str, text: str) -> None:
    with pytest.raises(UsageRecordError, match=f"{name} begins with __"):
        UsageRecord(**{**TOLD, name: text})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["_idle__", "idle__", "a__b"])
def test_other_names_may_hold_underscores(text: str) -> None:
    assert UsageRecord(**{**TOLD, "tenant": text}).tenant == text  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "size"), [("a" * 129, 129), ("é" * 65, 130)])
def test_names_are_measured_in_bytes(text: str, size: int) -> None:
    with pytest.raises(UsageRecordError, match=f"tenant is {size} bytes long; 128 are kept"):
        UsageRecord(**{**TOLD, "tenant": text})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a" * 128, "é" * 64])
def test_as_many_bytes_as_are_kept_may_be_used(text: str) -> None:
    assert UsageRecord(**{**TOLD, "tenant": text}).tenant == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"input": -1}, "input tokens are below zero"),
        ({"input": 9, "cache_write_1h": -1}, "cache_write_1h tokens are below zero"),
        ({"input": 9, "cached_input": 5, "cache_write_5m": 5}, "more tokens cached than input"),
        ({"output": 9, "reasoning": 10}, "more reasoning tokens than output"),
    ],
)
def test_a_record_tells_no_count_below_zero_and_no_part_beyond_its_whole(
    counts: dict[str, int], why: str
) -> None:
    with pytest.raises(UsageRecordError, match=why):
        TokenCounts(**counts)


def test_a_sum_may_take_back_what_a_record_told() -> None:
    told = TokenCounts(9, 5, output=4, reasoning=4)
    assert TokenSums(4) + -told == TokenSums(-5, -5, output=-4, reasoning=-4)
    assert told + -told == TokenSums() == TokenCounts()
    assert {told + TokenSums(): 1}[told] == 1  # the same counts are the same


KEPT = ("tenant", "model", "provider", "feature", "key")


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (("a" * 128, "b" * 128, "c" * 128, "d", ""), 385),
        (('"' * 97, "a" * 128, "b" * 63, "", ""), 385),  # each quote takes two
        (("\x01" * 60, "a" * 25, "", "", ""), 385),  # and a control character six
        (("é" * 64, "a" * 128, "b" * 128, "c", ""), 385),
    ],
)
def test_the_names_that_an_entry_keeps_are_measured_together(
    names: tuple[str, ...], size: int
) -> None:
    told = dict(zip(KEPT, names, strict=True))
    with pytest.raises(UsageRecordError, match=f"key are {size} bytes long together"):
        UsageRecord(**{**TOLD, **told})  # type: ignore[arg-type]
    one_less = told | {"model": told["model"][1:]}
    assert UsageRecord(**{**TOLD, **one_less}).tenant == names[0]  # type: ignore[arg-type]


def test_half_a_character_is_refused() -> None:
    with pytest.raises(UsageRecordError, match="lone surrogate"):
        UsageRecord(**{**TOLD, "feature": "a\ud800"})  # type: ignore[arg-type]
