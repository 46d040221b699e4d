"""What usage cost, row by row, in columns: a row becomes an object when it is looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from bursar.domain.money import Money
from bursar.domain.usage.grouped_usage import TOKENS, Labels, Numbers
from bursar.domain.usage.records import TokenCounts

_ROWS_AT_ONCE = 4096
Mask: TypeAlias = NDArray[np.bool_]


class CostRow(NamedTuple):
    """`usd` is None where nothing of the row has a price; else it is of the part that has."""

    by: tuple[str, ...]
    requests: int
    tokens: TokenCounts
    usd: Money | None


class RowColumns(NamedTuple):
    """Some rows, column by column: `tokens` are those of `TokenCounts`, in their order, and
    `units` are of 10^-12 USD."""

    by: Sequence[Sequence[str]]
    requests: Sequence[int]
    tokens: Sequence[Sequence[int]]
    units: Sequence[int | None]

    @classmethod
    def of(cls, row: CostRow) -> RowColumns:
        units = None if row.usd is None else row.usd.units
        return cls(
            [[text] for text in row.by], [row.requests], [[n] for n in row.tokens.counts], [units]
        )

    def rows(self) -> Iterator[CostRow]:
        for n, (requests, units) in enumerate(zip(self.requests, self.units, strict=True)):
            tokens = TokenCounts(*(each[n] for each in self.tokens))
            usd = None if units is None else Money.from_units(units)
            yield CostRow(tuple(each[n] for each in self.by), requests, tokens, usd)


class CostRows(Sequence[CostRow]):
    """Rows in the order of their dimensions."""

    def __init__(
        self, by: Sequence[Labels], sums: Mapping[str, Numbers], units: Numbers, priced: Mask
    ) -> None:
        """`by` and `sums` are as in `GroupedUsage`, of rows; `priced` are the rows of which
        something has a price, and `units` what it costs, in 10^-12 USD."""
        self._by = by
        self._sums = sums
        self._units = units
        self._priced = priced

    def __len__(self) -> int:
        return len(self._units)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CostRows) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as that of a list

    def __iter__(self) -> Iterator[CostRow]:
        return chain.from_iterable(part.rows() for part in self.parts())

    @overload
    def __getitem__(self, place: int) -> CostRow: ...

    @overload
    def __getitem__(self, place: slice) -> list[CostRow]: ...

    def __getitem__(self, place: int | slice) -> CostRow | list[CostRow]:
        places = range(len(self))[place]
        if isinstance(places, int):
            return next(self._part(slice(places, places + 1)).rows())
        return [self[n] for n in places]

    def parts(self) -> Iterator[RowColumns]:
        """All rows, some thousands at once: without an object for each of their amounts."""
        for first in range(0, len(self), _ROWS_AT_ONCE):
            yield self._part(slice(first, min(first + _ROWS_AT_ONCE, len(self))))

    def _part(self, some: slice) -> RowColumns:
        by = [[texts[n] for n in codes[some].tolist()] for texts, codes in self._by]
        none = [0] * (some.stop - some.start)
        requests, *tokens = (
            self._sums[name][some].tolist() if name in self._sums else none
            for name in ("requests", *TOKENS)
        )
        units = self._units[some].tolist()
        for n in np.flatnonzero(~self._priced[some]).tolist():
            units[n] = None
        return RowColumns(by, requests, tokens, units)
