"""The watchers themselves: every seeded defect is seen within a few hundred sequences."""

from __future__ import annotations

import pytest

from tests.unit.governance.company import DivergedError
from tests.unit.governance.defects import DEFECTS
from tests.unit.governance.sequences import play

_AT_MOST = 3_000


@pytest.mark.parametrize("name", DEFECTS)
def test_a_seeded_defect_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    DEFECTS[name](monkeypatch)
    with pytest.raises(DivergedError):
        for seed in range(_AT_MOST):
            play(seed)


def test_there_are_enough_defects_to_prove_something() -> None:
    assert len(DEFECTS) >= 12
