"""Simulated time goes on by itself, and not in the middle of what somebody does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bursar.local.pace import Pace


class Watch:
    """A clock that passes while it is slept, and who asks at which of its times."""

    def __init__(self, asked_at: Sequence[float]) -> None:
        self.now, self._due = 0.0, sorted(asked_at)
        self.pace = Pace(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self._due and self._due[0] <= until:
            self.now = self._due.pop(0)
            self.pace.asked()
        self.now = until


@pytest.mark.parametrize(
    ("asked_at", "step_at"),
    [
        ([], 10),
        ([1, 2, 3], 10),
        ([9], 11),
        ([9, 10.5, 12], 14),
        ([n / 2 for n in range(100)], 30),  # one who never rests
        ([9, 11.5], 11),
    ],
)
def test_a_step_waits_for_two_quiet_seconds_and_at_most_half_a_minute(
    asked_at: list[float], step_at: float
) -> None:
    watch = Watch(asked_at)
    watch.pace.wait()
    assert watch.now == step_at
