"""What FSx costs: the provisioned GiB at the price of its class, shared by its volumes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bursar.domain.cluster.closing import close, keys_needed
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.file_systems import file_system_ids
from bursar.domain.cluster.hours import HourCosts
from bursar.domain.cluster.integration import integrate
from bursar.domain.cluster.records import Volume
from bursar.domain.cluster.storage import (
    Described,
    FileService,
    FileSystem,
    FileSystemSpec,
    FsxSpec,
)
from bursar.domain.money import Money
from bursar.domain.prices import file_performance, file_storage
from bursar.domain.quality import Quality
from tests.unit.sample_cluster import GIB, REGION, TEN_TO_ELEVEN, all_hour, row, volume

LIST = {
    ("AmazonFSx", "lustre-ssd-125"): "0.145",
    ("AmazonFSx", "lustre-ssd-1000"): "0.60",
    ("AmazonFSx", "lustre-scratch-ssd"): "0.14",
    ("AmazonFSx", "openzfs-ssd-single-az-2"): "0.09",
    ("AmazonFSx", "openzfs-ssd-multi-az"): "0.18",
    ("AmazonFSx", "ontap-ssd-single-az"): "0.125",
    ("AmazonFSx", "ontap-ssd-multi-az-2"): "0.25",
    ("AmazonFSx", "windows-ssd-single-az"): "0.13",
    ("AmazonFSx", "windows-hdd-multi-az"): "0.025",
    ("AmazonEFS", "standard"): "0.30",
}
BOOK = {key: row(key, usd) for name, usd in LIST.items() for key in [file_storage(REGION, *name)]}
for name, usd in {
    "openzfs-single-az-2:mbps-month": "0.27",
    "openzfs-single-az-2:iops-month": "0.006",
    "openzfs-multi-az:mbps-month": "0.9",
    "ontap-single-az:mbps-month": "0.72",
    "ontap-single-az:iops-month": "0.017",
    "ontap-multi-az-2:mbps-month": "2.5",
    "windows-single-az:mbps-month": "2.2",
    "windows-multi-az:mbps-month": "4.5",
    "lustre:metadata-iops-month": "0.055",
}.items():
    key = file_performance(REGION, "AmazonFSx", name)
    BOOK[key] = row(key, usd)
LUSTRE = FsxSpec("fs-1", "LUSTRE", "SSD", "PERSISTENT_2", 1_200, 125)
OPENZFS = FsxSpec("fs-1", "OPENZFS", "SSD", "SINGLE_AZ_2", 800, mbps=160)


def on_fsx(name: str, **changes) -> Volume:
    return volume(name, **{"driver": "fsx.csi.aws.com", "volume_id": "fs-1"} | changes)


def closed(*volumes: Volume, specs: tuple[FileSystem, ...] = (LUSTRE,), book=BOOK) -> HourCosts:
    time = integrate(TEN_TO_ELEVEN, all_hour([], [], volumes=volumes), lambda _: {})
    described = Described({spec.file_system_id: spec for spec in specs})
    wanted = keys_needed(time, described, (), REGION)
    known = {key: found for key, found in book.items() if key in wanted}
    return close("prod", TEN_TO_ELEVEN, time, described, known, CostPolicy(REGION))


def reasons(costs: HourCosts) -> dict[str, str]:
    return {item.name: item.reason for item in costs.unpriced}


def test_provisioned_gib_are_billed_by_the_hours_of_the_month():
    costs = closed(on_fsx("a"))
    # 1,200 GiB x 0.145 = 174 a month, of 720 hours
    assert costs.total == Money.of("0.241666666667")
    assert costs.quality is Quality.FINAL


def test_the_throughput_of_lustre_decides_its_price():
    fast = replace(LUSTRE, mbps_per_tib=1000)
    assert closed(on_fsx("a"), specs=(fast,)).total == Money.of("1")  # 1,200 x 0.60 / 720


def test_volumes_on_one_file_system_share_it_evenly_to_the_last_digit():
    costs = closed(*(on_fsx(name, claim_namespace=name) for name in ("a", "b", "c")))
    told = {key.namespace: Money.sum(row.values()).plain() for key, row in costs.rows.items()}
    assert told == {"a": "0.080555555556", "b": "0.080555555556", "c": "0.080555555555"}
    assert costs.total == Money.of("0.241666666667")


def on_openzfs(spec: FsxSpec = OPENZFS, **more) -> HourCosts:
    return closed(on_fsx("a", driver="fsx.openzfs.csi.aws.com"), specs=(spec,), **more)


def test_openzfs_is_billed_for_its_storage_and_its_throughput():
    costs = on_openzfs()
    # 800 x 0.09 / 720 = 0.10 for the storage, 160 MB/s x 0.27 / 720 = 0.06
    assert (costs.total, costs.quality) == (Money.of("0.16"), Quality.FINAL)


def test_three_iops_come_with_each_gib_of_openzfs_and_the_rest_are_billed():
    # 3,600 - 3 x 800 = 1,200 x 0.006 / 720 = 0.01
    assert on_openzfs(replace(OPENZFS, provisioned_iops=3_600)).total == Money.of("0.17")
    assert on_openzfs(replace(OPENZFS, provisioned_iops=2_400)).total == Money.of("0.16")


def test_a_month_of_openzfs_costs_what_infracost_expects_in_us_east_1():
    book = {
        key: row(key, usd)
        for key, usd in (
            (file_storage(REGION, "AmazonFSx", "openzfs-ssd-single-az"), "0.09"),
            (file_performance(REGION, "AmazonFSx", "openzfs-single-az:mbps-month"), "0.26"),
            (file_performance(REGION, "AmazonFSx", "openzfs-single-az:iops-month"), "0.006"),
        )
    }
    spec = FsxSpec(
        "fs-1", "OPENZFS", "SSD", "SINGLE_AZ_1", 300, mbps=1_024, provisioned_iops=1_000
    )
    # $27.00 of storage, $266.24 of throughput, $0.60 for 100 IOPS beyond 900
    assert on_openzfs(spec, book=book).total.times(720).cents() == Money.of("293.84").cents()


def test_storage_whose_throughput_has_no_price_keeps_its_own():
    book = {key: each for key, each in BOOK.items() if "mbps" not in key.item}
    costs = on_openzfs(book=book)
    assert (costs.total, costs.quality) == (Money.of("0.1"), Quality.ESTIMATED)
    assert reasons(costs) == {
        "fs-1 throughput": "no price for AmazonFSx eu-west-1 openzfs-single-az-2:mbps-month"
    }
    untold = on_openzfs(replace(OPENZFS, mbps=None))
    assert reasons(untold) == {"fs-1 throughput": "FSx does not say how much"}


def monthly(spec: FsxSpec) -> Decimal:
    """A month of it, of November's 720 hours, to the cent."""
    return closed(on_fsx("a"), specs=(spec,)).total.times(720).cents()


