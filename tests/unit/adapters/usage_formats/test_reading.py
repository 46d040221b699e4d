"""Parts of a file: what is wrong in one is told by its line in the file."""

from __future__ import annotations

import pytest

from bursar.adapters.usage_formats.reading import read_part
from bursar.domain.usage.producers import UsageFormat
from tests.unit.adapters.usage_formats.telling import producer
from tests.unit.adapters.usage_formats.test_native import one


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (
            f"{one()}\n\n[{one()}, 7]\n7",
            ["line 1001", "line 1003[0]", "line 1003[1]", "line 1004"],
        ),
        (f"[{one()}, 7]", ["[0]", "[1]"]),
        (one(), [""]),
    ],
    ids=["lines", "an array", "an object"],
)
def test_a_part_of_a_file_names_the_lines_of_the_file(body: str, places: list[str]) -> None:
    found = read_part(body, producer(UsageFormat.BURSAR), lines_before=1000)
    assert [each.where for each in found] == places
