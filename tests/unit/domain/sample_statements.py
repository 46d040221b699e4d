"""Statements of the ledger, as tests of chargeback, reconciliation and KPIs want them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bursar.domain.attribution.rules import Owner
from bursar.domain.ledger.lines import CostCategory, Kind, Line, LineKey, Statement
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, hour_of, month_window
from bursar.domain.quality import Quality
from bursar.domain.usage.records import TokenCounts

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
GPU, API = CostCategory.GPU_COMPUTE, CostCategory.EXTERNAL_API
Lines = Mapping[LineKey, Line]


def pods(tenant: str, usd: str, team: str = "", **more: Any) -> dict[LineKey, Line]:
    """A share of the cluster `prod`."""
    key = {"category": GPU, "cluster": "prod", "namespace": "serving", **more}
    return {LineKey(tenant, team=team, **key): Line(Money.of(usd).units)}


def bought(
    tenant: str,
    usd: str,
    team: str = "",
    tokens: tuple[int, int] = (900, 100),
    requests: int = 1,
    **more: Any,
) -> dict[LineKey, Line]:
    """Tokens of an API, (input, output)."""
    key = {"category": API, "model": "claude", "provider": "aws", **more}
    counts = TokenCounts(input=tokens[0], output=tokens[1])
    return {LineKey(tenant, team=team, **key): Line(Money.of(usd).units, requests, counts)}


def hour_at(at: datetime, *lines: Lines, **more: Any) -> Statement:
    merged: dict[LineKey, Line] = {}
    for each in lines:
        assert not merged.keys() & each.keys()
        merged |= each
    told = {"quality": Quality.FINAL, "as_of": int(at.timestamp()), **more}
    return Statement(hour_of(at), merged, **told)


def hours_from(first: datetime, count: int, *lines: Lines) -> list[Statement]:
    return [hour_at(first + n * HOUR, *lines) for n in range(count)]


def november(*lines: Lines, month: str = "2026-11") -> Statement:
    """A month's statement; where lines have one key, the last stands."""
    merged = {key: line for each in lines for key, line in each.items()}
    return Statement(month_window(month), merged, Quality.FINAL, 0)


def day_at(at: datetime) -> Window:
    return Window(at, at + timedelta(days=1))


HOSTILE = ('=cmd|" /C calc"!A0', "+1+1", "-2", "@sum(A1)", "\t=1", 'a,"b"\n<b>', "ü", "")
_NAMES = st.sampled_from(("acme", "globex", "__idle__", "__unattributed__", *HOSTILE))

KEYS = st.builds(
    LineKey,
    tenant=_NAMES,
    category=st.sampled_from(list(CostCategory)),
    team=_NAMES,
    model=st.sampled_from(("", "claude", "=1")),
    provider=st.sampled_from(("", "aws", "openai", "@x")),
    cluster=st.sampled_from(("", "prod")),
    adjusts=st.sampled_from(("", "", "2026-09", "2026-10")),
    kind=st.sampled_from(list(Kind)),
)
LINES = st.builds(
    Line,
    units=st.integers(-(10**18), 10**18),
    requests=st.integers(0, 10**9),
    tokens=st.builds(TokenCounts, input=st.integers(0, 10**9), output=st.integers(0, 10**9)),
)
LINE_MAPS = st.dictionaries(KEYS, LINES, max_size=12)
OPENINGS = st.dictionaries(
    st.builds(Owner, st.sampled_from(("acme", "=1")), st.sampled_from(("", "search"))),
    st.integers(-(10**18), 10**18),
)
