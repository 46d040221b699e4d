"""The ledger's statement of an hour, day or month: every dollar once, with whose and what for.

Lines are sums of leaves and of the clusters' closed hours, made when an hour closes. Every
breakdown is a sum over the same lines, so every breakdown has the same total.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.money import Money
from bursar.domain.periods import Window
from bursar.domain.quality import Quality, worst
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.providers import provider_name
from bursar.domain.usage.records import TokenSums

IDLE = "__idle__"
SHARED = "__shared__"
UNATTRIBUTED = "__unattributed__"  # what no rule matched: shown, never spread in silence
NOBODY = frozenset({IDLE, SHARED, UNATTRIBUTED})


class CostCategory(StrEnum):
    """What money is spent on; any line has exactly one."""

    GPU_COMPUTE = "gpu_compute"
    CPU_COMPUTE = "cpu_compute"
    MEMORY = "memory"
    STORAGE = "storage"
    NETWORK = "network"
    EXTERNAL_API = "external_api"
    TRAINING = "training"
    DATA_PROCESSING = "data_processing"
    ANNOTATION = "annotation"
    ENGINEERING_TIME = "engineering_time"
    LICENCES = "licences"
    SUPPORT = "support"
    INFRASTRUCTURE = "infrastructure"


class Kind(StrEnum):
    """What money was before anyone was found to bear it: a rule gives idle compute an owner,
    and it is idle still."""

    ALLOCATED = "allocated"
    IDLE = "idle"
    SHARED = "shared"


class LineKey(NamedTuple):
    """Whose a line is, and what for. A dimension that does not apply is empty.

    A line of a team alone has no tenant; one of nobody has `__unattributed__`, `__idle__` or
    `__shared__` for its tenant. `provider` is as it was booked: compare and show the `seller`.
    `adjusts` names the closed month (`2026-10`) that the line corrects.
    """

    tenant: str
    category: CostCategory
    team: str = ""
    model: str = ""
    feature: str = ""
    key: str = ""
    provider: str = ""
    cluster: str = ""
    namespace: str = ""
    adjusts: str = ""
    kind: Kind = Kind.ALLOCATED

    @property
    def seller(self) -> str:
        """The provider by its one name: what was booked long ago may spell it otherwise."""
        return provider_name(self.provider)

    @property
    def is_nobodys(self) -> bool:
        return not self.team and self.tenant in NOBODY


NO_TOKENS = TokenSums()
NO_AMOUNTS = ClassAmounts()


@dataclass(frozen=True, slots=True)
class Line:
    """`units` count 10^-12 USD. `unpriced` tokens have no price: their money is missing.

    `unpriced_requests` are those of `requests` that have no price. `by_class` says of a
    self-hosted model's money which tokens took it, by the weights that divided its hour.
    `charged_before` tokens of a self-hosted model came after their month was closed: its pods'
    cost was charged there, and none is missing.
    """

    units: int = 0
    requests: int = 0
    tokens: TokenSums = NO_TOKENS
    unpriced: TokenSums = NO_TOKENS
    unpriced_requests: int = 0
    by_class: ClassAmounts = NO_AMOUNTS
    charged_before: TokenSums = NO_TOKENS
    charged_before_requests: int = 0

    @property
    def priced_requests(self) -> int:
        """Of which the line's money is the cost."""
        return self.requests - self.unpriced_requests - self.charged_before_requests

    @property
    def used(self) -> TokenSums:
        """All its tokens, whatever is known of their cost."""
        return _sum_tokens(_sum_tokens(self.tokens, self.unpriced), self.charged_before)

    @property
    def usd(self) -> Money:
        return Money.from_units(self.units)

    @property
    def known_usd(self) -> Money | None:
        """None where all that was used has no price: unknown, and not 0. Else what is known."""
        unknown = self.unpriced_requests or self.unpriced.total
        return None if unknown and not (self.units or self.tokens.total) else self.usd

    def __add__(self, other: Line) -> Line:
        return Line(
            self.units + other.units,
            self.requests + other.requests,
            _sum_tokens(self.tokens, other.tokens),
            _sum_tokens(self.unpriced, other.unpriced),
            self.unpriced_requests + other.unpriced_requests,
            _sum_amounts(self.by_class, other.by_class),
            _sum_tokens(self.charged_before, other.charged_before),
            self.charged_before_requests + other.charged_before_requests,
        )

    def __neg__(self) -> Line:
        return Line(*(-getattr(self, name) for name in Line.__slots__))


def _sum_tokens(one: TokenSums, other: TokenSums) -> TokenSums:
    """Most lines are money alone, and a sum of tokens takes the longest of all."""
    if other is NO_TOKENS:
        return one
    return other if one is NO_TOKENS else one + other


def _sum_amounts(one: ClassAmounts, other: ClassAmounts) -> ClassAmounts:
    if other is NO_AMOUNTS:
        return one
    return other if one is NO_AMOUNTS else one + other


@dataclass(frozen=True, slots=True)
class Statement:
    """The lines of one window, as of a time (epoch seconds).

    `missing` names the clusters of which some time is unknown, and in no line.
    """

    window: Window
    lines: Mapping[LineKey, Line]
    quality: Quality
    as_of: int
    missing: tuple[str, ...] = ()

    @property
    def total(self) -> Money:
        return Money.from_units(sum(line.units for line in self.lines.values()))


def sum_lines(parts: Iterable[Mapping[LineKey, Line]]) -> dict[LineKey, Line]:
    sums: dict[LineKey, Line] = {}
    for part in parts:
        for key, line in part.items():
            sums[key] = sums[key] + line if key in sums else line
    return sums


def add_up(window: Window, parts: Iterable[Statement]) -> Statement:
    """Sum the statements of hours or days to the window that holds them; as good as the worst.

    Where only some of it is unknown, the sum is an estimate.
    """
    kept = list(parts)
    return Statement(
        window=window,
        lines=sum_lines(part.lines for part in kept),
        quality=quality_of(part.quality for part in kept),
        as_of=max((part.as_of for part in kept), default=0),
        missing=tuple(sorted({name for part in kept for name in part.missing})),
    )


def quality_of(parts: Iterable[Quality]) -> Quality:
    """Of a sum: the worst of its parts, but unknown only when nothing of it is known."""
    found = set(parts)
    return Quality.ESTIMATED if Quality.UNKNOWN in found and len(found) > 1 else worst(found)
