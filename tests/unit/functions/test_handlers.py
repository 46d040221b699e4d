"""Every Lambda handler on ports in memory: good events, bad ones, and missing settings."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from bursar import entrypoint
from bursar.settings import CheckHealthSettings, MissingSettingError
from tests.unit.functions.world import (
    AT_ELEVEN,
    CONTEXT,
    EVENTS,
    INSTANCE,
    ROW,
    handler_of,
    inserted,
)


@pytest.mark.parametrize("function", EVENTS)
def test_a_good_event_is_answered_with_what_can_be_logged(function, run, capsys):
    answer = run(function, EVENTS[function])
    assert json.loads(json.dumps(answer)) == answer
    printed = capsys.readouterr().out
    assert '"Heartbeat"' in printed  # in CloudWatch's embedded metric format
    assert f'"service":"{function}"' in printed


BAD = [{}, {"scheduled_at": "soon"}, {"scheduled_at": "2026-11-20T11:11:00"}, {"time": "now"}]


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize("event", BAD, ids=str)
@pytest.mark.parametrize("function", EVENTS)
def test_a_bad_event_raises_and_no_heart_beats(function, event, run, capsys):
    with pytest.raises(ValidationError):
        run(function, event)
    assert "Heartbeat" not in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize(
    ("function", "event"),
    [
        ("close_hour", AT_ELEVEN),
        ("snapshot_cluster", AT_ELEVEN | {"cluster": 7}),
        ("collect_prices", AT_ELEVEN | {"part": "all"}),
        ("collect_usage_metrics", AT_ELEVEN | {"source": "prod"}),
        ("check_budgets", AT_ELEVEN),
        ("detect_anomalies", AT_ELEVEN | {"grain": "minute"}),
        ("forecast_spend", AT_ELEVEN | {"book": "all"}),
        ("check_budgets", {"requestPayload": {}}),
        ("check_health", AT_ELEVEN | {"schema_version": 2}),
        ("record_node_lifetimes", INSTANCE | {"detail": {"state": "running"}}),
        ("send_notifications", {"Records": [{}]}),
        ("send_notifications", {"Records": [{"eventName": "INSERT", "dynamodb": {}}]}),
        ("send_notifications", {"Records": "none"}),
        ("send_notifications", {"Records": [inserted(ROW) | {"dynamodb": {
            "Keys": {"pk": {"S": "OUTBOX#1"}}, "NewImage": {"json": {"S": "{}"}}}}]}),
    ],
)  # fmt: skip
def test_an_event_of_the_wrong_shape_is_refused(function, event, run):
    with pytest.raises(ValidationError):
        run(function, event)


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize(
    ("function", "variable"),
    [
        ("snapshot_cluster", "BURSAR_SNAPSHOTS_BUCKET"),
        ("send_notifications", "BURSAR_ALERTS_TOPIC_ARN"),
        *((function, "BURSAR_TABLE_NAME") for function in EVENTS),
    ],
)
def test_a_missing_setting_is_named(function, variable, monkeypatch):
    names = "TABLE_NAME SNAPSHOTS_BUCKET USAGE_BUCKET PRODUCER_QUEUES ALERTS_TOPIC_ARN"
    for name in (*names.split(), "SLACK_TOPIC_ARN"):
        monkeypatch.setenv(f"BURSAR_{name}", "x")
    monkeypatch.delenv(variable)
    monkeypatch.setattr(entrypoint, "_ports", {})  # as in a new process
    with pytest.raises(MissingSettingError, match=variable):
        handler_of(function)(EVENTS[function], CONTEXT)


def test_ports_are_built_once_for_a_warm_function(monkeypatch):
    monkeypatch.setenv("BURSAR_TABLE_NAME", "bursar")
    monkeypatch.setattr(entrypoint, "_ports", {})
    ports = entrypoint.ports_for(CheckHealthSettings)
    assert entrypoint.ports_for(CheckHealthSettings) is ports
