"""What an output token is worth beside a prompt token, by the time that each took."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.domain.cluster.use import ServedModel
from bursar.domain.usage.records import TokenCounts


def served(**changes: Any) -> ServedModel:
    told = {
        "namespace": "chat",
        "model": "llama",
        "requests": 10,
        "tokens": TokenCounts(10_000, output=1_000),
        "prefill_seconds": 5.0,
        "decode_seconds": 20.0,
    }
    return ServedModel(**{**told, **changes})


def test_the_weight_is_seconds_an_output_token_over_seconds_a_prompt_token() -> None:
    # 20 ms an output token, 0.5 ms a prompt token
    assert served().output_weight == pytest.approx(40)


def test_prompt_tokens_from_the_cache_took_no_time() -> None:
    # 5 s for 2,000 computed tokens: 2.5 ms each
    cached = served(tokens=TokenCounts(10_000, 8_000, output=1_000))
    assert cached.output_weight == pytest.approx(8)


@pytest.mark.parametrize(
    "changes",
    [
        {"tokens": TokenCounts()},
        {"tokens": TokenCounts(100, 100, output=5)},
        {"tokens": TokenCounts(100)},
        {"prefill_seconds": 0.0},
        {"decode_seconds": 0.0},
    ],
)
def test_without_times_or_tokens_there_is_no_weight(changes: dict[str, Any]) -> None:
    assert served(**changes).output_weight is None
