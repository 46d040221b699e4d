"""One record of a file, read with every rule and a reason for what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bursar.adapters.usage_formats.fields import (
    FieldError,
    count,
    digits,
    flag,
    refuse_other_currencies,
)
from bursar.adapters.usage_formats.strict_json import NotJsonError, Unfit, parse
from bursar.domain.usage.records import (
    LONGEST_ID_BYTES,
    LONGEST_NAME_BYTES,
    TokenCounts,
    UsageRecordError,
)

NAMES = ("tenant", "model", "provider", "feature", "user", "key", "source", "producer")
TOKENS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
SUMMED = ("requests", *TOKENS)
COUNTS = (*SUMMED, "latency_ms")
KNOWN = frozenset({"id", "at", "batch", "currency", *NAMES, *COUNTS})
FUTURE = timedelta(minutes=5)  # of clocks that run ahead
NEVER = -1  # of a time that is not told
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS = re.compile(r"[0-9]{1,19}(\.[0-9]{1,19})?")
_TRUTH = {"": False, "0": False, "false": False, "1": True, "true": True}


class RowError(ValueError):
    """A record cannot be counted; the text names the field and the rule, never the value."""


class Row(NamedTuple):
    """One record. `at` is in microseconds since 1970, or NEVER; `names` are those of NAMES and
    `counts` those of COUNTS, in their order."""

    id: str
    at: int
    batch: bool
    names: tuple[str, ...]
    counts: tuple[int, ...]

    def name(self, name: str) -> str:
        return self.names[NAMES.index(name)]

    def count(self, name: str) -> int:
        return self.counts[COUNTS.index(name)]


def latest(now: datetime) -> int:
    """The last microsecond since 1970 that is not the future."""
    return (now + FUTURE - _EPOCH) // _MICROSECOND


def row_of_json(line: bytes, until: int) -> Row | None:
    """The record of a line of JSON; None of an empty line.

    Raises:
        RowError: it is no record.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise RowError("is not UTF-8") from None
    if not text.strip():
        return None
    try:
        item = parse(text)
    except NotJsonError:
        raise RowError("is not JSON") from None
    if not isinstance(item, Mapping):
        raise RowError(item.reason if isinstance(item, Unfit) else "is not an object")
    return _row(item, until)


def row_of_cells(cells: Mapping[str, str], until: int) -> Row:
    """The record of a line of CSV: an empty cell tells nothing.

    Raises:
        RowError: it is no record.
    """
    item: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    try:
        for name in COUNTS:
            if name in item:
                item[name] = digits(name, item[name])
    except FieldError as error:
        raise RowError(str(error)) from None
    batch = cells.get("batch", "").lower()
    if batch not in _TRUTH:
        raise RowError("batch is neither true nor false")
    if _SECONDS.fullmatch(at := item.get("at", "")):
        item["at"] = float(at) if "." in at else int(at)
    return _row(item | {"batch": _TRUTH[batch]}, until)


def _row(item: Mapping[str, Any], until: int) -> Row:
    try:
        refuse_other_currencies(item, "currency")
        row = Row(
            id=_name(item, "id", LONGEST_ID_BYTES),
            at=_at(item.get("at")),
            batch=flag(item, "batch"),
            names=tuple(_name(item, name, LONGEST_NAME_BYTES) for name in NAMES),
            counts=(
                count(item, "requests", default=1),
                *(count(item, name) for name in TOKENS),
                count(item, "latency_ms", default=NEVER),
            ),
        )
        TokenCounts(*row.counts[1:7])
    except (FieldError, UsageRecordError) as error:
        raise RowError(str(error)) from None
    if not row.name("model"):
        raise RowError("model is missing")
    if item.get("input_tokens") is None and item.get("output_tokens") is None:
        raise RowError("input_tokens and output_tokens are missing")
    if row.at > until:
        raise RowError("at is in the future")
    return row


def _name(item: Mapping[str, Any], name: str, longest: int) -> str:
    """Names are texts; a whole number is one too, as many an id is."""
    value = item.get(name)
    if value is None:
        return ""
    if value.__class__ is int:
        return str(value)
    if value.__class__ is not str:
        raise RowError(f"{name} {value.reason if isinstance(value, Unfit) else 'is not text'}")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise RowError(f"{name} holds half a character (a lone surrogate)") from None
    if size > longest:
        raise RowError(f"{name} is longer than {longest} bytes")
    return str(value)


def _at(value: Any) -> int:
    """ISO 8601, in UTC where it names no zone; or seconds since 1970. Cut to the microsecond."""
    if value is None or value == "":
        return NEVER
    if value.__class__ in (int, float):
        if not 0 <= value < 10**11:  # NaN neither
            raise RowError("at is not a time of this age")
        return int(value * 10**6)
    if value.__class__ is not str:
        raise RowError(f"at {value.reason if isinstance(value, Unfit) else 'is not a time'}")
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        since = (at - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        raise RowError("at is not a time in ISO 8601") from None
    if since < 0:
        raise RowError("at is not a time of this age")
    return since
