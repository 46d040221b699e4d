"""Cost Explorer's GetCostAndUsage, computed from what each day cost.

As the real one: UTC days, the end excluded, the last days estimated, groups over several pages
(a day may be split between two), and no total beside groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bursar.local.embedded.http_api import Operation, ServiceError

Line = tuple[str, str, str]  # linked account, service, value of the cost allocation tag or ""
DailyCosts = Callable[[date], Mapping[Line, Decimal]]

METRICS = frozenset(
    {
        "AmortizedCost",
        "BlendedCost",
        "NetAmortizedCost",
        "NetUnblendedCost",
        "UnblendedCost",
    }
)
_MOST_GROUPS = 2
Row = tuple[tuple[str, ...], Decimal]


def cost_explorer(
    daily_costs: DailyCosts,
    now: Callable[[], datetime],
    *,
    tag: str = "team",
    estimated_days: int = 3,
    rows_per_page: int = 500,
) -> dict[str, Operation]:
    """The operations of the service, for `JsonRpcServer`.

    Every metric tells the same amount. Days that are younger than `estimated_days` on the clock
    `now` are estimated; days that have not begun have cost nothing.
    """

    def get_cost_and_usage(request: dict[str, Any]) -> dict[str, Any]:
        metrics = _metrics(request)
        keys = _keys(request, tag)
        today = now().date()
        rows = [
            (day, row)
            for day in _days(request)
            for row in _rows(daily_costs(day) if day <= today else {}, keys)
        ]
        start = _offset(request.get("NextPageToken"), len(rows))
        page = rows[start : start + rows_per_page]
        by_day: dict[date, list[Row]] = defaultdict(list)
        for day, row in page:
            by_day[day].append(row)
        answer: dict[str, Any] = {
            "ResultsByTime": [
                _result(day, found, keys, metrics, (today - day).days < estimated_days)
                for day, found in by_day.items()
            ],
            "DimensionValueAttributes": [],
        }
        if request.get("GroupBy"):
            answer["GroupDefinitions"] = request["GroupBy"]
        if start + rows_per_page < len(rows):
            answer["NextPageToken"] = str(start + rows_per_page)
        return answer

    return {"GetCostAndUsage": get_cost_and_usage}


Key = Callable[[Line], str]


def _keys(request: Mapping[str, Any], tag: str) -> list[Key]:
    asked = request.get("GroupBy", [])
    if len(asked) > _MOST_GROUPS:
        raise ServiceError("ValidationException", "GroupBy takes at most two definitions")
    known: dict[tuple[str, str], Key] = {
        ("DIMENSION", "LINKED_ACCOUNT"): lambda line: line[0],
        ("DIMENSION", "SERVICE"): lambda line: line[1],
        ("DIMENSION", "RECORD_TYPE"): lambda line: "Tax" if line[1] == "Tax" else "Usage",
        ("TAG", tag): lambda line: f"{tag}${line[2]}",
    }
    keys = []
    for group in asked:
        kind, name = group["Type"], group["Key"]
        if kind == "TAG" and name != tag:  # a tag that nothing carries
            keys.append(_untagged(name))
        elif (kind, name) in known:
            keys.append(known[kind, name])
        else:
            raise ServiceError("ValidationException", f"no group {kind} {name} here")
    return keys


def _untagged(name: str) -> Key:
    return lambda _line: f"{name}$"


def _metrics(request: Mapping[str, Any]) -> Sequence[str]:
    asked: Sequence[str] = request.get("Metrics", ())
    if not asked or (unknown := set(asked) - METRICS):
        raise ServiceError("ValidationException", f"no metric {sorted(unknown) if asked else ''}")
    if request.get("Granularity") != "DAILY":
        raise ServiceError("ValidationException", "only DAILY is embedded")
    if "Filter" in request:
        raise ServiceError("ValidationException", "no filter is embedded")
    return asked


def _days(request: Mapping[str, Any]) -> list[date]:
    period = request["TimePeriod"]
    try:
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
    except ValueError as error:
        raise ServiceError("ValidationException", str(error)) from error
    if start >= end:
        raise ServiceError("ValidationException", "Start date must be before end date")
    return [start + timedelta(days=number) for number in range((end - start).days)]


def _rows(costs: Mapping[Line, Decimal], keys: Sequence[Key]) -> list[Row]:
    """The groups of one day; a day without any has one row of nothing, so that it is told."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line, amount in costs.items():
        sums[tuple(key(line) for key in keys)] += amount
    return sorted(sums.items()) or [((), Decimal(0))]


def _result(
    day: date, rows: Sequence[Row], keys: Sequence[Key], metrics: Sequence[str], estimated: bool
) -> dict[str, Any]:
    period = {"Start": day.isoformat(), "End": (day + timedelta(days=1)).isoformat()}
    groups = [
        {"Keys": list(group), "Metrics": _amounts(amount, metrics)}
        for group, amount in rows
        if keys and group
    ]
    total = {} if keys else _amounts(rows[0][1], metrics)
    return {"TimePeriod": period, "Total": total, "Groups": groups, "Estimated": estimated}


def _amounts(amount: Decimal, metrics: Sequence[str]) -> dict[str, dict[str, str]]:
    return {metric: {"Amount": f"{amount:f}", "Unit": "USD"} for metric in metrics}


def _offset(token: str | None, found: int) -> int:
    if token is None:
        return 0
    if not token.isdecimal() or int(token) >= found:
        raise ServiceError("InvalidNextTokenException", "the token is not one of this query")
    return int(token)
