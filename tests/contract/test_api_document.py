"""Schemathesis asks the API what its document says, and what it does not, and finds no drift.

Every case is sent through the gateway: by the operation's own schema, against it, and in chains
that follow the document's links. What is answered must be described, and never be a 5xx.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.served_api import NOON, ServedApi, serving

ROOT = Path(__file__).resolve().parents[2]
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "train", "namespace": "research"},
    "spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"cpu": 4}}}]}}},
}
GOOD: dict[str, dict[str, Any]] = {
    "/v1/exceptions": {
        "policy": "training-job",
        "scope": {"namespace": "research"},
        "until": (NOON + timedelta(days=30)).isoformat(),
        "beneficiary": "owner@example.com",
    },
    "/v1/reservations": {"scope": {"tenant": "globex"}},
    "/v1/leases": {"scope": {"tenant": "globex"}, "amount_usd": "3", "least_usd": "1"},
    "/v1/gate/jobs": {"manifest": JOB, "hours": "10", "region": None},
}
CALLERS = {
    r"^/v1/(usage|leases|gate/jobs|reservations.*)$": "gateway",
    r"^/v1/(audit|budgets|policies)$": "viewer",
    r"^/v1/exceptions(/[^/]+)?$": "requester",
    r"^/v1/exceptions/[^/]+/decisions$": "manager",
}


def configuration(api: ServedApi) -> str:
    """Who asks which operation, and what of a body must exist to be of use.

    Chains check no refusals: the body that a link fills in is still held to be the wrong one.
    """
    lines = [
        (ROOT / "schemathesis.toml").read_text(),
        "[phases.stateful.checks]",
        "negative_data_rejection.enabled = false",
    ]
    for path, who in CALLERS.items():
        lines += [
            "[[operations]]",
            f"include-path-regex = '{path}'",
            f'headers = {{ Authorization = "Bearer {api.token(who)}" }}',
        ]
    for path, told in GOOD.items():
        lines += ["[[operations]]", f'include-path = "{path}"']
        lines += [
            f"parameters.{json.dumps(f'body.{name}')} = {_toml(value)}"
            for name, value in told.items()
            if value is not None
        ]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


@pytest.fixture
def api(tmp_path: Path, table_definition: Any) -> Iterator[ServedApi]:
    with serving(tmp_path, table_definition) as served:
        yield served


def run(api: ServedApi, directory: Path, *options: str) -> None:
    """Fails with what schemathesis prints, where it finds something."""
    file = directory / "schemathesis.toml"
    file.write_text(configuration(api))
    with api.listening() as url:
        done = subprocess.run(  # noqa: S603
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run"),
                *(f"{url}/openapi.json", "--seed", "1", "--generation-deterministic"),
                *("--no-color", "--request-timeout", "60", *options),
            ],
            cwd=directory,
            env={**os.environ, "PYTHONWARNINGS": "default"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert not api.failures, "".join(map(repr, api.failures))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_short_run_finds_neither_a_5xx_nor_drift(api: ServedApi, tmp_path: Path) -> None:
    run(api, tmp_path, "--max-examples", "3", "--phases", "fuzzing,stateful")


@pytest.mark.deep
def test_a_long_run_finds_neither_a_5xx_nor_drift(api: ServedApi, tmp_path: Path) -> None:
    run(api, tmp_path, "--max-examples", "30")
