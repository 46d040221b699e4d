"""Months as people write them on the command line, and which of their hours may stay unknown."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from bursar.cli.exits import Exit, leave
from bursar.domain.ledger.months import month_name
from bursar.domain.periods import month_window

WithUnknownHours = Annotated[
    bool,
    Parameter(negative="", help="close it though hours of it were not stated: they stay unknown"),
]
CLOSE_ANYHOW = "--with-unknown-hours closes the month without them, for good"


def check_month(text: str, option: str = "--month") -> None:
    """End with 2 unless the text is a month such as 2026-11: nothing else names a stored one."""
    try:
        good = month_name(month_window(text).start) == text
    except ValueError:
        good = False
    if not good:
        leave(Exit.WRONG_INPUT, [f"{option} {text!r} is not a month, such as 2026-11"])
