"""Every Lambda handler on ports in memory: good events, bad ones, and missing settings."""

from __future__ import annotations

import importlib
import json
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from bursar import entrypoint
from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.clusters import (
    MemoryClusterReader,
    MemoryFileSystemCatalogue,
    MemoryLifetimeStore,
    MemoryReservationCatalogue,
    MemorySnapshotStore,
    MemoryVolumeCatalogue,
)
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.adapters.memory.ec2 import MemorySpotHistory
from bursar.adapters.memory.notices import MemoryHealthLog, MemoryPublisher
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.adapters.memory.spend import MemoryBill, MemoryCounter, MemorySpendStore
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind, sight_restored
from bursar.domain.health import SourceHealth
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.domain.quiet_hours import QuietHours
from bursar.settings import CheckHealthSettings, MissingSettingError
from tests.unit.jobs.sample_config import budget, config
from tests.unit.sample_cluster import (
    TEN,
    TEN_TO_ELEVEN,
    all_hour,
    book,
    inventory,
    node,
    pod,
    when,
)

CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:f",
    aws_request_id="1",
)
AT_ELEVEN = {"scheduled_at": "2026-11-20T11:11:00Z"}
FOLLOW_UP = {"version": "1.0", "requestPayload": AT_ELEVEN, "responsePayload": {"cluster": "prod"}}
INSTANCE = {
    "source": "aws.ec2",
    "time": "2026-11-20T10:04:00Z",
    "detail": {"instance-id": "i-n1", "state": "running"},
}
ALERT = blind("cluster/prod", None, TEN, "Look.")


def inserted(row: OutboxRow, *, pk: str | None = None, kind: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": kind,
        "dynamodb": {
            "Keys": {"pk": {"S": pk or f"OUTBOX#{row.id}"}, "sk": {"S": "O"}},
            "NewImage": {"json": {"S": row.model_dump_json()}},
        },
    }


ROW = OutboxRow(alert=ALERT, due_at=TEN)
EVENTS: dict[str, dict[str, Any]] = {
    "check_budgets": FOLLOW_UP,
    "check_health": AT_ELEVEN,
    "close_hour": AT_ELEVEN | {"cluster": "prod"},
    "collect_prices": AT_ELEVEN | {"part": "list"},
    "collect_spend": AT_ELEVEN,
    "record_node_lifetimes": INSTANCE,
    "send_notifications": {"Records": [inserted(ROW)]},
    "snapshot_cluster": AT_ELEVEN | {"cluster": "prod"},
}


