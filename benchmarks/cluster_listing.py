"""How much CPU and memory it takes to list and price a cluster of 5,000 nodes and 150,000 pods.

Three processes: a server on loopback with every page encoded beforehand, Bursar, and the
official `kubernetes` client doing its paged list. Both readers are charged for everything
from the interpreter's start. Ours does all that `bursar snapshot` does but print: it lists,
prices every node from a file and divides it among its pods. The official one only walks its
objects, so the ratio is on the low side. Plain HTTP for both. Ours, which takes seconds, runs
before and twice after the official one, which takes minutes, and its median counts.

    python -m benchmarks.cluster_listing [--pods N] [--nodes N]

Only the standard library is imported at the top: the official client's interpreter has no more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OFFICIAL = ROOT / ".build" / "bench-kubernetes"
NODES, PODS, PAGE = 5_000, 150_000, 500
REGION = "us-east-1"
RATIO_GOAL, PEAK_AIM_MB, PEAK_LIMIT_MB = 25, 128, 256


def measure(nodes: int = NODES, pods: int = PODS) -> dict[str, Any]:
    """Run all three processes: CPU seconds, peak MB and counts of each reader, and the ratio."""
    official_python = _official_client()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT / "shared")
    size = ["--nodes", str(nodes), "--pods", str(pods)]

    def run(role: str, python: str, *arguments: str, **more: str) -> dict[str, Any]:
        command = [python, str(Path(__file__).resolve()), role, *arguments]
        done = subprocess.run(
            command, env=environment | more, check=True, stdout=subprocess.PIPE, text=True
        )
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    with (
        tempfile.NamedTemporaryFile("w", suffix=".csv") as prices,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.generated_cluster", *size],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        try:
            served = json.loads(server.stdout.readline())
            prices.write("instance_type,usd_per_hour\n")
            prices.writelines(f"{name},1.6128\n" for name in served["instance_types"])
            prices.flush()
            url = ["--url", served["url"]]
            list_and_price = partial(run, "bursar", sys.executable, *url, "--prices", prices.name)
            first = list_and_price()
            official = run("official", official_python, *url, PYTHONPATH="")
            found = {
                "bursar": _middle([first, list_and_price(), list_and_price()]),
                "official": official,
            }
        finally:
            server.terminate()
    ours, theirs = found["bursar"], found["official"]
    assert (ours["nodes"], ours["pods"]) == (theirs["nodes"], theirs["pods"]) == (nodes, pods)
    return {
        **found,
        "served": served,
        "cpu_ratio": round(theirs["cpu_seconds"] / ours["cpu_seconds"], 1),
    }


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the median CPU time, and the highest peak of all."""
    middle = sorted(runs, key=lambda run: run["cpu_seconds"])[len(runs) // 2]
    return middle | {"peak_mb": max(run["peak_mb"] for run in runs)}


def table(found: dict[str, Any]) -> list[str]:
    ours, theirs, served = found["bursar"], found["official"], found["served"]
    lines = [
        f"{ours['nodes']:,} nodes of {served['node_bytes'] / 1e3:.0f} KB and {ours['pods']:,} pods"
        f" of {served['pod_bytes'] / 1e3:.0f} KB, in pages of {PAGE}",
        f"{'':24s} {'CPU s':>8s} {'peak MB':>8s}",
    ]
    for name, figures in (("bursar: list and price", ours), ("official client: list", theirs)):
        lines.append(f"{name:24s} {figures['cpu_seconds']:8.2f} {figures['peak_mb']:8.1f}")
    return [
        *lines,
        f"{'ratio':24s} {found['cpu_ratio']:7.1f}x   goal: at least {RATIO_GOAL}x",
        f"{'peak memory':24s} {ours['peak_mb']:5.1f} MB   goal: under {PEAK_LIMIT_MB} MB,"
        f" aim {PEAK_AIM_MB} MB",
    ]


def price_with_bursar(url: str, prices: str) -> dict[str, Any]:
    """What `bursar snapshot --server URL --prices FILE` does before it prints."""
    from datetime import UTC, datetime

    from bursar.adapters.csv_prices import CsvPriceBook
    from bursar.adapters.kubernetes_api.access import ClusterAccess
    from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
    from bursar.adapters.kubernetes_api.transport import KubernetesTransport
    from bursar.adapters.memory.clusters import MemoryFileSystemCatalogue, MemoryVolumeCatalogue
    from bursar.domain.cluster.costs import CostPolicy
    from bursar.domain.cluster.hours import COMPUTE
    from bursar.domain.money import Money
    from bursar.jobs.price_cluster import price_cluster

    transport = KubernetesTransport(ClusterAccess(url, token=lambda: "benchmark"))
    reader = KubernetesApiReader(transport, model_labels=("model",), usage=True)
    counted = _Counted(reader)
    rate = price_cluster(
        counted,
        prices=CsvPriceBook(Path(prices), REGION),
        volumes=MemoryVolumeCatalogue(),
        file_systems=MemoryFileSystemCatalogue(),
        fsx=MemoryFileSystemCatalogue(),
        policy=CostPolicy(REGION),
        at=datetime.now(UTC),
    )
    transport.close()
    assert not reader.oddities, reader.oddities
    assert all(price.usd_per_hour for _, price in rate.nodes)
    allocated = Money.sum(
        amount
        for workload in rate.workloads
        for part, amount in workload.amounts.items()
        if part in COMPUTE
    )
    assert allocated + rate.idle + rate.shared == rate.compute
    return {
        "nodes": len(rate.nodes),
        "pods": counted.pods_seen,
        "workloads": len(rate.workloads),
        "usd_per_hour": rate.total.plain(),
    }


class _Counted:
    """A reader that counts its pods, so that both sides can be seen to have read the same."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.inventory = reader.inventory
        self.pods_seen = 0

    def pods(self) -> Iterator[Any]:
        for pod in self._reader.pods():
            self.pods_seen += 1
            yield pod


def list_with_official(url: str) -> dict[str, Any]:
    """The official client's own types, page by page, as its documentation shows."""
    from kubernetes import client

    configuration = client.Configuration()
    configuration.host = url
    configuration.api_key = {"authorization": "Bearer benchmark"}
    api = client.CoreV1Api(client.ApiClient(configuration))

    def walk(list_page: Callable[..., Any]) -> int:
        found, token = 0, None
        while True:
            page = list_page(limit=PAGE, _continue=token)
            found += sum(1 for item in page.items if item.metadata.name)
            token = page.metadata._continue
            if not token:
                return found

    return {"nodes": walk(api.list_node), "pods": walk(api.list_pod_for_all_namespaces)}


def _official_client() -> str:
    """The interpreter of a virtual environment that has the official client; made once."""
    python = OFFICIAL / "bin" / "python"
    if not any(OFFICIAL.glob("lib/python*/site-packages/kubernetes")):
        subprocess.run([sys.executable, "-m", "venv", str(OFFICIAL)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        wanted = ROOT / "benchmarks" / "requirements.txt"
        subprocess.run([*install, "-r", str(wanted)], check=True)
    return str(python)


def _peak_mb() -> float:
    # not ru_maxrss: that also remembers the parent that this process was forked from
    status = Path("/proc/self/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return round(int(match[1]) / 1024, 1)


def _report(listing: Callable[[], dict[str, Any]]) -> None:
    began = time.monotonic()
    found = listing()
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "wall_seconds": round(time.monotonic() - began, 2),
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(found | figures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "role", nargs="?", default="measure", choices=("measure", "bursar", "official")
    )
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--pods", type=int, default=PODS)
    parser.add_argument("--url", default="")
    parser.add_argument("--prices", default="")
    asked = parser.parse_args()
    if asked.role == "measure":
        print("\n".join(table(measure(asked.nodes, asked.pods))))
    elif asked.role == "bursar":
        _report(lambda: price_with_bursar(asked.url, asked.prices))
    else:
        _report(lambda: list_with_official(asked.url))


if __name__ == "__main__":
    main()
