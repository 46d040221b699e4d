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
import random
import re
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "kubernetes"
OFFICIAL = ROOT / ".build" / "bench-kubernetes"
NODES, PODS, PAGE = 5_000, 150_000, 500
GZIP_LEVEL, GZIP_WINDOW = 4, 31  # the API server's own level
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
        child(sys.executable, "serve", *size), stdout=subprocess.PIPE, text=True
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


def serve(nodes: int, pods: int) -> None:
    """Serve until stopped. Pages wait gzipped; who takes no gzip has them inflated here."""
    chosen = random.Random(20261120)
    node_names = [f"ip-10-{16 + i // 65536}-{i // 256 % 256}-{i % 256}" for i in range(nodes)]
    lists = {
        "/api/v1/nodes": ("NodeList", _nodes(node_names, chosen)),
        "/api/v1/pods": ("PodList", _pods(pods, node_names, chosen)),
    }
    pages, sizes = {}, {}
    for path, (kind, items) in lists.items():
        pages[path], sizes[path] = _pages(kind, items, nodes if kind == "NodeList" else pods)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages))
    said = {
        "url": f"http://127.0.0.1:{server.server_address[1]}",
        "node_bytes": sizes["/api/v1/nodes"] // nodes,
        "pod_bytes": sizes["/api/v1/pods"] // pods,
        "gzip_mb": round(sum(len(one) for some in pages.values() for one in some) / 1e6),
    }
    print(json.dumps(said), flush=True)
    server.serve_forever()


def _pages(kind: str, items: Iterator[str], total: int) -> tuple[list[bytes], int]:
    pages, size = [], 0
    for start in range(0, total, PAGE):
        left = max(0, total - start - PAGE)
        metadata: dict[str, Any] = {"resourceVersion": "21671"}
        if left:
            metadata |= {"continue": str(len(pages) + 1), "remainingItemCount": left}
        rows = [next(items) for _ in range(min(PAGE, total - start))]
        size += sum(map(len, rows))
        head = f'{{"kind":"{kind}","apiVersion":"v1","metadata":{json.dumps(metadata)},"items":['
        pages.append(
            zlib.compress(f"{head}{','.join(rows)}]}}\n".encode(), GZIP_LEVEL, GZIP_WINDOW)
        )
    return pages, size


