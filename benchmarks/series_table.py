"""The table of the series bench, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CPU_GOAL_SECONDS, PEAK_GOAL_MB = 60, 512
Scores = Mapping[str, dict[str, Any] | str]  # by method: what the scorer says, or why nothing
Sizes = Mapping[str, tuple[int, int]]  # by set: entities, and windows or series


@dataclass(frozen=True)
class Sets:
    """How much of everything was scored: of all, and of the sample."""

    whole: Sizes
    sampled: Sizes
    forecasts_every: int
    anomalies_every: int


_FORECAST_HEAD = (
    "| error | score 80 / 95 | cover 80 / 95 | OWA 14 days | OWA M4 hourly / weekly"
    " | CPU s per 1,000 | import s | peak MB |"
)
_ANOMALY_HEAD = (
    "| daily recall at .1 / .3 / 1 | delay at .3 | hourly recall at .1 / .3 / 1 | own threshold:"
    " false alerts, daily / hourly | CPU s per 1,000, daily / hourly | import s | peak MB |"
)


def table(sets: Sets, whole: tuple[Scores, Scores], sampled: tuple[Scores, Scores]) -> list[str]:
    """Forecasts and then anomalies, each on all series and on the sample."""
    every = f"one entity of {sets.forecasts_every}"
    other = f"one entity of {sets.anomalies_every}"
    return [
        *_part(f"Forecasts, all: {_forecast_sizes(sets.whole)}", _FORECAST_HEAD, whole[0]),
        *_part(f"Forecasts, {every}: {_forecast_sizes(sets.sampled)}", _FORECAST_HEAD, sampled[0]),
        *_part(f"Anomalies, all: {_anomaly_sizes(sets.whole)}", _ANOMALY_HEAD, whole[1]),
        *_part(f"Anomalies, {other}: {_anomaly_sizes(sets.sampled)}", _ANOMALY_HEAD, sampled[1]),
    ][:-1]


def measured_line(seconds: float, cpu_seconds: float) -> str:
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on"
        f" {platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}, in"
        f" {seconds / 60:.0f} minutes on one core ({cpu_seconds / 60:.0f} of CPU)."
    )


def many_line(many: Mapping[str, float]) -> str:
    cpu = many["forecast_cpu_seconds"] + many["detect_cpu_seconds"]
    return (
        f"{many['series']:,} series of {many['days']} days in one process: forecast"
        f" {many['forecast_cpu_seconds']} and detect {many['detect_cpu_seconds']} CPU-seconds"
        f" ({cpu:.0f} together; goal {CPU_GOAL_SECONDS}), {many['peak_mb']:.0f} MB at most"
        f" (goal {PEAK_GOAL_MB})."
    )


def _part(title: str, head: str, scores: Scores) -> list[str]:
    row = _forecast_row if head is _FORECAST_HEAD else _anomaly_row
    columns = head.count("|") - 1
    lines = [f"**{title}.**", "", f"| {head}", "|---" * (columns + 1) + "|"]
    for name, told in scores.items():
        cells = [told] + [""] * (columns - 1) if isinstance(told, str) else row(told)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def _forecast_row(told: dict[str, Any]) -> list[str]:
    month, paths = told["F1"], told["F2"]
    return [
        _plain(month["rel_cap"]),
        f"{month['is80']:.2f} / {month['is95']:.2f}",
        f"{month['cov80']:.1%} / {month['cov95']:.1%}",
        _plain(paths["daily14_owa"]),
        f"{_plain(paths['m4_hourly_owa'])} / {_plain(paths['m4_weekly_owa'])}",
        f"{month['cpu_s_per_1000']:.2f}",
        f"{told['import_s']:.2f}",
        str(told["peak_rss_mb"]),
    ]


def _anomaly_row(told: dict[str, Any]) -> list[str]:
    daily, hourly = told["A2"]["daily"], told["A2"]["hourly"]
    return [
        _recalls(daily),
        f"{daily['delay@0.3']:.1f}" if "delay@0.3" in daily else "-",
        _recalls(hourly),
        f"{daily['fa_month']:.2f} / {hourly['fa_month']:.2f}",
        f"{daily['cpu_s_per_1000']:.2f} / {hourly['cpu_s_per_1000']:.2f}",
        f"{told['import_s']:.2f}",
        str(told["peak_rss_mb"]),
    ]


def _recalls(scores: Mapping[str, float]) -> str:
    """At so many false alerts a series and month; `-` where no threshold has so few."""
    found = (scores.get(f"recall@{each}") for each in ("0.1", "0.3", "1.0"))
    return " / ".join("-" if each is None else _plain(each) for each in found)


def _plain(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _forecast_sizes(sizes: Sizes) -> str:
    entities, windows = sizes["f1_monthend"]
    days, hours, weeks = (
        sizes[each][1] for each in ("f2_daily14", "f2_m4_hourly", "f2_m4_weekly")
    )
    return (
        f"{windows:,} month-ends of {entities} entities; {days} series of days, {hours} of hours,"
        f" {weeks} of weeks"
    )


def _anomaly_sizes(sizes: Sizes) -> str:
    (entities, windows), (hourly_entities, hourly) = sizes["daily"], sizes["hourly"]
    return (
        f"{windows} windows of days of {entities} entities, {hourly} of hours of {hourly_entities}"
    )
