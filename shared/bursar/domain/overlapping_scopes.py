"""How many scopes can hold one and the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bursar.domain.scopes import Dimension

Pairs = Mapping[Dimension, str]


def more_than(most: int, scopes: Sequence[Pairs]) -> Sequence[Pairs]:
    """More scopes than so many that one thing can lie in; none where no thing can.

    Scopes of which no two name different values of a dimension hold one thing together.
    """
    return _agreeing(most, scopes, tuple(Dimension))


def _agreeing(
    most: int, scopes: Sequence[Pairs], dimensions: Sequence[Dimension]
) -> Sequence[Pairs]:
    if _at_most(scopes, dimensions) <= most:
        return ()
    if not dimensions:
        return scopes
    dimension, *rest = dimensions
    anywhere = [scope for scope in scopes if dimension not in scope]
    values = sorted({scope[dimension] for scope in scopes if dimension in scope})
    for value in values:
        there = [scope for scope in scopes if scope.get(dimension) == value]
        if found := _agreeing(most, [*anywhere, *there], rest):
            return found
    return () if values else _agreeing(most, anywhere, rest)


def _at_most(scopes: Iterable[Pairs], dimensions: Sequence[Dimension]) -> int:
    """A bound: of those that name a dimension first, only the ones with its commonest value."""
    by_first: dict[Dimension | None, Counter[str]] = {}
    for scope in scopes:
        first = next((each for each in dimensions if each in scope), None)
        by_first.setdefault(first, Counter())[scope[first] if first else ""] += 1
    return sum(max(values.values()) for values in by_first.values())