class MemoryPorts:
    """Bursar's ports without a cloud, by the names that wiring gives them."""

    def __init__(self) -> None:
        self.config = config(budget("namespace=search", "1"))
        self.snapshots, self.history = MemorySnapshotStore(), MemoryCostHistory()
        self.lifetimes, self.prices = MemoryLifetimeStore(), MemoryPriceStore(book().values())
        self.price_list, self.spot_history = MemoryPriceList([]), MemorySpotHistory([])
        self.bill, self.spend, self.counter = MemoryBill(), MemorySpendStore(), MemoryCounter()
        self.outbox, self.publisher = MemoryOutbox(), MemoryPublisher()
        self.budgets, self.health = MemoryBudgetStore(self.outbox), MemoryHealthLog()

    def cluster_reader(self, _cluster: object) -> MemoryClusterReader:
        return MemoryClusterReader(inventory([node()]), [pod()])

    def volumes(self, _cluster: object) -> MemoryVolumeCatalogue:
        return MemoryVolumeCatalogue()

    def file_systems(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def fsx(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def reservations(self, _cluster: object) -> MemoryReservationCatalogue:
        return MemoryReservationCatalogue()


def handler_of(function: str) -> Any:
    return importlib.import_module(f"functions.{function}.handler").handler


@pytest.fixture
def ports(monkeypatch) -> MemoryPorts:
    ports = MemoryPorts()
    monkeypatch.setattr(entrypoint, "ports_for", lambda _settings: ports)
    return ports


@pytest.fixture
def run(ports):
    return lambda function, event: handler_of(function)(event, CONTEXT)


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
        ("check_budgets", AT_ELEVEN),
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
    for name in ("TABLE_NAME", "SNAPSHOTS_BUCKET", "ALERTS_TOPIC_ARN", "SLACK_TOPIC_ARN"):
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


# --- what each of them does ------------------------------------------------------------------


def test_a_snapshot_is_kept_as_of_the_scheduled_time(run, ports):
    answer = run("snapshot_cluster", EVENTS["snapshot_cluster"])
    assert answer == {"cluster": "prod", "quality": "final", "pods": 1}
    [kept] = ports.snapshots.between("prod", Window(when(60), when(120)))
    assert kept.at == int(when(71).timestamp())


def test_at_eleven_past_eleven_the_hour_from_ten_is_closed(run, ports):
    for shot in all_hour([node()], [pod()]):
        ports.snapshots.put(shot)
    answer = run("close_hour", EVENTS["close_hour"])
    assert answer == {"cluster": "prod", "quality": "final", "usd": "1.006"}
    assert run("check_budgets", FOLLOW_UP) == {"alerts": []}  # 25 cents of a dollar
    [hour] = ports.history.hours("prod", TEN_TO_ELEVEN)
    assert hour.window.end == TEN + HOUR


def test_a_scheduled_time_of_another_zone_is_the_same_time(run, ports):
    for shot in all_hour([node()], [pod()]):
        ports.snapshots.put(shot)
    india = {"scheduled_at": "2026-11-20T16:41:00+05:30", "cluster": "prod"}
    assert run("close_hour", india)["usd"] == "1.006"


def test_a_state_change_is_kept(run, ports):
    run("record_node_lifetimes", INSTANCE)
    [state] = ports.lifetimes.states(["i-n1"])["i-n1"]
    assert (state.state, state.at) == ("running", when(4))


def test_new_messages_are_sent_and_other_changes_of_the_table_are_not(run, ports):
    others = [
        inserted(ROW, pk="BUDGET#x"),
        inserted(ROW, kind="MODIFY"),
        {"eventName": "REMOVE", "dynamodb": {"Keys": {"pk": {"S": "OUTBOX#1"}}}},
    ]
    answer = run("send_notifications", {"Records": [*others, inserted(ROW)]})
    assert answer == {"sent": 1, "held": 0}
    assert [alert.id for alert in ports.publisher.published] == [ALERT.id]


def test_the_hourly_run_sweeps(run, ports):
    ports.outbox.post(ROW)
    assert run("send_notifications", AT_ELEVEN) == {"sent": 1, "held": 0}
    assert [row.sent_at for row in ports.outbox.all()] == [
        datetime.fromisoformat(AT_ELEVEN["scheduled_at"])
    ]


def test_new_messages_wait_for_the_end_of_the_configured_quiet_hours(run, ports):
    hours = QuietHours.model_validate({"from": "09:00", "to": "11:00"})
    told = ports.config.notifications.model_copy(update={"quiet_hours": hours})
    ports.config = ports.config.model_copy(update={"notifications": told})
    news = sight_restored("spend", SourceHealth(
        source="spend", at=TEN, quality=Quality.UNKNOWN, good_at=None
    ), TEN)  # fmt: skip
    row = OutboxRow(alert=news, due_at=TEN)
    ports.outbox.post(row)
    assert run("send_notifications", {"Records": [inserted(row)]}) == {"sent": 0, "held": 1}
    assert run("send_notifications", AT_ELEVEN) == {"sent": 1, "held": 0}  # at 11:11


def test_the_silent_are_answered_by_name(run):
    assert run("check_health", AT_ELEVEN) == {"silent": []}  # its first run: patience begins
    three_days_later = {"scheduled_at": "2026-11-23T11:11:00Z"}
    assert run("check_health", three_days_later) == {
        "silent": ["cluster/prod", "prices/eu-west-1", "spend"]
    }


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
def test_a_cluster_that_is_not_configured_fails_loudly(run):
    with pytest.raises(LookupError, match="no cluster 'other' is configured"):
        run("close_hour", AT_ELEVEN | {"cluster": "other"})
