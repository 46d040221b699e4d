"""How much CPU and memory it takes to list a cluster of 5,000 nodes and 150,000 pods.

Three processes: a server on loopback with every page encoded beforehand, our reader, and the
official `kubernetes` client doing its paged list. Both readers are charged for everything
from the interpreter's start. Ours also sums requests per (node, namespace, workload, model);
the official one only walks its objects, so the ratio is on the low side. Plain HTTP for both.

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
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OFFICIAL = ROOT / ".build" / "bench-kubernetes"
NODES, PODS, PAGE = 5_000, 150_000, 500
PEAK_GOAL_MB, RATIO_GOAL = 128, 25


def measure(nodes: int = NODES, pods: int = PODS) -> dict[str, Any]:
    """Run all three processes; CPU seconds, peak MB and counts of each reader, and the ratio."""
    official_python = _official_client()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT / "shared")
    size = ["--nodes", str(nodes), "--pods", str(pods)]

    def child(python: str, role: str, *arguments: str) -> list[str]:
        return [python, str(Path(__file__).resolve()), role, *arguments]

    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.generated_cluster", *size],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        served = json.loads(server.stdout.readline())
        try:
            found = {
                name: json.loads(
                    subprocess.run(
                        child(python, name, "--url", served["url"]),
                        env=environment if name == "bursar" else {**environment, "PYTHONPATH": ""},
                        check=True,
                        capture_output=True,
                        text=True,
                    ).stdout
                )
                for name, python in (("bursar", sys.executable), ("official", official_python))
            }
        finally:
            server.terminate()
    ours, theirs = found["bursar"], found["official"]
    assert (ours["nodes"], ours["pods"]) == (theirs["nodes"], theirs["pods"]) == (nodes, pods)
    return {
        **found,
        "served": served,
        "cpu_ratio": round(theirs["cpu_seconds"] / ours["cpu_seconds"], 1),
        "goal": {"cpu_ratio": RATIO_GOAL, "peak_mb": PEAK_GOAL_MB},
    }


def list_with_bursar(url: str) -> dict[str, Any]:
    """Our reader, its pods summed as they come: the sums are where pricing starts."""
    from bursar.adapters.kubernetes_api.access import ClusterAccess
    from bursar.adapters.kubernetes_api.reader import KubernetesApiReader
    from bursar.adapters.kubernetes_api.transport import KubernetesTransport

    transport = KubernetesTransport(ClusterAccess(url, token=lambda: "benchmark"))
    reader = KubernetesApiReader(transport, model_labels=("model",))
    inventory = reader.inventory()
    sums: dict[tuple[str | None, str, str, str], list[int]] = {}
    pods = 0
    for pod in reader.pods():
        pods += 1
        key = (pod.node, pod.namespace, pod.workload, pod.model)
        total = sums.get(key)
        if total is None:
            total = sums[key] = [0, 0, 0]
        total[0] += pod.cpu_milli
        total[1] += pod.memory_bytes
        for units in pod.accelerators.values():
            total[2] += units
    assert not reader.oddities, reader.oddities
    return {"nodes": len(inventory.nodes), "pods": pods, "sums": len(sums)}


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


def _report(listing: Callable[[str], dict[str, Any]], url: str) -> None:
    began = time.monotonic()
    found = listing(url)
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
    asked = parser.parse_args()
    if asked.role == "measure":
        print(json.dumps(measure(asked.nodes, asked.pods), indent=2))
    else:
        _report(list_with_bursar if asked.role == "bursar" else list_with_official, asked.url)


if __name__ == "__main__":
    main()
