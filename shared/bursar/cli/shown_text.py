"""Names that others wrote, as a terminal may show them: no markup, nothing that it would obey."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text


def harmless(text: str) -> str:
    """Control characters, turned writing and halves of characters become U+FFFD."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def shown_text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(harmless(text), style)
