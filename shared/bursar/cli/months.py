"""Months as people write them on the command line."""

from __future__ import annotations

from bursar.cli.exits import Exit, leave
from bursar.domain.ledger.months import month_name
from bursar.domain.periods import month_window


def check_month(text: str, option: str = "--month") -> None:
    """End with 2 unless the text is a month such as 2026-11: nothing else names a stored one."""
    try:
        good = month_name(month_window(text).start) == text
    except ValueError:
        good = False
    if not good:
        leave(Exit.WRONG_INPUT, [f"{option} {text!r} is not a month, such as 2026-11"])
