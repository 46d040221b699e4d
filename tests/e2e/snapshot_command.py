"""The real `bursar snapshot` in a process of its own, and clusters for it to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bursar.local.kubernetes_server import KubernetesServer

REGION = "us-east-1"
NOBODY = "http://127.0.0.1:1"  # a port of this machine on which nothing listens
TOKEN = "good"


class Ran:
    """What a finished command said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out = done.returncode, done.stdout
        self.problems = done.stderr.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def snapshot(
    *arguments: object, region: str | None = REGION, stdout: Any = subprocess.PIPE, **environ: str
) -> Ran:
    """Run it with nothing of this machine's own AWS and Kubernetes settings."""
    command = [sys.executable, "-c", "from bursar.cli.main import main; main()", "snapshot"]
    flags = ["--region", region] if region else []
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    own = {
        "HOME": "/nonexistent",
        "COLUMNS": "80",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_PRICING": NOBODY,
        "AWS_ENDPOINT_URL_EC2": NOBODY,
    }
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *flags, *map(str, arguments)],
        env=kept | own | environ,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done)


@contextmanager
def plain_server(lists: Mapping[str, Path]) -> Iterator[str]:
    """A server that knows nothing of Kubernetes: a file for a path, whatever the query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = lists.get(urlsplit(self.path).path)
            body = file.read_bytes() if file else b"no such file"
            self.send_response(200 if file else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def cluster(**lists: Sequence[dict[str, Any]]) -> Iterator[KubernetesServer]:
    """A cluster of these lists; all the others that Bursar reads are there and empty."""
    empty = ("persistentvolumes", "persistentvolumeclaims", "services", "namespaces")
    served = dict.fromkeys((*empty, "storageclasses", "nodes", "pods", "metrics"), ()) | lists
    with KubernetesServer(
        served.__getitem__, lambda token: token == TOKEN, git_version="v1.33.1"
    ) as server:
        yield server


def node(name: str, instance_type: str | None, **capacity: str) -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": "us-east-1a"}
    if instance_type:
        labels["node.kubernetes.io/instance-type"] = instance_type
    held = {"cpu": "4", "memory": "16Gi", **capacity}
    return {
        "metadata": {"name": name, "labels": labels if instance_type else {}},
        "spec": {},
        "status": {"capacity": held, "allocatable": held},
    }


def pod(
    name: str,
    on: str,
    requests: Mapping[str, str] | None,
    namespace: str = "search",
    **labels: str,
) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main"}
    if requests is not None:
        container["resources"] = {"requests": dict(requests)}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": name, "labels": labels},
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": "Running", "startTime": "2026-11-01T10:00:00Z"},
    }
