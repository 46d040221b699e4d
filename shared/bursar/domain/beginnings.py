"""From when on something holds that a person writes down: a UTC day, or a time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator


def _utc(value: object) -> object:
    """A day begins at its UTC midnight; a time without a zone is UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    raise ValueError("is a day or a time, such as 2026-11-01")


Begin = Annotated[datetime, BeforeValidator(_utc)]
