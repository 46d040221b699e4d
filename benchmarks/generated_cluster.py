"""A large cluster's lists, made up from real objects and served on loopback for benchmarks.

Every node and pod has its own names, ids and addresses, so that nothing compresses better than
in a real cluster. The templates are what a real API server answered, where those are beside
the repository, and our own otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "kubernetes"
PAGE = 500
_INSTANCE_TYPE = "node.kubernetes.io/instance-type"
GZIP_LEVEL, GZIP_WINDOW = 4, 31  # the API server's own level


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
        "instance_types": sorted(
            {item["metadata"]["labels"][_INSTANCE_TYPE] for item in _templates("NodeList")}
        ),
        "gzip_mb": round(sum(len(one) for some in pages.values() for one in some) / 1e6),
    }
    print(json.dumps(said), flush=True)
    server.serve_forever()


def _pages(kind: str, items: Iterator[str], total: int) -> tuple[list[bytes], int]:
    pages: list[bytes] = []
    size = 0
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
        parts: list[str] = []
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
    if kind == "NodeList":
        return [_own_node()]
    return [_own_pod(f"serve-{number}", f"team-{number % 5}") for number in range(_OWN_WORKLOADS)]


_OWN_WORKLOADS = 25


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
        "metadata": _own_metadata("ip-10-16-0-0", labels, 11_000),
        "spec": {"providerID": "aws:///us-east-1a/i-00000000000000000"},
        "status": {
            "capacity": {"cpu": "48", "memory": "390000000Ki", "nvidia.com/gpu": "4"},
            "addresses": [{"type": "InternalIP", "address": "10.16.0.0"}],
            "nodeInfo": dict.fromkeys(_NODE_INFO, "v1.33.3-eks-ace6451"),
            "images": images,
        },
    }


def _own_pod(app: str, namespace: str) -> dict[str, Any]:
    labels = {"app": app, "model": f"model-of-{app}", "pod-template-hash": "7b9dcf"}
    metadata = _own_metadata(f"{app}-7b9dcf-x", labels, 3000) | {"namespace": namespace}
    metadata["ownerReferences"] = [
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": f"{app}-7b9dcf",
            "uid": _NIL,
            "controller": True,
        }
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


# every field that Kubernetes requires: the official client refuses a node without
_NODE_INFO = (
    *("architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion"),
    *("kubeletVersion", "machineID", "operatingSystem", "osImage", "systemUUID"),
)
_NIL = "00000000-0000-0000-0000-000000000000"


def _own_metadata(name: str, labels: dict[str, str], padding: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        f"f:field-{i}": {".": {}, "f:value": {}} for i in range(padding // 40)
    }
    return {
        "name": name,
        "uid": _NIL,
        "creationTimestamp": "2026-07-05T00:56:03Z",
        "labels": labels,
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": fields}],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--pods", type=int, required=True)
    asked = parser.parse_args()
    serve(asked.nodes, asked.pods)
