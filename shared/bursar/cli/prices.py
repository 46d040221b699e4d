"""`bursar prices`: what instances cost on demand now, on the spot market, and what they hold."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from bursar.adapters.ec2_api import Ec2InstanceTypes, Ec2SpotHistory
from bursar.adapters.pricing_api import PricingApiPriceList, pricing_client
from bursar.cli import clock
from bursar.cli.exits import Exit, leave
from bursar.domain.instance_types import InstanceType
from bursar.domain.periods import Window
from bursar.domain.price_list_errors import PriceListError, PriceListUnavailableError
from bursar.domain.prices import PriceRow
from bursar.domain.spot import SpotRange, SpotUnavailableError, by_zone, spot_range

SPOT_DAYS = 30
_MIB_PER_GIB = 1024

app = App(name="prices", help="What instances cost, from AWS itself.")
app.command(
    "bursar.cli.price_history:history",
    name="history",
    help="Every price of an instance type that the deployed Bursar has kept.",
)

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
    now = clock.now()
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


@app.command
def types(*instance_types: str, region: Region, as_json: Json = False) -> None:
    """vCPU, memory and accelerators of instance types, from EC2: what a price is divided by.

    A type that the region does not have is an error (exit code 2). Without credentials or
    network the exit code is 3.
    """
    found = _described(_distinct(instance_types), region)
    if as_json:
        _print_json([_shown_type(each) for each in found])
        return
    table = Table(title=f"Instance types in {region}")
    table.add_column("type")
    for heading in ("vCPU", "memory GiB"):
        table.add_column(heading, justify="right")
    table.add_column("accelerators")
    table.add_column("GPU memory GiB", justify="right")
    for each in found:
        devices = ", ".join(f"{one.count} {one.name}" for one in each.accelerators)
        table.add_row(
            each.name,
            str(each.vcpus),
            _gib(each.memory_mib),
            devices,
            _device_gib(each) or ("unknown" if devices else ""),
        )
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


def _described(types: Sequence[str], region: str) -> list[InstanceType]:
    try:
        found = Ec2InstanceTypes(_ec2_client(region)).describe(types)
    except (BotoCoreError, ClientError) as error:
        leave(Exit.NO_PRICE, [f"instance types of {region}: {error}"])
    if missing := [name for name in types if name not in found]:
        leave(Exit.WRONG_INPUT, [f"{name} is no instance type in {region}" for name in missing])
    return [found[name] for name in types]


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


def _shown_type(each: InstanceType) -> dict[str, Any]:
    """Sizes are strings of GiB; null where EC2 does not tell."""
    return {
        "instance_type": each.name,
        "vcpus": each.vcpus,
        "memory_gib": _gib(each.memory_mib),
        "accelerators": [
            {
                "name": one.name,
                "manufacturer": one.manufacturer,
                "count": one.count,
                "memory_gib": None if one.memory_mib is None else _gib(one.memory_mib),
            }
            for one in each.accelerators
        ],
        "gpu_memory_gib": _device_gib(each),
    }


def _device_gib(each: InstanceType) -> str | None:
    """Of all its accelerators together; None without any, or where one's size is not told."""
    total = each.accelerator_memory_mib
    return _gib(total) if each.accelerators and total is not None else None


def _gib(mib: int) -> str:
    """1 MiB is 1/1024 GiB, which ten decimal places hold exactly: `0.5`, `488`."""
    return f"{Decimal(mib) / _MIB_PER_GIB:f}"


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
