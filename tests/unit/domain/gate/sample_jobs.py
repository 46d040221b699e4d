"""Jobs, machines and prices with round figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from bursar.domain import prices
from bursar.domain.gate.jobs import Duration, JobShape, PodSet, Requirement, Term
from bursar.domain.gate.pricing import PricedJob, Terms, price_job
from bursar.domain.instance_types import Accelerator, InstanceType
from bursar.domain.money import Money
from bursar.domain.prices import PriceKey, PriceRow

REGION = "us-east-1"
GIB = 2**30
GPU = "nvidia.com/gpu"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def machine(
    name: str,
    vcpus: int,
    gib: int,
    device: str = "",
    count: int = 0,
    *,
    maker: str = "NVIDIA",
    device_gib: int = 80,
    arm: bool = False,
) -> InstanceType:
    devices = (Accelerator(device, maker, count, device_gib * 1024),) if count else ()
    return InstanceType(name, vcpus, gib * 1024, arm, devices)


P5 = machine("p5.48xlarge", 192, 2048, "H100", 8)
P4D = machine("p4d.24xlarge", 96, 1152, "A100", 8, device_gib=40)
P4DE = machine("p4de.24xlarge", 96, 1152, "A100", 8)
G5 = machine("g5.xlarge", 4, 16, "A10G", 1, device_gib=24)
G5_12 = machine("g5.12xlarge", 48, 192, "A10G", 4, device_gib=24)
M5 = machine("m5.xlarge", 4, 16)
M7G = machine("m7g.xlarge", 4, 16, arm=True)
INF2 = machine("inf2.24xlarge", 96, 384, "Inferentia2", 6, maker="AWS", device_gib=32)
CATALOGUE = {each.name: each for each in (P5, P4D, P4DE, G5, G5_12, M5, M7G, INF2)}
LISTED = {
    "p5.48xlarge": "50",
    "p4d.24xlarge": "20",
    "p4de.24xlarge": "25",
    "g5.xlarge": "1",
    "g5.12xlarge": "6",
    "m5.xlarge": "0.2",
    "m7g.xlarge": "0.1",
    "inf2.24xlarge": "7",
}


def row(key: PriceKey, usd: str) -> PriceRow:
    return PriceRow(key=key, usd=Money.of(usd), unit="hour", source="list", effective_from=SINCE)


def book(listed: Mapping[str, str] = LISTED, **spot: str) -> dict[PriceKey, PriceRow]:
    """On demand by type; spot by zone letter, of p5.48xlarge."""
    rows = [row(prices.on_demand(REGION, name), usd) for name, usd in listed.items()]
    rows += [
        row(prices.spot(REGION, P5.name, f"{REGION}{zone}"), usd) for zone, usd in spot.items()
    ]
    return {each.key: each for each in rows}


def pods(
    count: int, cpu: int = 0, gib: int = 0, gpus: int = 0, *terms: Term, name: str = "pods"
) -> PodSet:
    asked = {"cpu": cpu * 1000, "memory": gib * GIB, GPU: gpus}
    return PodSet(name, count, {key: amount for key, amount in asked.items() if amount}, terms)


def on(label: str, *values: str, negated: bool = False) -> Requirement:
    return Requirement(label, frozenset(values), negated)


def job(*sets: PodSet, namespace: str = "ml", name: str = "train", **more: object) -> JobShape:
    return JobShape("Job", name, namespace, sets, **more)  # type: ignore[arg-type]


def priced(
    *sets: PodSet,
    hours: str = "10",
    prices_by_key: Mapping[PriceKey, PriceRow] | None = None,
    spot_share: str = "0",
) -> PricedJob:
    return price_job(
        job(*sets),
        Duration(Fraction(Decimal(hours)), "as given"),
        catalogue=CATALOGUE,
        book=book() if prices_by_key is None else prices_by_key,
        terms=Terms(REGION, Fraction(spot_share)),
    )