def test_scratch_lustre_has_one_price_whatever_its_throughput():
    scratch = FsxSpec("fs-1", "LUSTRE", "SSD", "SCRATCH_2", 4_800)
    assert monthly(scratch) == Decimal("672.00")  # 4,800 x 0.14
    assert monthly(replace(scratch, deployment="SCRATCH_1")) == Decimal("672.00")


def test_metadata_iops_of_lustre_are_billed_beyond_those_that_come_with_its_size():
    more = replace(LUSTRE, size_gib=4_800, provisioned_iops=12_000)
    # 4,800 x 0.145 = 696, and 6,000 of the 12,000 x 0.055 = 330
    assert monthly(more) == Decimal("1026.00")
    assert monthly(replace(more, provisioned_iops=6_000)) == Decimal("696.00")
    small = closed(on_fsx("a"), specs=(replace(LUSTRE, provisioned_iops=3_000),))
    assert small.total == Money.of("0.241666666667")
    assert reasons(small) == {
        "fs-1 IOPS": "how many metadata IOPS come with 1,200 GiB is not known here"
    }


def test_openzfs_in_two_zones_has_prices_of_its_own():
    # 800 x 0.18 = 144, 160 x 0.90 = 144
    assert monthly(replace(OPENZFS, deployment="MULTI_AZ_1")) == Decimal("288.00")


