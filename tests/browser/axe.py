"""axe-core, where npm can give it: for tests alone, in the cache of builds, shipped nowhere."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

PACKAGE = "axe-core@4.10.3"  # MPL-2.0
CACHE = Path(__file__).resolve().parents[2] / ".build" / "axe-core"
_INSTALL_SECONDS = 120
_SCRIPT = CACHE / "node_modules" / "axe-core" / "axe.min.js"


class NotHereError(Exception):
    """axe-core cannot be had on this machine; says why."""


def axe_source() -> str:
    """The script, installed once.

    Raises:
        NotHereError: there is no npm, or it cannot get the package.
    """
    if shutil.which("npm") is None:
        raise NotHereError("axe-core needs npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _SCRIPT.exists():
            _install()
    return _SCRIPT.read_text(encoding="utf-8")


def _install() -> None:
    flags = "--no-save --no-package-lock --ignore-scripts --no-audit --no-fund --fetch-retries=1"
    command = ["npm", "install", *flags.split(), "--prefix", str(CACHE), PACKAGE]
    try:
        subprocess.run(  # noqa: S603 - a pinned package, and none of its scripts
            command, cwd=CACHE, check=True, capture_output=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.SubprocessError as error:
        raise NotHereError(f"npm could not install {PACKAGE}: {error}") from None
    if not _SCRIPT.exists():
        raise NotHereError(f"{PACKAGE} holds no axe.min.js")
