"""`bursar prices`: what instances cost on demand now, and on the spot market these 30 days."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import boto3
from botocore.config import Config
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from bursar.adapters.ec2_api import Ec2SpotHistory
from bursar.adapters.pricing_api import PricingApiPriceList, pricing_client
from bursar.cli.exits import Exit, leave
from bursar.domain.periods import Window
from bursar.domain.price_list_errors import PriceListError, PriceListUnavailableError
from bursar.domain.prices import PriceRow
from bursar.domain.spot import SpotRange, SpotUnavailableError, by_zone, spot_range

SPOT_DAYS = 30

app = App(name="prices", help="What instances cost, from AWS itself.")

Region = Annotated[str, Parameter(help="an AWS region, such as eu-west-1")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print a JSON array")]


@app.command
def show(*instance_types: str, region: Region, as_json: Json = False) -> None:
    """The Linux on-demand price of instance types, from the AWS Price List.

    A type without exactly one price is an error that names the candidates (exit code 2), and
    no price is printed. Without credentials or network the exit code is 3.
    """
    rows = _rows(_distinct(instance_types), region)
    if as_json:
        _print_json([_shown(row) for row in rows])
        return
    table = Table(title=f"On demand in {region}, Linux, shared tenancy")
    for heading in ("type", "USD/hour", "SKU", "since"):
        table.add_column(heading, justify="right" if heading == "USD/hour" else "left")
    for row in rows:
        since = row.effective_from.date().isoformat()
        table.add_row(row.key.item, row.usd.plain(), row.sku or "", since)
    Console().print(table)


@app.command
def spot(*instance_types: str, region: Region, as_json: Json = False) -> None:
    """Low, high and time-weighted mean of 30 days of spot prices, by zone.

    A type without a spot price in the region is an error (exit code 2). Without credentials
    or network the exit code is 3.
    """
    types = _distinct(instance_types)
    now = datetime.now(UTC)
    ranges = _ranges(types, region, Window(now - timedelta(days=SPOT_DAYS), now))
    priced = {found.instance_type for found in ranges}
    if missing := [name for name in types if name not in priced]:
        leave(Exit.WRONG_INPUT, [f"{name} has no spot price in {region}" for name in missing])
    if as_json:
        _print_json([_shown_range(found) for found in ranges])
        return
    table = Table(title=f"Spot in {region}, USD/hour, {SPOT_DAYS} days")
    for heading in ("type", "zone", "low", "mean", "high"):
        table.add_column(heading, justify="left" if heading in {"type", "zone"} else "right")
    for found in ranges:
        amounts = (found.low, found.mean, found.high)
        table.add_row(found.instance_type, found.zone, *(amount.plain() for amount in amounts))
    Console().print(table)


def _distinct(instance_types: Sequence[str]) -> list[str]:
    if not instance_types:
        leave(Exit.WRONG_INPUT, ["name at least one instance type"])
    return list(dict.fromkeys(instance_types))


def _rows(types: Sequence[str], region: str) -> list[PriceRow]:
    prices = PricingApiPriceList(pricing_client())
    rows, problems = [], []
    for name in types:
        try:
            rows.append(prices.on_demand(region, name))
        except PriceListUnavailableError as error:
            leave(Exit.NO_PRICE, [str(error)])
        except PriceListError as error:
            problems.append(str(error))
    if problems:
        leave(Exit.WRONG_INPUT, problems)
    return rows


def _ranges(types: Sequence[str], region: str, window: Window) -> list[SpotRange]:
    try:
        points = by_zone(Ec2SpotHistory(_ec2_client).points(region, types, window))
    except SpotUnavailableError as error:
        leave(Exit.NO_PRICE, [str(error)])
    found = (spot_range(steps, window) for steps in points.values())
    return [each for each in found if each is not None]


def _ec2_client(region: str) -> Any:
    patient = Config(retries={"mode": "standard"}, connect_timeout=5, read_timeout=30)
    return boto3.client("ec2", region_name=region, config=patient)


def _shown(row: PriceRow) -> dict[str, str | None]:
    return {
        "instance_type": row.key.item,
        "usd_per_hour": row.usd.plain(),
        "sku": row.sku,
        "effective_date": row.effective_from.date().isoformat(),
        "source": row.source,
    }


def _shown_range(found: SpotRange) -> dict[str, str]:
    return {
        "instance_type": found.instance_type,
        "zone": found.zone,
        "low_usd_per_hour": found.low.plain(),
        "mean_usd_per_hour": found.mean.plain(),
        "high_usd_per_hour": found.high.plain(),
    }


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
