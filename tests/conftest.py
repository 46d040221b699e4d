"""Fakes for every test, and the stack as it would be deployed, synthesized once a run."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "tests" / "infra" / "example.yaml"


@pytest.fixture(autouse=True)
def _no_real_aws(monkeypatch):
    """Fake credentials first, so a forgotten mock fails instead of spending money."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture(scope="session")
def synthesize():
    """Run `python -m infra.app` as the Makefile does; answers the completed process."""

    def run(config: Path, output: Path, *flags: str, **environ: str):
        command = [sys.executable, "-m", "infra.app", "--config", config, "--output", output]
        return subprocess.run(  # noqa: S603
            [*command, *flags],
            cwd=ROOT,
            env=os.environ
            | {"BURSAR_BUNDLE": "host", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
            | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def assembly(synthesize, tmp_path_factory):
    """The directory synthesized from tests/infra/example.yaml, one for all workers of a run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    output = shared / "assembly"
    with (shared / "assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # whoever is first makes it, the others wait
        if not (output / "manifest.json").exists():
            run = synthesize(EXAMPLE, output)
            assert run.returncode == 0, run.stderr
    return output


@pytest.fixture(scope="session")
def template(assembly):
    return json.loads((assembly / "Bursar.template.json").read_text())


@pytest.fixture(scope="session")
def table_definition(template):
    """The table exactly as infra declares it, so that keys cannot drift from code."""
    [table] = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::GlobalTable"
    ]
    return {
        part: table[part]
        for part in ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    }


@pytest.fixture
def table(table_definition):
    """An empty table of that shape in moto, as a boto3 Table."""
    import boto3  # here: most tests need neither, and they take a second to import
    from moto import mock_aws

    with mock_aws():
        yield boto3.resource("dynamodb").create_table(
            TableName="bursar", BillingMode="PAY_PER_REQUEST", **table_definition
        )
