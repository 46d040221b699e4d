"""Code and layer assets without docker, staged under `.build/` by the hash of what they hold.

Two targets. `lambda` is what is deployed: dependencies for arm64 and bytecode for the Lambda's
own Python, because /var/task is read-only and every cold start would compile anew. `host` is for
a guard that runs on this machine: its processes use the packages that are installed here.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from aws_cdk import aws_lambda as lambda_

from bursar.config import Config
from bursar.config.bursar_yaml import bundled
from infra.bytecode import PYTHON, compile_in, find_compiler

ROOT = Path(__file__).resolve().parents[1]
STAGING = ROOT / ".build"
REQUIREMENTS = ROOT / "requirements" / "layer.txt"
NUMERIC_REQUIREMENTS = ROOT / "requirements" / "numeric.txt"
PLATFORM = "aarch64-manylinux_2_34"  # Amazon Linux 2023
KEPT_SECONDS = 7 * 86_400  # since an asset was last used
LEFT_OUT = ("bursar/cli", "bursar/local", "bursar/web/templates")


class Target(StrEnum):
    HOST = "host"
    LAMBDA = "lambda"


class Bundle(NamedTuple):
    """One code asset, which all functions share, the layer beneath it, and one with numpy for
    those that compute with it."""

    code: lambda_.Code
    layer: lambda_.Code
    numeric: lambda_.Code


def bundle(config: Config, target: Target) -> Bundle:
    """Stage both assets. What is staged already is not staged again."""
    compiler = find_compiler() if target is Target.LAMBDA else None
    layers = (
        [_layer(each, compiler) for each in (REQUIREMENTS, NUMERIC_REQUIREMENTS)]
        if target is Target.LAMBDA
        else [_empty_layer()] * 2
    )
    return Bundle(_code(config, compiler), *layers)


def _code(config: Config, compiler: Path | None) -> lambda_.Code:
    files = dict(_sources())
    files["bursar.json"] = bundled(config)

    def fill(directory: Path) -> None:
        for name, content in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        compile_in(directory, "/var/task", compiler)

    parts = [part for name, content in files.items() for part in (name.encode(), content)]
    return _staged("code", fill, *parts, _kind(compiler))


def _sources() -> Iterator[tuple[str, bytes]]:
    for source_root, package in ((ROOT, "functions"), (ROOT / "shared", "bursar")):
        for path in sorted((source_root / package).rglob("*")):
            name = path.relative_to(source_root).as_posix()
            kept = path.is_file() and "__pycache__" not in path.parts
            if kept and not name.startswith(tuple(f"{part}/" for part in LEFT_OUT)):
                yield name, path.read_bytes()


def _layer(requirements: Path, compiler: Path | None) -> lambda_.Code:
    def fill(directory: Path) -> None:
        _run(
            *(_uv(), "pip", "install", "--quiet", "--target", directory / "python"),
            *("--python-platform", PLATFORM, "--python-version", PYTHON),
            *("--only-binary", ":all:", "--require-hashes", "--no-compile-bytecode"),
            *("--link-mode", "copy", "-r", requirements),
        )
        compile_in(directory, "/opt", compiler)

    content = requirements.read_bytes()
    return _staged("layer", fill, content, PLATFORM.encode(), _kind(compiler))


def _empty_layer() -> lambda_.Code:
    note = b"Functions on this machine use the packages that are installed here.\n"

    def fill(directory: Path) -> None:
        (directory / "python").mkdir()
        (directory / "python" / "README.txt").write_bytes(note)

    return _staged("layer", fill, note)


def _staged(kind: str, fill: Callable[[Path], None], *content: bytes) -> lambda_.Code:
    """Fill aside and rename, so that two syntheses at once never see half a directory."""
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in content))
    directory = STAGING / f"{kind}-{digest.hexdigest()[:16]}"
    if directory.exists():
        directory.touch()
    else:
        STAGING.mkdir(exist_ok=True)
        drop_unused(STAGING, kind, time.time())
        with tempfile.TemporaryDirectory(dir=STAGING) as aside:
            filled = Path(aside) / kind
            filled.mkdir()
            fill(filled)
            try:
                filled.rename(directory)
            except OSError:
                if not directory.exists():  # else another synthesis was first
                    raise
    # the hash of the sources: bytecode is not the same to the byte on every machine
    return lambda_.Code.from_asset(str(directory), asset_hash=digest.hexdigest())


def drop_unused(staging: Path, kind: str, now: float) -> None:
    """Each edit of the sources leaves an asset: those that no synthesis used for a week go."""
    for asset in staging.glob(f"{kind}-*"):
        with suppress(FileNotFoundError):  # another synthesis drops it, too
            if asset.stat().st_mtime < now - KEPT_SECONDS:
                shutil.rmtree(asset)


def _kind(compiler: Path | None) -> bytes:
    return f"bytecode {PYTHON}".encode() if compiler else b"source"


def _uv() -> Path:
    beside = Path(sys.executable).with_name("uv")
    return beside if beside.exists() else Path(shutil.which("uv") or "uv")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)  # noqa: S603 fixed commands, no user input
