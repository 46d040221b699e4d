"""A price list shaped like the real one, with what makes the real one hard to read.

For each instance type it carries the rows that are not the Linux on-demand price: Windows, SQL
Server, dedicated tenancy, unused capacity reservations at $0, reservations used at $0, another
region; and a Capacity Block at $0. Those rows need only to look right; their prices are made up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bursar.local.scenario.list_prices import OTHERS, VOLUME_MONTH
from bursar.local.scenario.machines import MACHINES, REGION

Item = dict[str, Any]
Tiers = Sequence[tuple[str, str, str]]  # beginRange, endRange, USD

_LOCATIONS = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)"}
_PREFIXES = {"us-east-1": "", "eu-west-1": "EU-"}
_ELSEWHERE = "eu-west-1"
_DEARER_ELSEWHERE = Decimal("1.12")
_WINDOWS_PER_VCPU = Decimal("0.046")
_DEDICATED = Decimal("1.06")
_SOLD_IN_BLOCKS = ("p4d.24xlarge", "p5.48xlarge", "p5en.48xlarge")
_OFFER = "JRTCKXETXF"  # AWS' code for on-demand terms
_RATE = "6YS6EN2CT7"


def listed_items(
    on_demand: Mapping[str, Decimal],
    *,
    since: datetime,
    since_of: Mapping[str, datetime],
) -> list[Item]:
    """Every item of the list; `since_of` dates the instance types whose price changed later."""
    items = []
    for name, usd in on_demand.items():
        items += _instance_items(name, usd, since_of.get(name, since))
    return items + _volume_items(since) + _other_items(since)


def _instance_items(name: str, usd: Decimal, since: datetime) -> list[Item]:
    windows = usd + _WINDOWS_PER_VCPU * _vcpus(name)
    rows: list[tuple[Decimal, dict[str, str], str]] = [
        (usd, {}, REGION),
        (windows, {"operatingSystem": "Windows", "operation": "RunInstances:0002"}, REGION),
        (windows + usd, {"preInstalledSw": "SQL Std", "operation": "RunInstances:0004"}, REGION),
        (
            usd * _DEDICATED,
            {"tenancy": "Dedicated", "usagetype": f"DedicatedUsage:{name}"},
            REGION,
        ),
        (Decimal(0), _reserved("AllocatedCapacityReservation", "Reservation", name), REGION),
        (usd, _reserved("UnusedCapacityReservation", "UnusedBox", name), REGION),
        (usd * _DEARER_ELSEWHERE, {}, _ELSEWHERE),
    ]
    if name in _SOLD_IN_BLOCKS:
        block = {"marketoption": "CapacityBlock", "operation": "RunInstances:CB"}
        rows.append((Decimal(0), block, REGION))
    return [_instance_item(name, price, other, region, since) for price, other, region in rows]


def _reserved(status: str, usage: str, name: str) -> dict[str, str]:
    return {"capacitystatus": status, "usagetype": f"{usage}:{name}"}


def _instance_item(
    name: str, usd: Decimal, other: Mapping[str, str], region: str, since: datetime
) -> Item:
    attributes = {
        "instanceType": name,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "licenseModel": "No License required",
        "currentGeneration": "Yes",
        "vcpu": str(_vcpus(name)),
        "operation": "RunInstances",
        "usagetype": f"BoxUsage:{name}",
        **other,
    }
    attributes["usagetype"] = _PREFIXES[region] + attributes["usagetype"]
    system = attributes["operatingSystem"]
    return item(
        "AmazonEC2",
        "Compute Instance",
        attributes,
        [("0", "Inf", f"{usd}")],
        "Hrs",
        since,
        region=region,
        description=f"${usd.normalize():f} per On Demand {system} {name} Instance Hour",
    )


def _vcpus(name: str) -> int:
    return MACHINES[name].vcpus if name in MACHINES else 48


def _volume_items(since: datetime) -> list[Item]:
    usages = {"io1": "VolumeUsage.piops", "standard": "VolumeUsage"}
    items = []
    for name, usd in VOLUME_MONTH.items():
        volume_type, _, measure = name.partition(":")
        attributes = {"volumeApiName": volume_type}
        if not measure:
            usage = usages.get(volume_type, f"VolumeUsage.{volume_type}")
            family, unit = "Storage", "GB-Mo"
            elsewhere = attributes | {"usagetype": f"EU-EBS:{usage}"}
            price = [("0", "Inf", f"{usd * Decimal('1.1')}")]
            items.append(
                item("AmazonEC2", family, elsewhere, price, unit, since, region=_ELSEWHERE)
            )
        elif measure == "throughput":
            usage, family = f"VolumeP-Throughput.{volume_type}", "Provisioned Throughput"
            usd, unit = usd * 1024, "GiBps-mo"  # as AWS lists it
        else:
            tier = measure.removeprefix("iops").replace("-tier-", ".tier")
            usage = f"VolumeP-IOPS.{'piops' if volume_type == 'io1' else volume_type}{tier}"
            family, unit = "System Operation", "IOPS-Mo"
        attributes["usagetype"] = f"EBS:{usage}"
        items.append(item("AmazonEC2", family, attributes, [("0", "Inf", f"{usd}")], unit, since))
    return items


def _other_items(since: datetime) -> list[Item]:
    items = [
        item(service, family, {"usagetype": usage}, [("0", "Inf", f"{usd}")], unit, since)
        for service, family, usage, usd, unit in OTHERS
    ]
    out: Tiers = [
        ("0", "100", "0"),
        ("100", "10240", "0.09"),
        ("10240", "51200", "0.085"),
        ("51200", "153600", "0.07"),
        ("153600", "Inf", "0.05"),
    ]
    for transfer, usage, tiers in (
        ("IntraRegion", "DataTransfer-Regional-Bytes", [("0", "Inf", "0.01")]),
        ("InterRegion Outbound", "USE1-USW2-AWS-Out-Bytes", [("0", "Inf", "0.02")]),
        ("InterRegion Outbound", "USE1-EU-AWS-Out-Bytes", [("0", "Inf", "0.02")]),
        ("AWS Outbound", "DataTransfer-Out-Bytes", out),
    ):
        attributes = {
            "usagetype": usage,
            "transferType": transfer,
            "fromRegionCode": REGION,
            "fromLocation": _LOCATIONS[REGION],
        }
        items.append(
            item("AWSDataTransfer", "Data Transfer", attributes, tiers, "GB", since, region="")
        )
    return items


def item(
    service: str,
    family: str,
    attributes: Mapping[str, str],
    tiers: Tiers,
    unit: str,
    since: datetime,
    *,
    region: str = REGION,
    description: str = "",
) -> Item:
    """One element of a PriceList, with a SKU that its attributes decide."""
    told = {"servicecode": service, **attributes}
    if region:
        where = {"regionCode": region, "location": _LOCATIONS[region]}
        told |= where | {"locationType": "AWS Region"}
    identity = repr((family, sorted(told.items())))
    sku = hashlib.sha256(identity.encode()).hexdigest()[:16].upper()
    term = f"{sku}.{_OFFER}"
    return {
        "product": {"productFamily": family, "attributes": told, "sku": sku},
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": {
                        f"{term}.{_RATE}{order or ''}": {
                            "unit": unit,
                            "beginRange": begin,
                            "endRange": end,
                            "description": description or f"${usd} per {unit}",
                            "appliesTo": [],
                            "rateCode": f"{term}.{_RATE}{order or ''}",
                            "pricePerUnit": {"USD": f"{Decimal(usd):.10f}"},
                        }
                        for order, (begin, end, usd) in enumerate(tiers)
                    },
                    "sku": sku,
                    "effectiveDate": f"{since:%Y-%m-%dT%H:%M:%SZ}",
                    "offerTermCode": _OFFER,
                    "termAttributes": {},
                }
            }
        },
        "version": f"{since:%Y%m%d%H%M%S}",
        "publicationDate": f"{since:%Y-%m-%dT%H:%M:%SZ}",
    }
