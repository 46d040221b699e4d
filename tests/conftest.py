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
def synthesized_once(synthesize, tmp_path_factory):
    """Synthesize into a directory that all workers of this run share; the first one makes it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def output(name: str, config: Path, *flags: str) -> Path:
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / name / "manifest.json").exists():
                run = synthesize(config, shared / name, *flags)
                assert run.returncode == 0, run.stderr
        return shared / name

    return output


@pytest.fixture(scope="session")
def assembly(synthesized_once):
    """The directory synthesized from tests/infra/example.yaml."""
    return synthesized_once("assembly", EXAMPLE)


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
def table(table_definition, monkeypatch):
    """An empty table of that shape in moto, as a boto3 Table.

    Its transactions are the embedded AWS's, which copy what they touch and not the table.
    """
    import boto3  # here: most tests need none of these, and they take a second to import
    from moto import mock_aws
    from moto.dynamodb.models import DynamoDBBackend

    from bursar.local.embedded.transactions import only_touched_items

    quick = only_touched_items(DynamoDBBackend.transact_write_items)
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", quick)
    with mock_aws():
        yield boto3.resource("dynamodb").create_table(
            TableName="bursar", BillingMode="PAY_PER_REQUEST", **table_definition
        )
