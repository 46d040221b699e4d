"""JSON read strictly, with what is wrong kept in its place, so that the rest can be used.

The standard parser takes the last of two equal keys, takes NaN, and spends quadratic time on
long numbers. Here each of those becomes an `Unfit` where the value would stand; only text that
is not JSON at all is an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_MOST_DIGITS = 20  # of any 64-bit number


class NotJsonError(ValueError):
    """The text is not JSON, or is nested beyond reason."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Stands for a value that JSON writes and that we refuse."""

    reason: str


_TWICE = Unfit("has the same key twice")
_TOO_LARGE = Unfit("is beyond 10^15")
_NO_NUMBER = Unfit("is not a number")


def parse(text: str) -> Any:
    """The value, with an `Unfit` for each object, array element or number that is refused.

    Raises:
        NotJsonError: it is not one JSON value.
    """
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(f"is not JSON (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise NotJsonError("is nested too deeply") from None


def _decode(text: str) -> Any:
    """Python itself refuses numbers beyond 4,300 digits, and the whole text with them."""
    try:
        return _PLAIN.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _CAREFUL.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Unfit:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _TWICE


def _constant(_: str) -> Unfit:
    return _NO_NUMBER


def _whole(digits: str) -> int | Unfit:
    return int(digits) if len(digits) <= _MOST_DIGITS + 1 else _TOO_LARGE


_PLAIN = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_CAREFUL = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole)
