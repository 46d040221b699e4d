"""Admission: nothing unless a budget is enforced; then what is due is freed every minute."""

import json
from pathlib import Path

import pytest

from tests.infra.conftest import Deployed

CONFIG = Path(__file__).with_name("enforced.yaml")


@pytest.fixture(scope="session")
def enforced(synthesized_once):
    output = synthesized_once("enforced", CONFIG, "--disposable")
    return Deployed(json.loads((output / "Bursar.template.json").read_text()))


def test_what_expired_is_freed_every_minute(enforced):
    crons = [cron for name, _, cron in enforced.schedules() if name == "release_expired"]

    assert crons == ["cron(* * * * ? *)"]


def test_the_sweeper_touches_the_table_alone(enforced):
    allowed = set(enforced.allowed("release_expired"))
    needed = {f"dynamodb:{each}Item" for each in ("Get", "Put", "Update", "Delete")}

    assert {action.split(":")[0] for action in allowed} <= {"dynamodb", "kms", "sqs", "xray"}
    assert needed | {"dynamodb:Query"} <= allowed


def test_it_adds_no_alarm(enforced):
    assert len(enforced.all("AWS::CloudWatch::Alarm")) <= 12


def test_without_an_enforced_budget_nothing_is_swept(smallest):
    assert "release_expired" not in smallest.functions()