def _handler(pages: dict[str, list[bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = parse_qs(url.query)
            if url.path == "/version":
                self._send(b'{"major":"1","minor":"33","gitVersion":"v1.33.3-eks-ace6451"}', "")
            elif url.path not in pages:
                self._send(b'{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}', "")
            else:
                body = pages[url.path][int(asked.get("continue", ["0"])[0])]
                if "gzip" in self.headers.get("Accept-Encoding", ""):
                    self._send(body, "gzip")
                else:
                    self._send(zlib.decompress(body, GZIP_WINDOW), "")

        def _send(self, body: bytes, encoding: str) -> None:
            self.send_response(200)
            if encoding:
                self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


# What differs from one real object to the next; the rest of an object is its template's.
_VARYING = re.compile(
    r"(?P<uid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?<=containerd://)(?P<container>[0-9a-f]{64})"
    r"|(?P<address>10\.\d+\.\d+\.\d+)"
    r"|(?P<name>@name@)|(?P<node>@node@)|(?P<serial>@serial@)|(?P<instance>i-[0-9a-f]{17})"
)


def _filler(template: dict[str, Any]) -> Callable[[dict[str, str], random.Random], str]:
    text = json.dumps(template, separators=(",", ":"))
    fixed, kinds, at = [], [], 0
    for match in _VARYING.finditer(text):
        fixed.append(text[at : match.start()])
        kinds.append(match.lastgroup or "")
        at = match.end()
    end = text[at:]

    def fill(known: dict[str, str], chosen: random.Random) -> str:
        parts = []
        for before, kind in zip(fixed, kinds, strict=True):
            parts += (before, known.get(kind) or _random_text(kind, chosen))
        return "".join(parts) + end

    return fill


def _random_text(kind: str, chosen: random.Random) -> str:
    bits = f"{chosen.getrandbits(256):064x}"
    if kind == "uid":
        return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:32]}"
    if kind == "instance":
        return f"i-{bits[:17]}"
    if kind == "address":
        return f"10.{chosen.randrange(256)}.{chosen.randrange(256)}.{chosen.randrange(256)}"
    return bits


def _nodes(names: list[str], chosen: random.Random) -> Iterator[str]:
    fillers = []
    for item in _templates("NodeList"):
        name = item["metadata"]["name"]
        text = json.dumps(item).replace(name, "@name@")
        fillers.append(_filler(json.loads(text)))
    for name in names:
        yield chosen.choice(fillers)({"name": f"{name}.ec2.internal"}, chosen)


def _pods(total: int, nodes: list[str], chosen: random.Random) -> Iterator[str]:
    fillers = []
    for item in _templates("PodList"):
        owner = item["metadata"]["ownerReferences"][0]
        text = json.dumps(item).replace(item["metadata"]["name"], "@name@")
        text = text.replace(owner["name"], f"{owner['name'].rpartition('-')[0]}-@serial@")
        if label := item["metadata"].get("labels", {}).get("pod-template-hash"):
            text = text.replace(f'"{label}"', '"@serial@"')
        if item["spec"].get("nodeName"):
            text = text.replace(item["spec"]["nodeName"], "@node@")
        fillers.append((owner["name"].rpartition("-")[0], _filler(json.loads(text))))
    for index in range(total):
        stem, fill = chosen.choice(fillers)
        # about 80 versions of each workload: some 2,000 workloads in the cluster
        serial = f"7b9d{chosen.randrange(80):02d}cdf".translate(str.maketrans("0123", "bcdf"))
        known = {
            "name": f"{stem}-{serial}-{index:06d}",
            "serial": serial,
            "node": f"{chosen.choice(nodes)}.ec2.internal",
        }
        yield fill(known, chosen)


def _templates(kind: str) -> list[dict[str, Any]]:
    path = DATA / f"{kind}.json"
    if path.exists():
        items: list[dict[str, Any]] = json.loads(path.read_text())["items"]
        return items
    return [_own_node()] if kind == "NodeList" else [_own_pod()]


def _own_node() -> dict[str, Any]:
    labels = {
        "node.kubernetes.io/instance-type": "g6e.12xlarge",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "eks.amazonaws.com/nodegroup": "gpu",
        "topology.kubernetes.io/zone": "us-east-1a",
        "kubernetes.io/arch": "amd64",
    }
    images = [
        {"names": [f"registry.example/serving/image-{i}@sha256:{i:064x}"], "sizeBytes": 10**9 + i}
        for i in range(50)
    ]
    return {
        "metadata": _own_metadata("ip-10-16-0-0", labels, 6000),
        "spec": {"providerID": "aws:///us-east-1a/i-00000000000000000"},
        "status": {
            "capacity": {"cpu": "48", "memory": "390000000Ki", "nvidia.com/gpu": "4"},
            "addresses": [{"type": "InternalIP", "address": "10.16.0.0"}],
            "nodeInfo": {"kubeletVersion": "v1.33.3-eks-ace6451"},
            "images": images,
        },
    }


def _own_pod() -> dict[str, Any]:
    labels = {"app": "serve", "model": "llama-3-1-8b", "pod-template-hash": "@serial@"}
    metadata = _own_metadata("serve-7b9dcf-x", labels, 3000) | {"namespace": "team-search"}
    metadata["ownerReferences"] = [
        {"kind": "ReplicaSet", "name": "serve-7b9dcf", "uid": _NIL, "controller": True}
    ]
    resources = {"requests": {"cpu": "12500m", "memory": "56Gi", "nvidia.com/gpu": "1"}}
    resources["limits"] = {"memory": "56Gi", "nvidia.com/gpu": "1"}
    variables = [{"name": f"SETTING_{i}", "value": f"value-{i}"} for i in range(60)]
    running = {"running": {"startedAt": "2026-07-05T00:56:03Z"}}
    return {
        "metadata": metadata,
        "spec": {
            "nodeName": "ip-10-16-0-0",
            "containers": [
                {"name": "main", "image": "serve:1", "resources": resources, "env": variables}
            ],
            "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.100.7.171",
            "startTime": "2026-07-05T00:56:03Z",
            "containerStatuses": [
                {
                    "name": "main",
                    "state": running,
                    "ready": True,
                    "restartCount": 0,
                    "image": "serve:1",
                    "imageID": "serve@sha256:0",
                    "containerID": f"containerd://{0:064x}",
                }
            ],
        },
    }


_NIL = "00000000-0000-0000-0000-000000000000"


def _own_metadata(name: str, labels: dict[str, str], padding: int) -> dict[str, Any]:
    fields = {f"f:field-{i}": {".": {}, "f:value": {}} for i in range(padding // 40)}
    return {
        "name": name,
        "uid": _NIL,
        "creationTimestamp": "2026-07-05T00:56:03Z",
        "labels": labels,
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}],
    }


def _official_client() -> str:
    python = OFFICIAL / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OFFICIAL)], check=True)
    wanted = ROOT / "benchmarks" / "requirements.txt"
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
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
        "role", nargs="?", default="measure", choices=("measure", "serve", "bursar", "official")
    )
    parser.add_argument("--nodes", type=int, default=NODES)
    parser.add_argument("--pods", type=int, default=PODS)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    if asked.role == "measure":
        print(json.dumps(measure(asked.nodes, asked.pods), indent=2))
    elif asked.role == "serve":
        serve(asked.nodes, asked.pods)
    else:
        _report(list_with_bursar if asked.role == "bursar" else list_with_official, asked.url)


if __name__ == "__main__":
    main()
