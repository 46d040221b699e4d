"""Bytecode for the Lambda's own Python: any other minor version would ignore it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

PYTHON = "3.13"


def compile_in(directory: Path, deployed_to: str, compiler: Path | None) -> None:
    """Compile what lies in the directory, with the names it will have where it is deployed."""
    if compiler:
        subprocess.run(  # noqa: S603 an interpreter found on this machine
            [
                # isolated: PYTHONPYCACHEPREFIX would put the bytecode somewhere else
                *(compiler, "-I", "-m", "compileall", "-q"),
                *("--invalidation-mode", "unchecked-hash"),
                *("-s", directory, "-p", deployed_to, directory),
            ],
            check=True,
        )


def find_compiler() -> Path | None:
    """An interpreter of the Lambda's minor version on this machine; without one, warn."""
    for candidate in _candidates():
        if _says(candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])") == PYTHON:
            return candidate
    warnings.warn(
        f"no Python {PYTHON} here: shipping source, which makes every cold start slower",
        stacklevel=2,
    )
    return None


def _candidates() -> Iterator[Path]:
    name = f"python{PYTHON}"
    yield Path(sys.executable)
    if found := shutil.which(name):
        yield Path(found)
        # a pyenv shim fails unless that version is selected: look where it points
        yield from Path(found).parent.parent.glob(f"versions/{PYTHON}*/bin/{name}")
    if uv := shutil.which("uv"):
        managed = _says(Path(uv), "python", "find", "--managed-python", "--no-project", PYTHON)
        if managed:
            yield Path(managed)


def _says(program: Path, *arguments: str) -> str:
    """What it prints; nothing when it fails."""
    ran = subprocess.run(  # noqa: S603 a program found on this machine
        [program, *arguments], capture_output=True, text=True, check=False
    )
    return ran.stdout.strip() if ran.returncode == 0 else ""
