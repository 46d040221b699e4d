"""Properties that hold for everything: a few examples always, thousands in `make test-deep`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

_FEW, _MANY = 40, 4_000


def for_all(**strategies: SearchStrategy[Any]) -> Callable[..., Any]:
    """Turn `body(**drawn)` into two tests: a short one, and a long one marked `deep`."""

    def decorate(body: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize(
            "examples",
            [_FEW, pytest.param(_MANY, marks=pytest.mark.deep)],
            ids=["short", "long"],
        )
        def test(examples: int) -> None:
            checks = settings(
                max_examples=examples,
                deadline=None,
                database=None,
                suppress_health_check=[HealthCheck.too_slow],
            )
            checks(given(**strategies)(body))()

        test.__doc__ = body.__doc__
        return test

    return decorate
