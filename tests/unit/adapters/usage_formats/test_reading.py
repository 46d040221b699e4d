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
        (f"[{one()}, 7]", ["line 1001[0]", "line 1001[1]"]),
        (one(), ["line 1001"]),
    ],
    ids=["lines", "an array on one line", "an object"],
)
def test_a_part_of_a_file_names_the_lines_of_the_file(body: str, places: list[str]) -> None:
    found = read_part(body, producer(UsageFormat.BURSAR), lines_before=1000)
    assert [each.where for each in found] == places


def test_a_file_that_is_one_document_has_the_places_within_it() -> None:
    found = read_part(f"[{one()}, 7]", producer(UsageFormat.BURSAR), lines_before=0)
    assert [each.where for each in found] == ["[0]", "[1]"]
