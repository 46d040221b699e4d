"""Series as the engines take them: rows of floats, NaN where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bursar.domain.money import PLACES
from bursar.domain.series.amounts import Amounts, Known
from bursar.domain.series.names import SeriesName, Unit

Floats = NDArray[np.float64]
_USD = 10.0**PLACES


def table_of(amounts: Amounts, names: Sequence[SeriesName]) -> Floats:
    """The running cost of each series in USD (or its tokens), [series, periods]."""
    table = np.empty((len(names), len(amounts.beginnings)))
    for row, name in enumerate(names):
        table[row] = as_floats(amounts.running(name), name.unit)
    return table


def as_floats(known: Known, unit: Unit) -> Floats:
    scale = _USD if unit is Unit.USD else 1.0
    return np.array([np.nan if each is None else each / scale for each in known])
