"""`series:`, `forecast:`, `anomalies:` of bursar.yaml: what is watched, and from which size."""

from __future__ import annotations

from pydantic import Field

from bursar.config.fields import Section
from bursar.domain.anomaly_events.floors import Floors
from bursar.domain.money import Money
from bursar.domain.scopes import Scope


class Series(Section):
    """Which series are made of the books; those of budgets always are."""

    per_dimension: int = Field(
        default=500, ge=2, le=20_000, description="the dearest; the others are watched as one sum"
    )
    scopes: tuple[Scope, ...] = Field(
        default=(), description="more than single teams, models ...: tenant=acme,model=llama"
    )
    history_days: int = Field(default=120, ge=21, le=400)
    history_hours: int = Field(default=24 * 21, ge=24 * 7, le=24 * 56)


class Forecasts(Section):
    enabled: bool = True
    fewest_days: int = Field(default=14, ge=7, description="with fewer, a month is not foreseen")


class Anomalies(Section):
    """An alert is unusual, and worth this much in a day (or, of token usage, in an hour)."""

    enabled: bool = True
    at_least: Floors = Floors(usd=Money.of(50), percent=25)
    at_least_hourly: Floors = Floors(usd=Money.of(10), percent=50)
    at_least_tokens: int = Field(
        default=5_000_000, ge=1, description="in an hour, of tokens that have no price"
    )
