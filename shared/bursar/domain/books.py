"""Books of figures, and what was heard of them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Book(StrEnum):
    """Sets of figures, reconciled with each other and never added.

    `metered`: the closed hours of clusters. `ledger`: those and all usage, by whose it is; an
    hour is stated there a little after it is closed. `billed`: what Cost Explorer says.
    """

    METERED = "metered"
    LEDGER = "ledger"
    BILLED = "billed"


class News(NamedTuple):
    """What was heard: a book has new figures, those of one cluster where it is `metered`."""

    book: Book
    cluster: str | None = None
