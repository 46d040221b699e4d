"""Times of many records, read at once."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from bursar.adapters.usage_files.buffer import BEFORE, Buffer, Texts
from bursar.adapters.usage_files.times import microseconds

PRINTED = [chr(byte) for byte in range(32, 127)]


def test_any_two_characters_are_a_second_only_if_they_are_00_to_59() -> None:
    seconds = [tens + ones for tens in PRINTED for ones in PRINTED]
    times = [f"2026-11-20T13:05:{each}Z" for each in seconds]
    buffer = Buffer.of("".join(times).encode())
    starts = len(BEFORE) + np.arange(len(times)) * len(times[0])
    found, good = microseconds(buffer, Texts.of(starts, 0, np.full(len(times), len(times[0]))))
    told = dict(zip(seconds, found.tolist(), strict=True))
    minute = int(datetime(2026, 11, 20, 13, 5, tzinfo=UTC).timestamp())
    right = {f"{second:02}": (minute + second) * 10**6 for second in range(60)}
    assert {each for each, is_good in zip(seconds, good.tolist(), strict=True) if is_good} == set(
        right
    )
    assert {each: told[each] for each in right} == right
