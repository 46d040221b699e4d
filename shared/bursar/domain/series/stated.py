"""Series of the ledger, from its statements of days or hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from bursar.domain.books import Book
from bursar.domain.ledger.budget_figures import dimensions
from bursar.domain.ledger.lines import LineKey, Statement
from bursar.domain.periods import DAY, HOUR
from bursar.domain.quality import Quality
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.series.amounts import Amounts, cap_series, sum_capped
from bursar.domain.series.names import Grain, SeriesName, Unit

SINGLE = (
    *(Dimension.CLUSTER, Dimension.TEAM, Dimension.TENANT, Dimension.MODEL),
    *(Dimension.FEATURE, Dimension.CATEGORY),
)
LENGTH = {Grain.DAY: DAY, Grain.HOUR: HOUR}


def stated_amounts(
    statements: Sequence[Statement],
    grain: Grain,
    organisation: str,
    *,
    per_dimension: int,
    scopes: Sequence[Scope] = (),
) -> Amounts:
    """Series of the whole, of clusters, namespaces, teams, tenants, models, features, categories,
    and of `scopes` (of several dimensions, as budgets have them).

    A series is 0 in a period that was stated without it, and unknown where the period was not
    stated, or not whole: a cluster's time is missing (then its own series, its namespaces', and
    all that are not of one cluster are unknown), or it was stated before it was over. The first
    period is left out: nobody knows since when it was watched. Corrections of closed months stand
    apart. Of hours, only what has tokens counts: tokens, and their USD.
    """
    stated = {each.window.start: each for each in statements}
    if not stated:
        return Amounts((), {})
    beginnings = _consecutive(min(stated) + LENGTH[grain], max(stated), grain)
    units: dict[SeriesName, list[int]] = {}
    apart: dict[SeriesName, list[int]] = {}
    tally = _Tally(organisation, scopes)
    for place, at in enumerate(beginnings):
        if (statement := stated.get(at)) is None:
            continue
        for counts, unit in _counts(statement, grain):
            for into, sums in zip((units, apart), tally.by_scope(counts), strict=True):
                for scope, count in sums.items():
                    name = SeriesName(Book.LEDGER, scope, unit)
                    into.setdefault(name, [0] * len(beginnings))[place] = count
    kept_as = cap_series(units, per_dimension)
    known = sum_capped(units, kept_as)
    unknown = {at: _unknown_in(stated.get(at)) for at in beginnings}
    return Amounts(
        beginnings=tuple(beginnings),
        units={
            name: tuple(
                None if _is_unknown(name, unknown[at]) else count
                for at, count in zip(beginnings, row, strict=True)
            )
            for name, row in known.items()
        },
        apart={
            name: tuple(each or 0 for each in row)
            for name, row in sum_capped(apart, kept_as).items()
        },
    )


def _counts(
    statement: Statement, grain: Grain
) -> Iterator[tuple[list[tuple[LineKey, int]], Unit]]:
    """What of each line counts: its money, and of hours its tokens too, if it has any."""
    lines = list(statement.lines.items())
    if grain is Grain.HOUR:
        lines = [(key, line) for key, line in lines if line.tokens.total + line.unpriced.total]
        tokens = [(key, line.tokens.total + line.unpriced.total) for key, line in lines]
        yield tokens, Unit.TOKENS
    yield [(key, line.units) for key, line in lines], Unit.USD


class _Tally:
    """Sums by scope. The same keys come again in most periods: whose each is, is found once."""

    def __init__(self, organisation: str, scopes: Sequence[Scope]) -> None:
        self._organisation, self._scopes = organisation, scopes
        self._known: dict[LineKey, set[str]] = {}

    def by_scope(
        self, counts: Iterable[tuple[LineKey, int]]
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Of all, and of what corrects closed months."""
        sums: dict[str, int] = {}
        apart: dict[str, int] = {}
        for key, count in counts:
            if (scopes := self._known.get(key)) is None:
                scopes = self._known[key] = _scopes_of(key, self._organisation, self._scopes)
            for scope in scopes:
                sums[scope] = sums.get(scope, 0) + count
                if key.adjusts:
                    apart[scope] = apart.get(scope, 0) + count
        return sums, apart


def _consecutive(first: datetime, last: datetime, grain: Grain) -> list[datetime]:
    return [first + n * LENGTH[grain] for n in range((last - first) // LENGTH[grain] + 1)]


def _scopes_of(key: LineKey, organisation: str, scopes: Sequence[Scope]) -> set[str]:
    """Each once, though a budget's scope may be one of those that everything has."""
    return set(_all_scopes_of(key, organisation, scopes))


def _all_scopes_of(key: LineKey, organisation: str, scopes: Sequence[Scope]) -> Iterator[str]:
    yield f"{Dimension.ORG}={organisation}"
    told = dimensions(key)
    for dimension in SINGLE:
        if value := told[dimension]:
            yield f"{dimension}={value}"
    if key.cluster and key.namespace:
        yield f"{Dimension.CLUSTER}={key.cluster},{Dimension.NAMESPACE}={key.namespace}"
    for scope in scopes:
        if scope.covers({**told, Dimension.ORG: organisation}):
            yield str(scope)


def _unknown_in(statement: Statement | None) -> frozenset[str] | None:
    """The clusters of which some time is missing; None when nothing is known of the period."""
    if statement is None or statement.quality is Quality.UNKNOWN:
        return None
    if statement.as_of < int(statement.window.end.timestamp()):
        return None
    return frozenset(statement.missing)


def _is_unknown(name: SeriesName, missing: frozenset[str] | None) -> bool:
    if missing is None:
        return True
    if not missing:
        return False
    cluster = _pairs(name.scope).get(Dimension.CLUSTER)
    return cluster is None or cluster in missing


def _pairs(scope: str) -> Mapping[str, str]:
    return dict(part.partition("=")[::2] for part in scope.split(","))
