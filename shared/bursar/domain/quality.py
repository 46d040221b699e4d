"""How far a figure can be trusted. Blind is not zero: `UNKNOWN` carries no number."""

from collections.abc import Iterable
from enum import StrEnum


class Quality(StrEnum):
    FINAL = "final"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


_WORST_FIRST = (Quality.UNKNOWN, Quality.ESTIMATED, Quality.FINAL)


def worst(qualities: Iterable[Quality]) -> Quality:
    """A figure made of several is as good as the worst of them; of none, unknown."""
    seen = set(qualities)
    return next((quality for quality in _WORST_FIRST if quality in seen), Quality.UNKNOWN)
