"""Every Lambda handler on ports in memory: good events, bad ones, and missing settings."""

from __future__ import annotations

import importlib
import json
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from bursar import entrypoint
from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.cluster_use import MemoryClusterUseStore
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
from bursar.adapters.memory.ledger import MemoryConflictLog, MemoryLedger
from bursar.adapters.memory.metrics import MemoryBedrockMeter, MemoryMetrics
from bursar.adapters.memory.notices import MemoryHealthLog, MemoryPublisher
from bursar.adapters.memory.prices import MemoryPriceList, MemoryPriceStore
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.series import MemoryAnomalyStore, MemoryForecastStore
from bursar.adapters.memory.spend import MemoryBill, MemoryCounter, MemorySpendStore
from bursar.adapters.memory.statements import MemoryStatementStore
from bursar.adapters.memory.usage import MemoryBulkUsage, MemoryUsageArchive
from bursar.adapters.usage_formats import read
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind, sight_restored
from bursar.domain.budgets import Budget
from bursar.domain.health import SourceHealth
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.domain.quiet_hours import QuietHours
from bursar.domain.usage.bedrock import ProvisionedHour
from bursar.domain.usage.bulk import UsageGroup
from bursar.domain.usage.counters import Sample, Series
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.admission import Admission
from bursar.jobs.attribute_costs import Sources
from bursar.jobs.post_usage import Patience
from bursar.jobs.take_usage import UsageIntake
from bursar.ports import ProviderBill
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
MINI = TokenPrice(
    provider="openai",
    model="gpt-4.1-mini",
    source="test",
    tiers=(ContextTier(0, TokenRates(input=Decimal("0.40"), output=Decimal("1.60"))),),
)
BULK = UsageGroup(
    producer="gateway",
    hour=TEN,
    tenant="search",
    model="gpt-4.1-mini",
    provider="openai",
    feature="",
    key="",
    batch=False,
    tier=0,
    requests=7,
    tokens=TokenCounts(input=7000),
)
SEARCH = Budget(id="search", scope="tenant=search", limit="1", owner="ana", enforced=True)
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
TOLD = {
    "id": "r-1",
    "at": "2026-11-20T10:20:00Z",
    "tenant": "search",
    "model": "gpt-4.1-mini",
    "provider": "openai",
    "input_tokens": 1000,
    "output_tokens": 100,
}
GATEWAY_ROLE = "arn:aws:iam::111122223333:role/gateway"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:gateway"


def message(body: str, id_: str = "m-1") -> dict[str, Any]:
    return {
        "messageId": id_,
        "body": body,
        "eventSourceARN": QUEUE,
        "attributes": {"SentTimestamp": "1795173600000"},  # 2026-11-20T11:20Z
    }


def request(body: str, *, role: str = GATEWAY_ROLE, route: str = "POST /v1/usage") -> dict:
    method, path = route.split(" ")
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/session"
    return {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "requestId": "q-1",
            "stage": "$default",
            "timeEpoch": 1795173600000,
            "authorizer": {"iam": {"userArn": session}},
        },
        "body": body,
        "isBase64Encoded": False,
    }


EVENTS: dict[str, dict[str, Any]] = {
    "attribute_costs": AT_ELEVEN | {"book": "ledger"},
    "check_budgets": FOLLOW_UP,
    "check_health": AT_ELEVEN,
    "close_hour": AT_ELEVEN | {"cluster": "prod"},
    "collect_prices": AT_ELEVEN | {"part": "list"},
    "collect_spend": AT_ELEVEN,
    "collect_usage_metrics": AT_ELEVEN | {"source": "bedrock:eu-west-1"},
    "detect_anomalies": AT_ELEVEN | {"book": "ledger", "grain": "hour"},
    "forecast_spend": AT_ELEVEN | {"book": "billed"},
    "ingest_usage": {"Records": [message(json.dumps(TOLD))]},
    "reconcile_spend": AT_ELEVEN,
    "record_node_lifetimes": INSTANCE,
    "release_expired": AT_ELEVEN,
    "rollup_usage": AT_ELEVEN,
    "send_notifications": {"Records": [inserted(ROW)]},
    "snapshot_cluster": AT_ELEVEN | {"cluster": "prod"},
}


