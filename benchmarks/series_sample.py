"""A part of the series bench, by a rule that knows no results: every k-th entity of each set.

Entities (a meter, a shop, a route: what an id names before `#`) are taken from their sorted list,
from the first on, with all of their windows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FORECAST_SETS = ("f1_monthend", "f2_daily14", "f2_m4_hourly", "f2_m4_weekly")
ANOMALY_SETS = ("a2_bases",)
_MONTH_END = ("hist", "rest", "mtd", "scale", "src", "L", "id")
_OF_A_SERIES = ("train", "test", "naive2", "scale", "id")


def sample(data: Path, into: Path, *, forecasts_every: int, anomalies_every: int) -> None:
    """Write the sampled sets, under the names that the scorer looks for."""
    for names, every in ((FORECAST_SETS, forecasts_every), (ANOMALY_SETS, anomalies_every)):
        for name in names:
            with np.load(data / f"{name}.npz", allow_pickle=False) as told:
                np.savez(into / f"{name}.npz", **_sampled(name, dict(told), every))


def sizes(data: Path) -> dict[str, tuple[int, int]]:
    """How many entities and how many windows (or series) each set has, days and hours apart."""
    found = {}
    for name in (*FORECAST_SETS, *ANOMALY_SETS):
        with np.load(data / f"{name}.npz", allow_pickle=False) as told:
            if name == "a2_bases":
                found["daily"] = _size(told["daily_id"])
                found["hourly"] = _size(told["hourly_id"])
            elif name == "f1_monthend":
                found[name] = _size(np.concatenate([told[f"id_{day}"] for day in _days(told)]))
            else:
                found[name] = _size(told["id"])
    return found


def _sampled(name: str, told: dict[str, Any], every: int) -> dict[str, Any]:
    if name == "f1_monthend":
        ids = np.concatenate([told[f"id_{day}"] for day in _days(told)])
        kept = _every(ids, every)
        for day in _days(told):
            rows = np.isin(_entities(told[f"id_{day}"]), kept)
            told |= {f"{part}_{day}": told[f"{part}_{day}"][rows] for part in _MONTH_END}
    elif name == "a2_bases":
        for grain in ("daily", "hourly"):
            rows = np.isin(_entities(told[f"{grain}_id"]), _every(told[f"{grain}_id"], every))
            told |= {part: told[part][rows] for part in (grain, f"{grain}_id")}
    else:
        rows = np.isin(_entities(told["id"]), _every(told["id"], every))
        told |= {part: told[part][rows] for part in _OF_A_SERIES if part in told}
    return told


def _days(told: Any) -> list[str]:
    return [name.removeprefix("id_") for name in told if name.startswith("id_")]


def _every(ids: Any, every: int) -> Any:
    return np.unique(_entities(ids))[::every]


def _entities(ids: Any) -> Any:
    return np.array([str(each).partition("#")[0] for each in ids])


def _size(ids: Any) -> tuple[int, int]:
    return len(np.unique(_entities(ids))), len(ids)
