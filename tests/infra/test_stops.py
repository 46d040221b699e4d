"""Stops: nothing unless they are configured; then one function, and its way into clusters."""

import json
from pathlib import Path

import pytest

from bursar.config_file import read_config
from infra.constructs.alarms import alarm_groups, heartbeats
from tests.infra.conftest import Deployed

CONFIG = Path(__file__).with_name("stops.yaml")


@pytest.fixture(scope="session")
def stopping(synthesized_once):
    output = synthesized_once("stops", CONFIG, "--disposable")
    return Deployed(json.loads((output / "Bursar.template.json").read_text()))


def test_they_are_looked_after_every_five_minutes(stopping):
    crons = [cron for name, _, cron in stopping.schedules() if name == "enforce_stop"]

    assert crons == ["cron(2/5 * * * ? *)"]


def test_the_function_may_send_events_as_bursar_and_touch_the_table(stopping):
    allowed = stopping.allowed("enforce_stop")

    assert {action.split(":")[0] for action in allowed} == {
        *("dynamodb", "events", "kms", "sqs", "xray")
    }
    assert allowed["events:PutEvents"] == [
        "arn:aws:events:eu-west-1:111122223333:event-bus/default"
    ]
    [condition] = [
        statement["Condition"]
        for policy in stopping.all("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    ]
    assert condition == {"StringEquals": {"events:source": "bursar"}}


def test_it_enters_clusters_at_home_as_a_reader_and_a_stopper_and_no_others(stopping):
    entries = {
        entry["ClusterName"]: entry["KubernetesGroups"]
        for id_, entry in stopping.all("AWS::EKS::AccessEntry").items()
        if id_.startswith("Stops")
    }

    assert entries == {"prod": ["bursar-readers", "bursar-stoppers"]}


def test_it_shares_the_alarm_of_check_budgets(stopping):
    groups = dict(alarm_groups(heartbeats(read_config(CONFIG))))

    assert groups["check_budgets", "enforce_stop"] == 60
    assert len(stopping.all("AWS::CloudWatch::Alarm")) <= 12


def test_without_stops_there_is_nothing_of_it(smallest):
    assert "enforce_stop" not in smallest.functions()
