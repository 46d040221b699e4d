"""Pricing a cluster as it is now, and keeping nothing."""

from __future__ import annotations

import pytest

from bursar.adapters.memory.clusters import (
    MemoryClusterReader,
    MemoryFileSystemCatalogue,
    MemoryVolumeCatalogue,
)
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.domain import prices
from bursar.domain.cluster.costs import CostPolicy
from bursar.domain.cluster.hours import Category
from bursar.domain.cluster.records import ClusterUnreadableError, LoadBalancer
from bursar.domain.cluster.storage import FileSystemSpec, FsxSpec, VolumeSpec
from bursar.domain.money import Money
from bursar.domain.prices import VolumeMeasure
from bursar.jobs.price_cluster import price_cluster
from tests.unit.sample_cluster import GIB, REGION, TEN, book, inventory, node, pod, row, volume

ROWS = [
    *book().values(),
    row(prices.volume(REGION, "gp3", VolumeMeasure.SIZE), "0.072"),
    row(prices.load_balancer(REGION, "network"), "0.0225"),
    row(prices.control_plane(REGION), "0.10"),
    row(prices.public_ipv4(REGION), "0.005"),
]


LUSTRE = FsxSpec("fs-9", "LUSTRE", "SSD", "PERSISTENT_2", 1_200, 125)


def rate(reader: MemoryClusterReader, rows=ROWS):
    return price_cluster(
        reader,
        prices=MemoryPriceStore(rows),
        volumes=MemoryVolumeCatalogue([VolumeSpec("vol-pv1", "gp3", 200)]),
        file_systems=MemoryFileSystemCatalogue([FileSystemSpec("fs-1", 500 * GIB)]),
        fsx=MemoryFileSystemCatalogue([LUSTRE]),
        policy=CostPolicy(REGION),
        at=TEN,
    )


HELD = inventory(
    [node(has_public_ip=True)],
    volumes=[volume()],
    load_balancers=[LoadBalancer("search", "front", "network")],
    is_eks=True,
)


def test_everything_that_a_cluster_holds_is_asked_for_and_priced():
    found = rate(MemoryClusterReader(HELD, [pod()]))
    # node + 200 GiB x 0.072 / 720 h + balancer + control plane + address
    assert found.total == Money.of("1.006") + Money.of("0.02") + Money.of("0.1275")
    assert found.unpriced == ()


def test_without_any_price_everything_is_listed_and_nothing_is_zero():
    found = rate(MemoryClusterReader(HELD, [pod()]), rows=[])
    assert {item.name for item in found.unpriced} == {
        "n1", "pv1", "search/front", "__control_plane__", "__network__",
    }  # fmt: skip
    assert found.nodes[0][1].usd_per_hour is None


def test_a_cluster_that_cannot_be_read_has_no_number():
    with pytest.raises(ClusterUnreadableError):
        rate(MemoryClusterReader(None))


def test_an_fsx_file_system_is_priced_at_this_moment():
    lustre = volume("scratch", driver="fsx.csi.aws.com", volume_id="fs-9")
    key = prices.file_storage(REGION, "AmazonFSx", "lustre-ssd-125")
    reader = MemoryClusterReader(inventory([], volumes=[lustre], is_eks=False))
    told = rate(reader, [*ROWS, row(key, "0.144")])
    # 1,200 GiB x 0.144 / 720 h
    assert (told.total, told.unpriced) == (Money.of("0.24"), ())


def test_a_file_system_is_priced_at_this_moment():
    efs = volume("shared", driver="efs.csi.aws.com", volume_id="fs-1")
    key = prices.file_storage(REGION, "AmazonEFS", "standard")
    told = rate(MemoryClusterReader(inventory([node()], volumes=[efs])), [*ROWS, row(key, "0.36")])
    assert told.by_category[Category.STORAGE] == Money.of("0.25")  # 500 GiB x 0.36 / 720 h
    assert told.unpriced == ()
