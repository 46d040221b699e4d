"""Money by the class of the tokens that it was paid for."""

from __future__ import annotations

from dataclasses import dataclass
from operator import add, neg

from bursar.domain.money import Money


@dataclass(frozen=True, slots=True)
class ClassAmounts:
    """Money by token class, in units of 10^-12 USD; `requests` is a fee per request."""

    input: int = 0
    cached_input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    requests: int = 0

    @property
    def by_class(self) -> tuple[int, ...]:
        """In the order of the fields."""
        written = self.cache_write_5m, self.cache_write_1h
        return self.input, self.cached_input, *written, self.output, self.requests

    @property
    def units(self) -> int:
        return sum(self.by_class)

    @property
    def usd(self) -> Money:
        return Money.from_units(self.units)

    def __add__(self, other: ClassAmounts) -> ClassAmounts:
        return ClassAmounts(*map(add, self.by_class, other.by_class))

    def __neg__(self) -> ClassAmounts:
        return ClassAmounts(*map(neg, self.by_class))
