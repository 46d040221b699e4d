"""FSx in the AWS Price List, from products with the attributes that its offer file has."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.adapters.pricing_api import LivePriceBook, PricingApiPriceList, pricing_client
from bursar.domain.money import Money
from bursar.domain.prices import PriceRow, file_storage
from tests.contract.aws_loopback import serving
from tests.contract.price_list_server import M5, answering, product
from tests.contract.test_price_list_specs import NOW, credentials

__all__ = ["credentials"]


def fsx(kind: str, family: str, usage: str, usd: str, **attributes: str) -> dict[str, Any]:
    unit = {"Storage": "GB-Mo", "Provisioned IOPS": "IOPS-Mo"}.get(family, "MiBps-Mo")
    more = {"fileSystemType": kind, "operation": f"CreateFileSystem:{kind}", **attributes}
    usage = f"USE1-{usage}"
    return product("AmazonFSx", usage, usd, unit, f"{kind}/{usage}", family=family, **more)


def lustre(usage: str, usd: str, mbps: str, option: str = "Persistent") -> dict[str, Any]:
    attributes = {"storageType": "SSD", "throughputCapacity": mbps, "deploymentOption": option}
    return fsx("Lustre", "Storage", usage, usd, **attributes)


def deployed(kind: str, option: str, suffix: str, *rates: str) -> list[dict[str, Any]]:
    """Storage on SSD, throughput and, when there is a third rate, IOPS."""
    families = ("Storage", "Provisioned Throughput", "Provisioned IOPS")
    usages = (f"Storage.{suffix}:SSD", f"ThroughputCapacity.{suffix}", f"ProvisionedIOPS.{suffix}")
    return [
        fsx(
            *(kind, family, usage, usd),
            deploymentOption=option,
            storageType="SSD" if family == "Storage" else "N/A",
        )
        for family, usage, usd in zip(families, usages, rates, strict=False)
    ]


OFFERED = [
    M5,
    lustre("Storage", "0.14", "N/A", "Single-AZ"),
    lustre("Storage.SSD.50", "0.14", "50"),
    lustre("Storage.SSD.200", "0.29", "200"),
    lustre("Storage.SSD.1000", "0.60", "1000"),
    fsx("Lustre", "Provisioned IOPS", "MetadataIOPS", "0.055", deploymentOption="Persistent"),
    fsx("Lustre", "Storage", "BackupUsage", "0.05", storageType="N/A"),
    *deployed("ONTAP", "Single-AZ_2N", "SAZ_2N", "0.125", "0.72", "0.017"),
    *deployed("ONTAP", "Single-AZ_2N-2", "SAZ_2N2", "0.126", "1.6", "0.018"),
    *deployed("ONTAP", "Multi-AZ", "MAZ", "0.25", "1.2", "0.034"),
    *deployed("ONTAP", "Multi-AZ-2", "MAZ2", "0.26", "2.5", "0.035"),
    fsx(
        *("ONTAP", "Storage", "Storage.MAZ:CPoolStd", "0.0438"),
        deploymentOption="Multi-AZ",
        storageType="Capacity pool - Standard",
    ),
    *deployed("OpenZFS", "Single-AZ", "SAZ", "0.09", "0.26", "0.006"),
    *deployed("OpenZFS", "Single-AZ_2", "SAZ2", "0.091", "0.35", "0.007"),
    *deployed("OpenZFS", "Multi-AZ", "MAZ", "0.18", "0.8661", "0.012"),
    fsx(
        *("OpenZFS", "Storage", "Storage.MAZ:INT_Monitoring", "0.0006"),
        deploymentOption="Multi-AZ",
        storageType="INT",
    ),
    *deployed("Windows", "Single-AZ", "SAZ", "0.13", "2.2"),
    *deployed("Windows", "Multi-AZ", "MultiAZ", "0.23", "4.5"),
    fsx(
        *("Windows", "Storage", "Storage.MultiAZ:HDD", "0.025"),
        deploymentOption="Multi-AZ",
        storageType="HDD",
    ),
    fsx("Windows", "Storage", "BackupUsage.MultiAZ", "0.05", deploymentOption="Multi-AZ"),
]
PRICES = {
    "lustre-scratch-ssd:gb-month": "0.14",
    "lustre-ssd-50:gb-month": "0.14",
    "lustre-ssd-200:gb-month": "0.29",
    "lustre-ssd-1000:gb-month": "0.60",
    "lustre:metadata-iops-month": "0.055",
    "ontap-ssd-single-az:gb-month": "0.125",
    "ontap-single-az:mbps-month": "0.72",
    "ontap-single-az:iops-month": "0.017",
    "ontap-ssd-single-az-2:gb-month": "0.126",
    "ontap-single-az-2:mbps-month": "1.6",
    "ontap-single-az-2:iops-month": "0.018",
    "ontap-ssd-multi-az:gb-month": "0.25",
    "ontap-multi-az:mbps-month": "1.2",
    "ontap-multi-az:iops-month": "0.034",
    "ontap-ssd-multi-az-2:gb-month": "0.26",
    "ontap-multi-az-2:mbps-month": "2.5",
    "ontap-multi-az-2:iops-month": "0.035",
    "openzfs-ssd-single-az:gb-month": "0.09",
    "openzfs-single-az:mbps-month": "0.26",
    "openzfs-single-az:iops-month": "0.006",
    "openzfs-ssd-single-az-2:gb-month": "0.091",
    "openzfs-single-az-2:mbps-month": "0.35",
    "openzfs-single-az-2:iops-month": "0.007",
    "openzfs-ssd-multi-az:gb-month": "0.18",
    "openzfs-multi-az:mbps-month": "0.8661",
    "openzfs-multi-az:iops-month": "0.012",
    "windows-ssd-single-az:gb-month": "0.13",
    "windows-single-az:mbps-month": "2.2",
    "windows-ssd-multi-az:gb-month": "0.23",
    "windows-hdd-multi-az:gb-month": "0.025",
    "windows-multi-az:mbps-month": "4.5",
}


def read(
    items: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, PriceRow], PricingApiPriceList, int]:
    """The FSx prices by item, the list, and how often it was asked about FSx."""
    answer, asked = answering(items), []

    def server(body: bytes) -> tuple[int, bytes]:
        asked.append(b"AmazonFSx" in body and b"NextToken" not in body)
        return answer(body)

    with serving(server) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        price_list = PricingApiPriceList(pricing_client())
        rows = [row for row in price_list.rows("us-east-1", NOW) if row.key.service == "AmazonFSx"]
    return {row.key.item: row for row in rows}, price_list, sum(asked)


def test_every_deployment_has_its_own_price_and_backups_and_pools_are_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, price_list, asked = read(OFFERED, monkeypatch)
    assert {item: row.usd for item, row in rows.items()} == {
        item: Money.of(usd) for item, usd in PRICES.items()
    }
    assert price_list.ambiguous == []
    assert asked == 4  # once for each kind, and not once for each price


def test_two_rows_for_one_deployment_are_named_and_neither_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twin = fsx(
        *("ONTAP", "Storage", "Storage.MAZ:SSD:twin", "0.30"),
        deploymentOption="Multi-AZ",
        storageType="SSD",
    )
    rows, price_list, _ = read([*OFFERED, twin], monkeypatch)
    assert "ontap-ssd-multi-az:gb-month" not in rows
    (problem,) = price_list.ambiguous
    assert "ontap-ssd-multi-az:gb-month has 2 prices" in problem
    assert "Storage.MAZ:SSD:twin" in problem


def test_one_price_is_asked_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(OFFERED)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
        book = LivePriceBook(pricing_client(), "us-east-1")
        key = file_storage("us-east-1", "AmazonFSx", "lustre-scratch-ssd")
        assert book.prices_at([key], NOW)[key].usd == Money.of("0.14")
