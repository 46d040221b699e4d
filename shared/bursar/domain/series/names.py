"""What a series is of: a book, a scope in it, and what is counted."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from bursar.domain.books import Book

OTHERS = "__others__"  # the sum of those beyond the cap of a dimension


class Unit(StrEnum):
    USD = "usd"
    TOKENS = "tokens"


class Grain(StrEnum):
    """How long a period is."""

    DAY = "day"
    HOUR = "hour"


class SeriesName(NamedTuple):
    """`scope` is written as budgets write it (`team=search`, `cluster=prod,namespace=ml`).

    A bill knows `service=Amazon S3` and `tag:team=search` beside `org` and `account`.
    """

    book: Book
    scope: str
    unit: Unit = Unit.USD

    @property
    def dimension(self) -> str:
        """`team`; of several dimensions all, with commas."""
        return ",".join(part.partition("=")[0] for part in self.scope.split(","))

    @property
    def is_whole(self) -> bool:
        """All that its book holds."""
        return self.dimension == "org"

    def __str__(self) -> str:
        return f"{self.book}/{self.scope}/{self.unit}"
