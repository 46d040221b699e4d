"""Of many scopes, whether more than so many can hold one thing."""

from __future__ import annotations

from itertools import combinations

from hypothesis import strategies as some

from bursar.domain.overlapping_scopes import Pairs, more_than
from bursar.domain.scopes import Dimension
from tests.unit.for_all import for_all

TENANT, MODEL, FEATURE, TEAM = (
    Dimension.TENANT,
    Dimension.MODEL,
    Dimension.FEATURE,
    Dimension.TEAM,
)


def test_scopes_that_name_other_values_hold_nothing_together() -> None:
    assert more_than(1, [{TENANT: f"t{n}"} for n in range(500)]) == ()
    # a thing has one tenant, one model and one feature: it lies in three of 600
    each = [{name: f"{n}"} for name in (TENANT, MODEL, FEATURE) for n in range(200)]
    assert more_than(3, each) == ()
    assert len(more_than(2, each)) == 3


def test_scopes_that_name_other_dimensions_or_the_same_value_hold_one_thing() -> None:
    scopes: list[Pairs] = [{TENANT: "a"}, {MODEL: "m"}, {TENANT: "a", MODEL: "m"}, {TENANT: "b"}]
    assert more_than(2, scopes) == scopes[:3]
    assert more_than(3, scopes) == ()


scopes = some.dictionaries(
    some.sampled_from([TENANT, MODEL, FEATURE, TEAM]), some.sampled_from("ab"), min_size=1
)


@for_all(told=some.lists(scopes, max_size=7), most=some.integers(0, 6))
def test_they_are_found_wherever_they_are(told: list[dict[Dimension, str]], most: int) -> None:
    def agree(one: Pairs, other: Pairs) -> bool:
        return all(other.get(name, value) == value for name, value in one.items())

    groups = (each for size in range(most + 1, 8) for each in combinations(told, size))
    there = any(all(agree(a, b) for a, b in combinations(group, 2)) for group in groups)
    found = more_than(most, told)
    assert (len(found) > most) is there
    assert all(agree(one, other) for one, other in combinations(found, 2))
