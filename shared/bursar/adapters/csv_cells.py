"""Cells of a CSV that a spreadsheet may open."""

from __future__ import annotations

_STARTS_A_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four of full width


def safe_cell(text: str) -> str:
    """A text that no spreadsheet runs as a formula: one that would begin like a formula begins
    with an apostrophe instead, as OWASP's page on CSV injection advises.

    For text only. A number is written as it is, so that -5 stays a number.
    """
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
