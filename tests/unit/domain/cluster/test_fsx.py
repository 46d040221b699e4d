"""What FSx costs: the provisioned GiB at the price of its class, shared by its volumes."""

from __future__ import annotations

from dataclasses import replace

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
    ("AmazonFSx", "openzfs-ssd-single-az"): "0.09",
    ("AmazonEFS", "standard"): "0.30",
}
BOOK = {key: row(key, usd) for name, usd in LIST.items() for key in [file_storage(REGION, *name)]}
for measure, usd in (("mbps-month", "0.27"), ("iops-month", "0.006")):
    key = file_performance(REGION, "AmazonFSx", f"openzfs-single-az:{measure}")
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
        "fs-1 throughput": "no price for AmazonFSx eu-west-1 openzfs-single-az:mbps-month"
    }
    untold = on_openzfs(replace(OPENZFS, mbps=None))
    assert reasons(untold) == {"fs-1 throughput": "FSx does not say how much"}


def test_provisioned_metadata_iops_of_lustre_are_said_to_be_missing():
    costs = closed(on_fsx("a"), specs=(replace(LUSTRE, provisioned_iops=1_500),))
    assert costs.total == Money.of("0.241666666667")
    assert reasons(costs) == {
        "fs-1 IOPS": "provisioned metadata IOPS of Lustre have no price here"
    }


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (replace(LUSTRE, deployment="SCRATCH_2"), "deployment SCRATCH_2 has no price here"),
        (replace(LUSTRE, storage_type="HDD"), "HDD storage has no price here"),
        (replace(LUSTRE, size_gib=None), "its size is unknown"),
        (
            replace(LUSTRE, mbps_per_tib=None),
            "its throughput, which decides the price, is unknown",
        ),
        (replace(OPENZFS, deployment="MULTI_AZ_1"), "deployment MULTI_AZ_1 has no price here"),
        (
            replace(OPENZFS, deployment="SINGLE_AZ_HA_2"),
            "deployment SINGLE_AZ_HA_2 has no price here",
        ),
        (FsxSpec("fs-1", "ONTAP", "SSD", None, 1_024), "ONTAP has no price here"),
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
    held = [efs, on_fsx("a"), on_fsx("b", volume_id="fsvol-1")]
    assert file_system_ids(held, FileService.EFS) == {"fs-2"}
    assert file_system_ids(held, FileService.FSX) == {"fs-1"}
    costs = closed(efs, on_fsx("a"), specs=(LUSTRE, FileSystemSpec("fs-2", 240 * GIB)))
    assert costs.total == Money.of("0.341666666667")  # and 240 x 0.30 / 720
