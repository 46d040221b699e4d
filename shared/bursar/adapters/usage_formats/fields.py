"""Typed fields of untrusted objects; what is wrong is told by a field's name, never its value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from bursar.adapters.usage_formats.strict_json import Unfit

MOST = 10**15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NOTHING: Mapping[str, Any] = {}


class FieldError(ValueError):
    """A field is not of its type, or out of any range."""


def text(item: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that says something; empty when none does."""
    for name in names:
        value = item.get(name)
        if value.__class__ is str:
            if value:
                return value
        elif value is not None:
            raise FieldError(_told(name, value, "is not text"))
    return ""


def count(item: Mapping[str, Any], *names: str, default: int = 0) -> int:
    """The first of these fields that is there: a whole number from 0 to 10^15."""
    for name in names:
        value = item.get(name)
        if value is not None:
            return whole(name, value)
    return default


def whole(name: str, value: Any) -> int:
    """A whole number; 12.0 is one, true is not."""
    if value.__class__ is float:
        if not value.is_integer():  # neither 1.5 nor infinity
            raise FieldError(f"{name} is not a whole number")
        value = int(value) if abs(value) <= MOST else MOST + 1
    elif value.__class__ is not int:
        raise FieldError(_told(name, value, "is not a number"))
    if value < 0:
        raise FieldError(f"{name} is below zero")
    if value > MOST:
        raise FieldError(f"{name} is beyond 10^15")
    return value  # type: ignore[no-any-return]


def require_a_count(item: Mapping[str, Any], *names: str) -> None:
    """Refuse a record that tells none of these counts: no tokens is not the same as not told."""
    if all(item.get(name) is None for name in names):
        raise FieldError(f"{' and '.join(names)} are missing")


def digits(name: str, value: Any) -> int:
    """A whole number that may be written as text, as OTLP writes 64-bit numbers and CSV all."""
    if value.__class__ is str:
        number = value.removesuffix(".0")
        if not (number.isascii() and number.removeprefix("-").isdigit()):
            raise FieldError(f"{name} is not a whole number")
        value = int(number) if len(number) < len(f"{MOST:d}0") else MOST + 1
    return whole(name, value)


def flag(item: Mapping[str, Any], name: str) -> bool:
    value = item.get(name)
    if value is None:
        return False
    if value.__class__ is not bool:
        raise FieldError(_told(name, value, "is neither true nor false"))
    return value


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within the object; an empty one when it is absent."""
    value = item.get(name)
    if value is None:
        return _NOTHING
    if value.__class__ is not dict:
        raise FieldError(_told(name, value, "is not an object"))
    return value


def instant(item: Mapping[str, Any], *names: str, zoneless: tzinfo | None = None) -> datetime:
    """A time, in UTC: ISO 8601 with its offset, or seconds since 1970 as a number.

    `zoneless` is where a time without an offset was written; without it, one is refused.
    """
    for name in names:
        value = item.get(name)
        if value is None:
            continue
        if value.__class__ is str:
            return _from_iso(name, value, zoneless)
        if value.__class__ in (int, float):
            return from_epoch(name, value)
        raise FieldError(_told(name, value, "is not a time"))
    raise FieldError(f"{names[0]} is missing")


def from_epoch(name: str, seconds: float, nanoseconds: int = 0) -> datetime:
    """The time so many seconds and nanoseconds after 1970 began; kept to the microsecond."""
    if not 0 <= seconds < 10**11:  # NaN neither
        raise FieldError(f"{name} is not a time of this age")
    return _of_this_age(
        name, _EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    )


def refuse_other_currencies(item: Mapping[str, Any], *names: str) -> None:
    """Costs are not read; one in another currency tells that the producer is set up wrongly."""
    if text(item, *names) not in ("", "USD"):
        raise FieldError(f"{names[0]} is not USD")


def _from_iso(name: str, value: str, zoneless: tzinfo | None) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise FieldError(f"{name} is not a time in ISO 8601") from None
    if at.tzinfo is None:
        if zoneless is None:
            raise FieldError(f"{name} has no time zone")
        at = at.replace(tzinfo=zoneless)
    return _of_this_age(name, at)


def _of_this_age(name: str, at: datetime) -> datetime:
    if not _EARLIEST <= at < _LATEST:
        raise FieldError(f"{name} is not a time of this age")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _told(name: str, value: Any, otherwise: str) -> str:
    return f"{name} {value.reason if isinstance(value, Unfit) else otherwise}"
