"""How fast the simulated time of `bursar local serve` passes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_PER_STEP = 10.0
QUIET_SECONDS = 2.0
LONGEST_SECONDS = 30.0


class Pace:
    """A step every ten seconds. While somebody asks one thing after the other time waits, so that
    what they hold does not expire between two calls; but no longer than half a minute."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now, self._sleep = now, sleep
        self._asked_at = now() - QUIET_SECONDS

    def asked(self) -> None:
        """Somebody asks something, or was answered."""
        self._asked_at = self._now()

    def wait(self) -> None:
        """Until the next step."""
        began = self._now()
        self._sleep(SECONDS_PER_STEP)
        while (quiet := self._asked_at + QUIET_SECONDS - self._now()) > 0:
            left = began + LONGEST_SECONDS - self._now()
            if left <= 0:
                return
            self._sleep(min(quiet, left))
