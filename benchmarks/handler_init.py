"""What each Lambda's cold start costs in CPU, beside `import boto3; boto3.client("dynamodb")`.

What Lambda calls init is a handler's import. boto3 and its first DynamoDB client come at its first
event: they are told beside it, together with the import, and the goals hold for both. Both sides
run from compiled bytecode, in a new process each time; the minimum of several runs is compared, as
the machine's noise only ever adds.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bursar.settings import ALWAYS

ROOT = Path(__file__).resolve().parents[1]
RUNS = 7
GOALS = "1.7x at most, 2.2x where numpy computes, 2.3x of the HTTP API"
BASE = 'import boto3; boto3.client("dynamodb")'
UNWANTED = ("kubernetes", "pandas", "numpy", "yaml", "rich", "cyclopts")


def measure(runs: int = RUNS) -> dict[str, Any]:
    """CPU milliseconds of the base and of each handler, alone and with its first client; their
    ratios to the base, and unwanted imports."""
    with tempfile.TemporaryDirectory() as cache:
        environment = _environment(cache)
        inits = {name: f"import functions.{name}.handler" for name in functions()}
        with_client = {name: f"{init}; {BASE}" for name, init in inits.items()}
        codes = [BASE, *inits.values(), *with_client.values()]
        for code in codes:
            _cpu_ms(code, environment)  # fills the bytecode cache
        # in turns: what else the machine does meets all of them alike
        turns = [{code: _cpu_ms(code, environment) for code in codes} for _ in range(runs)]
        least = {code: min(turn[code] for turn in turns) for code in codes}
        base = least[BASE]
        return {
            "base_ms": base,
            "inits_ms": {name: least[code] for name, code in inits.items()},
            "ratios": {name: least[code] / base for name, code in inits.items()},
            "ratios_with_client": {name: least[code] / base for name, code in with_client.items()},
            "unwanted": {name: _unwanted(name, environment) for name in functions()},
        }


def functions() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))


def _environment(cache: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT / "shared"), str(ROOT))),
        "PYTHONPYCACHEPREFIX": cache,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        **ALWAYS,  # as the functions have it
    }


def _cpu_ms(code: str, environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _unwanted(name: str, environment: dict[str, str]) -> list[str]:
    code = (
        f"import functions.{name}.handler, sys; "
        f"print(*[m for m in {UNWANTED!r} if m in sys.modules])"
    )
    command: Sequence[str] = [sys.executable, "-c", code]
    said = subprocess.run(
        command, env=environment, check=True, cwd=ROOT, capture_output=True, text=True
    )
    return said.stdout.split()


def table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{BASE:40s} {found['base_ms']:5.0f} ms",
        f"{'':40s} {'init':>8s} {'':>7s} {'with its first client':>22s}",
    ]
    for name, ratio in sorted(found["ratios"].items(), key=lambda item: -item[1]):
        extra = " ".join(found["unwanted"][name])
        lines.append(
            f"{name:40s} {found['inits_ms'][name]:5.0f} ms {ratio:6.2f}x"
            f" {found['ratios_with_client'][name]:21.2f}x"
            f"{'  imports ' + extra if extra else ''}"
        )
    return [*lines, f"goal of both: {GOALS}; none of {', '.join(UNWANTED)} elsewhere"]


if __name__ == "__main__":
    print("\n".join(table(measure())))