class MemoryPorts:
    """Bursar's ports without a cloud, by the names that wiring gives them."""

    def __init__(self) -> None:
        gateway = {"name": "gateway", "role_arns": [GATEWAY_ROLE], "tenants": ["search"]}
        usage = {"producers": [gateway], "bedrock": [{"region": "eu-west-1", "tenant": "search"}]}
        metrics = {"url": "https://prometheus.example.com", "tenants_by_namespace": True}
        prod = {"name": "prod", "region": "eu-west-1", "endpoint": "https://prod"}
        self.config = config(
            budget("namespace=search", "1"), usage=usage, clusters=[prod | {"metrics": metrics}]
        )
        self.cluster_use = MemoryClusterUseStore()
        self.snapshots, self.history = MemorySnapshotStore(), MemoryCostHistory()
        self.lifetimes, self.prices = MemoryLifetimeStore(), MemoryPriceStore(book().values())
        self.price_list, self.spot_history = MemoryPriceList([]), MemorySpotHistory([])
        self.bill, self.spend, self.counter = MemoryBill(), MemorySpendStore(), MemoryCounter()
        self.outbox, self.publisher = MemoryOutbox(), MemoryPublisher()
        self.budgets, self.health = MemoryBudgetStore(self.outbox), MemoryHealthLog()
        self.statements, self.ledger = MemoryStatementStore(), MemoryLedger()
        self.forecasts, self.anomalies = MemoryForecastStore(), MemoryAnomalyStore(self.outbox)
        self.provider_bills: dict[str, ProviderBill] = {}
        self.touched_hours = self.month_gates = self.entries = self.ledger
        self.bulk_usage = MemoryBulkUsage([BULK])
        self.quarantine = MemoryQuarantine()
        self.admission = Admission(
            reservations=self.ledger,
            ledger=self.ledger,
            conflicts=MemoryConflictLog(self.outbox),
            windows=self.ledger,
            budgets=EnforcedBudgets([SEARCH], "acme", lambda _: ""),
            prices=OwnTokenPrices([MINI]),
            patience=Patience(lambda _: None, lambda low, _: low),
        )
        self.statement_sources = Sources(
            ["prod"], self.config.attribution, self.ledger, self.history, self.cluster_use
        )

    def cluster_reader(self, _cluster: object) -> MemoryClusterReader:
        return MemoryClusterReader(inventory([node()]), [pod()])

    def volumes(self, _cluster: object) -> MemoryVolumeCatalogue:
        return MemoryVolumeCatalogue()

    def file_systems(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def fsx(self, _cluster: object) -> MemoryFileSystemCatalogue:
        return MemoryFileSystemCatalogue()

    def producer_of_queue(self, queue_arn: str) -> str:
        return {QUEUE: "gateway"}[queue_arn]

    def metrics(self, _cluster: object) -> MemoryMetrics:
        labels = {"namespace": "chat", "pod": "vllm-0", "model_name": "llama"}
        start = TEN.timestamp()
        counted = (
            ("vllm:prompt_tokens_total", 500.0),
            ("vllm:generation_tokens_total", 70.0),
            ("vllm:request_success_total", 3.0),
        )
        return MemoryMetrics(
            Series({"__name__": name} | labels, (Sample(start - 30, 0.0), Sample(start, rise)))
            for name, rise in counted
        )

    def bedrock(self, _place: object) -> MemoryBedrockMeter:
        arn = "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/abc"
        return MemoryBedrockMeter((), [ProvisionedHour("search", arn, "nova", 2, "", TEN)])

    def usage_intake(self, producer: ProducerPolicy) -> UsageIntake:
        return UsageIntake(
            producer=producer,
            read=read,
            routes=ModelRoutes(),
            prices=OwnTokenPrices([MINI]),
            archive=MemoryUsageArchive(),
            quarantine=self.quarantine,
            ledger=self.ledger,
            conflicts=MemoryConflictLog(self.outbox),
            windows=self.ledger,
            budgets=EnforcedBudgets((), "acme", lambda _: ""),
            patience=Patience(lambda _: None, lambda low, _: low),
        )

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


def test_usage_from_a_queue_is_in_the_ledger_and_survives_a_bad_neighbour(run, ports):
    bad = message("{", "m-2")
    answer = run("ingest_usage", {"Records": [message(json.dumps(TOLD)), bad]})
    assert answer == {"batchItemFailures": []}
    [(key, leaf)] = ports.ledger.leaves(TEN).items()
    assert (key.tenant, key.model, leaf.requests) == ("search", "gpt-4.1-mini", 1)
    assert leaf.amounts.usd.plain() == "0.00056"  # 1,000 x 0.40 + 100 x 1.60, per million
    assert [each.producer for each in ports.quarantine.rejected()] == ["gateway"]


def test_each_minute_windows_are_opened_and_what_is_due_is_freed(run, ports):
    assert run("release_expired", AT_ELEVEN) == {"expired": 0, "busy": 0}
    asked = {"idempotency_key": "k", "scope": {"tenant": "search"}, "amount_usd": "0.9"}
    held = run("serve_api", request(json.dumps(asked), route="POST /v1/reservations"))
    assert held["statusCode"] == 201  # at 11:20, until 11:25
    later = {"scheduled_at": "2026-11-20T11:25:00Z"}
    assert run("release_expired", later) == {"expired": 1, "busy": 0}


def test_a_signed_request_posts_usage_and_is_told_what_was_rejected(run, ports):
    both = json.dumps([TOLD, TOLD | {"id": "r-2", "tenant": "another"}])
    answer = run("serve_api", request(both))
    said = json.loads(answer["body"])
    assert (answer["statusCode"], said["accepted"], said["held"]) == (200, 1, 0)
    [rejection] = said["rejected"]
    assert "tenant" in rejection["reason"]
    assert len(ports.ledger.leaves(TEN)) == 1


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (request(json.dumps(TOLD), role="arn:aws:iam::111122223333:role/stranger"), 403),
        (request("{}", route="GET /v1/nothing"), 404),
        (request(json.dumps(TOLD)) | {"body": "/w==", "isBase64Encoded": True}, 422),
        (request(f'"{"x" * 1_000_001}"'), 413),
    ],
)
def test_a_request_that_is_refused_says_why_as_a_problem(event, status, run):
    answer = run("serve_api", event)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (status, status)


