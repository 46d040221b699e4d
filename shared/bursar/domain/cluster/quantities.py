"""Kubernetes quantities: `100m`, `1.5`, `10Gi`, `1e3`, as exact whole numbers.

The grammar is the API server's own (apimachinery's resource.Quantity). The traps in it:
`10G` is not `10Gi`; `1E` is 10^18 but `1E3` is 1000; kilo is a small `k`, and `m` is a
thousandth even of a byte. Fractions of the unit asked for round up, as Kubernetes rounds.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_QUANTITY = re.compile(
    r"\+?(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)"
    r"(?:[eE](?P<exponent>[+-]?[0-9]+)|(?P<suffix>[KMGTPE]i|[numkMGTPE])?)",
    re.ASCII,
)
_SUFFIXES: dict[str | None, Fraction] = {
    None: Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
} | {
    name: Fraction(base**power)
    for base, names in ((1000, "k M G T P E"), (1024, "Ki Mi Gi Ti Pi Ei"))
    for power, name in enumerate(names.split(), start=1)
}
_LARGEST = 2**63 - 1
_LONGEST = 64  # characters; a real quantity has under 25
_WIDEST_EXPONENT = 99  # 10 to the billionth would never end


class QuantityError(ValueError):
    """The text is no quantity, is negative, or is beyond what a signed 64-bit number holds."""

    def __init__(self, text: str) -> None:
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
        super().__init__(f'"{shown}" is not a quantity')
        self.text = text


def exact(text: str) -> Fraction:
    """The quantity itself, unrounded.

    Raises:
        QuantityError: the text is malformed or negative.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise QuantityError(text)
    number = Fraction(match["number"])
    if match["exponent"] is None:
        return number * _SUFFIXES[match["suffix"]]
    power = int(match["exponent"])
    if abs(power) > _WIDEST_EXPONENT:
        raise QuantityError(text)
    return number * Fraction(10) ** power


# A cluster of 150,000 pods uses a few hundred different quantities.
@lru_cache(maxsize=8192)
def cpu_milli(text: str) -> int:
    """Thousandths of a CPU, rounded up: `0.5` is 500, `1n` is 1.

    Raises:
        QuantityError: the text is malformed, negative, or beyond 64 bits.
    """
    return _whole(exact(text) * 1000, text)


@lru_cache(maxsize=8192)
def bytes_of(text: str) -> int:
    """Bytes, rounded up: `1Ki` is 1024, `1k` is 1000, `1500m` is 2.

    Raises:
        QuantityError: the text is malformed, negative, or beyond 64 bits.
    """
    return _whole(exact(text), text)


@lru_cache(maxsize=1024)
def count(text: str) -> int:
    """Units of a resource that comes whole, such as `nvidia.com/gpu`; rounded up.

    Raises:
        QuantityError: the text is malformed, negative, or beyond 64 bits.
    """
    return _whole(exact(text), text)


def _whole(value: Fraction, text: str) -> int:
    rounded = -(-value.numerator // value.denominator)
    if rounded > _LARGEST:
        raise QuantityError(text)
    return rounded
