"""Which lines are the serving of models, and what a request and a million tokens of it cost.

A model's cost has two bases. The usage basis is what was allocated to those whose tokens it
served; with idle, its share of the idle compute around its pods is added. Training is in
neither. What has no price is missing from the cost, so it is in no divisor either. What was booked
later, of a closed month, is money without the tokens that it served, or the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.money import Money

MILLION = 1_000_000
SELF_HOSTED = "self_hosted"
COMPUTE = (CostCategory.GPU_COMPUTE, CostCategory.CPU_COMPUTE, CostCategory.MEMORY)
_HOSTING = frozenset({*COMPUTE, CostCategory.STORAGE, CostCategory.NETWORK})


def hosting(key: LineKey) -> str | None:
    """Where the model of a line is served: SELF_HOSTED, or the provider that it is bought from.

    None: the line serves no model. It is of none, or of its training.
    """
    if not key.model:
        return None
    if key.category is CostCategory.EXTERNAL_API:
        return key.seller or "api"
    return SELF_HOSTED if key.category in _HOSTING else None


def is_serving(key: LineKey, *, with_idle: bool = False) -> bool:
    return hosting(key) is not None and (with_idle or key.kind is not Kind.IDLE)


def serving(statements: Iterable[Statement], *, with_idle: bool = False) -> list[Statement]:
    """The statements with their own serving lines alone: none that corrects a closed month."""
    return _with_lines(statements, lambda key: is_serving(key, with_idle=with_idle))


def self_hosted(statements: Iterable[Statement]) -> list[Statement]:
    """The statements with what their self-hosted models cost alone, their idle too, and nothing
    that corrects a closed month.

    A model of the same name that is bought is another one: it has no idle.
    """
    return _with_lines(statements, lambda key: hosting(key) == SELF_HOSTED)


def _with_lines(
    statements: Iterable[Statement], wanted: Callable[[LineKey], bool]
) -> list[Statement]:
    return [
        replace(each, lines={key: line for key, line in own_lines(each) if wanted(key)})
        for each in statements
    ]


def own_lines(statement: Statement) -> Iterator[tuple[LineKey, Line]]:
    """Without what corrects closed months: the usage and the costs of the statement's window."""
    return ((key, line) for key, line in statement.lines.items() if not key.adjusts)


def usd_per_tokens(usd: Money, served: Line, count: int = MILLION) -> Money | None:
    """USD for so many of the tokens that have a price; None where there is none."""
    tokens = served.tokens.total
    return usd.times(Fraction(count, tokens)) if tokens > 0 else None


def usd_per_request(usd: Money, served: Line) -> Money | None:
    """USD for one of the requests that have a price; None where there is none."""
    requests = served.priced_requests
    return usd.times(Fraction(1, requests)) if requests > 0 else None