def test_a_body_of_which_nothing_can_be_read_is_422_with_its_reasons(run):
    answer = run("serve_api", request("nonsense"))
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["rejected"]


def test_what_a_clusters_models_served_is_in_the_ledger_and_its_use_is_kept(run, ports):
    answer = run("collect_usage_metrics", AT_ELEVEN | {"source": "prometheus:prod"})
    assert answer == {"source": "prometheus:prod", "accepted": 1, "rejected": 0}
    [(key, leaf)] = ports.ledger.leaves(TEN).items()
    assert (key.tenant, key.model, leaf.requests, leaf.tokens.total) == ("chat", "llama", 3, 570)
    [use] = ports.cluster_use.between("prod", TEN_TO_ELEVEN)
    assert [each.model for each in use.served] == ["llama"]


def test_throughput_without_a_price_is_unpriced_and_listed(run, ports):
    answer = run("collect_usage_metrics", EVENTS["collect_usage_metrics"])
    assert answer == {"source": "bedrock:eu-west-1", "accepted": 0, "rejected": 1}
    [key] = ports.ledger.leaves(TEN)
    assert (key.model, key.pricing) == ("provisioned-model/abc", "unpriced")
    [listed] = ports.quarantine.rejected()
    assert listed.reason == "2 provisioned units of nova have no price in usage.provisioned"


@pytest.mark.filterwarnings("ignore:No application metrics:UserWarning")
@pytest.mark.parametrize("source", ["prometheus:other", "bedrock:us-east-1"])
def test_metrics_that_are_not_configured_fail_loudly(source, run):
    with pytest.raises(LookupError, match=f"no metrics '{source}' are configured"):
        run("collect_usage_metrics", AT_ELEVEN | {"source": source})


def test_sums_of_bulk_usage_are_posted_once(run, ports):
    assert run("rollup_usage", AT_ELEVEN) == {"groups": 1, "posted": 1, "rejected": 0}
    assert run("rollup_usage", AT_ELEVEN) == {"groups": 1, "posted": 0, "rejected": 0}
    [leaf] = ports.ledger.leaves(TEN).values()
    assert (leaf.requests, leaf.amounts.usd.plain()) == (7, "0.0028")  # 7,000 x 0.40 / million


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
