"""What a book's lines say of a span of periods: how much of two series is the same money, and
what made a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from bursar.domain.anomaly_events.events import Difference
from bursar.domain.money import Money
from bursar.domain.periods import DAY
from bursar.domain.series.names import Grain

_WORTH_NAMING = Fraction(1, 5)  # of the whole difference
_OF_A_DIMENSION = 2
_CYCLES = {Grain.DAY: 7 * DAY, Grain.HOUR: DAY}
_CYCLES_BACK = 4
_FEWEST = 2


class Cell(NamedTuple):
    """Money of one period, of one set of dimensions (`team`: `search`, ...), and its quantity.

    `quantity` is tokens; 0 where nothing is counted.
    """

    at: datetime
    dimensions: Mapping[str, str]
    units: int
    quantity: int = 0

    def is_in(self, scope: str) -> bool:
        return all(
            self.dimensions.get(name) == value
            for name, _, value in (part.partition("=") for part in scope.split(","))
        )


class Priced(NamedTuple):
    """Units of money, and a quantity, on average of a period."""

    units: Fraction
    quantity: Fraction

    @property
    def price(self) -> Fraction | None:
        return self.units / self.quantity if self.quantity else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The periods of an event beside those before it that are like them."""

    now: frozenset[datetime]
    before: frozenset[datetime]

    @property
    def times(self) -> frozenset[datetime]:
        return self.now | self.before

    def difference(self, cells: Iterable[Cell]) -> Money:
        """What the cells cost in the event's periods beyond what they usually do."""
        sums = self._sums(cells, lambda _: "")
        return Money.from_units(round(sum(now.units - was.units for now, was in sums.values())))

    def differences(
        self, cells: Sequence[Cell], dimensions: Iterable[str], whole: Money
    ) -> tuple[Difference, ...]:
        """What made a difference of so much: of each dimension the first two names, of those
        that are at least a fifth of it."""
        found: list[Difference] = []
        for dimension in dimensions:
            named = [
                _difference(dimension, name, *pair)
                for name, pair in self._sums(cells, _name_in(dimension)).items()
                if name
            ]
            named = [each for each in named if _is_large_part(each.more, whole)]
            named.sort(key=lambda each: (-abs(each.more.units), each.name))
            found += named[:_OF_A_DIMENSION]
        return tuple(found)

    def _sums(
        self, cells: Iterable[Cell], name: Callable[[Cell], str]
    ) -> dict[str, tuple[Priced, Priced]]:
        """Of each name: what it was in the event, and in as many periods like those before."""
        sums: dict[str, list[int]] = {}
        for cell in cells:
            place = 0 if cell.at in self.now else 2 if cell.at in self.before else None
            if place is not None:
                row = sums.setdefault(name(cell), [0, 0, 0, 0])
                row[place] += cell.units
                row[place + 1] += cell.quantity
        scale = Fraction(len(self.now), len(self.before)) if self.before else Fraction(0)
        return {
            key: (
                Priced(Fraction(units), Fraction(quantity)),
                Priced(old_units * scale, old_quantity * scale),
            )
            for key, (units, quantity, old_units, old_quantity) in sums.items()
        }


def compare(off: Iterable[datetime], known: Sequence[datetime], grain: Grain) -> Comparison:
    """The periods that are off beside the same weekdays (hours of the day) of the weeks (days)
    before they began; with fewer than two such, beside the last 28 before."""
    now = frozenset(off)
    begun = min(now)
    cycle = _CYCLES[grain]
    alike = {
        at - n * cycle
        for at in now
        for n in range(1, _CYCLES_BACK + 1 + (at - begun) // cycle)
        if at - n * cycle < begun
    }
    earlier = [at for at in known if at < begun]
    before = alike & set(earlier)
    return Comparison(now, frozenset(before if len(before) >= _FEWEST else earlier[-28:]))


def _name_in(dimension: str) -> Callable[[Cell], str]:
    return lambda cell: cell.dimensions.get(dimension, "")


def _is_large_part(more: Money, whole: Money) -> bool:
    sign = -1 if whole < Money.zero() else 1
    return more.units * sign > 0 and abs(more.units) >= abs(whole.units) * _WORTH_NAMING


def _difference(dimension: str, name: str, now: Priced, was: Priced) -> Difference:
    """Its two effects sum to it: the price effect is of what is used now, so that nothing is
    left over (a Laspeyres quantity effect with a Paasche price effect)."""
    more = Money.from_units(round(now.units - was.units))
    if now.price is None or was.price is None:
        return Difference(dimension=dimension, name=name, more=more)
    price = Money.from_units(round((now.price - was.price) * now.quantity))
    return Difference(
        dimension=dimension,
        name=name,
        more=more,
        price_effect=price,
        volume_effect=more - price,
    )
