"""Whatever people try, in whatever order: nothing is approved that should not be, once."""

from __future__ import annotations

import pytest

from tests.unit.governance.sequences import play

_RUNS = 10
_EACH = 1_000


@pytest.mark.parametrize("run", range(_RUNS))
def test_ten_thousand_sequences_end_as_the_book_says(run: int) -> None:
    for seed in range(run * _EACH, (run + 1) * _EACH):
        play(seed)


@pytest.mark.deep
@pytest.mark.parametrize("run", range(10 * _RUNS))
def test_a_hundred_thousand_sequences_end_as_the_book_says(run: int) -> None:
    for seed in range(run * _EACH, (run + 1) * _EACH):
        play(seed)