def test_ontap_is_billed_for_ssd_throughput_and_more_iops_but_its_pool_is_not_told():
    spec = FsxSpec("fs-1", "ONTAP", "SSD", "SINGLE_AZ_1", 2_048, mbps=512, provisioned_iops=7_144)
    costs = closed(on_fsx("a"), specs=(spec,))
    # 2,048 x 0.125 = 256.00, 512 x 0.72 = 368.64, (7,144 - 3 x 2,048) x 0.017 = 17.00
    assert costs.total.times(720).cents() == Decimal("641.64")
    assert costs.quality is Quality.ESTIMATED
    assert reasons(costs) == {
        "fs-1 capacity pool": (
            "FSx does not say how much it holds, nor how often it is read and written"
        )
    }
    second = FsxSpec("fs-1", "ONTAP", "SSD", "MULTI_AZ_2", 1_024, mbps=384)
    assert monthly(second) == Decimal("1216.00")  # 1,024 x 0.25 + 384 x 2.5


def test_a_month_of_windows_costs_what_infracost_expects_in_us_east_1():
    hdd = FsxSpec("fs-1", "WINDOWS", "HDD", "MULTI_AZ_1", 300, mbps=1_024)
    assert monthly(hdd) == Decimal("4615.50")  # $7.50 of storage, $4,608.00 of throughput
    ssd = FsxSpec("fs-1", "WINDOWS", "SSD", "SINGLE_AZ_2", 300, mbps=32, provisioned_iops=2_000)
    costs = closed(on_fsx("a"), specs=(ssd,))
    assert costs.total.times(720).cents() == Decimal("109.40")  # 300 x 0.13 + 32 x 2.2
    assert reasons(costs) == {"fs-1 IOPS": "provisioned SSD IOPS of Windows have no price here"}


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (replace(LUSTRE, storage_type="HDD"), "HDD storage has no price here"),
        (replace(LUSTRE, size_gib=None), "its size is unknown"),
        (
            replace(LUSTRE, mbps_per_tib=None),
            "its throughput, which decides the price, is unknown",
        ),
        (
            replace(OPENZFS, storage_type="INTELLIGENT_TIERING"),
            "INTELLIGENT_TIERING storage has no price here",
        ),
        (
            replace(OPENZFS, deployment="SINGLE_AZ_HA_2"),
            "deployment SINGLE_AZ_HA_2 has no price here",
        ),
        (FsxSpec("fs-1", "ONTAP", "SSD", None, 1_024), "deployment unknown has no price here"),
        (FsxSpec("fs-1", "CEPH", "SSD", None, 1_024), "CEPH has no price here"),
    ],
)
def test_what_has_no_price_here_says_which_it_is(spec, reason):
    costs = closed(on_fsx("a"), on_fsx("b"), specs=(spec,))
    said = f"FSx {spec.kind} file system fs-1: {reason}"
    assert reasons(costs) == {"a": said, "b": said}
    assert (costs.total, costs.quality) == (Money.zero(), Quality.ESTIMATED)


def test_a_class_without_a_price_and_an_unknown_file_system_are_named():
    first = replace(LUSTRE, deployment="PERSISTENT_1", mbps_per_tib=50)
    costs = closed(on_fsx("a"), on_fsx("b", volume_id="fs-lost"), specs=(first,))
    assert reasons(costs) == {
        "a": "no price for AmazonFSx eu-west-1 lustre-ssd-50:gb-month",
        "b": "FSx does not know file system fs-lost: its size is unknown",
    }


def test_a_volume_inside_openzfs_and_one_of_trident_stay_unpriced():
    inside = on_fsx("a", driver="fsx.openzfs.csi.aws.com", volume_id="fsvol-1")
    trident = on_fsx("b", driver="csi.trident.netapp.io", volume_id=None)
    assert reasons(closed(inside, trident)) == {
        "a": "fsvol-1 is part of an OpenZFS file system that its id does not name",
        "b": "csi.trident.netapp.io is not billed by its claimed size",
    }


def test_efs_and_fsx_are_told_apart_by_their_driver():
    efs = volume("shared", driver="efs.csi.aws.com", volume_id="fs-2")
    by_host = on_fsx("c", driver="network/fsx", volume_id="fs-3")
    held = [efs, on_fsx("a"), on_fsx("b", volume_id="fsvol-1"), by_host]
    assert file_system_ids(held, FileService.EFS) == {"fs-2"}
    assert file_system_ids(held, FileService.FSX) == {"fs-1", "fs-3"}
    costs = closed(efs, on_fsx("a"), specs=(LUSTRE, FileSystemSpec("fs-2", 240 * GIB)))
    assert costs.total == Money.of("0.341666666667")  # and 240 x 0.30 / 720
