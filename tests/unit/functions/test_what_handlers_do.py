"""What each function does with its event, on ports in memory."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import sight_restored
from bursar.domain.health import SourceHealth
from bursar.domain.periods import HOUR, Window
from bursar.domain.quality import Quality
from bursar.domain.quiet_hours import QuietHours
from tests.unit.functions.world import (
    ALERT,
    AT_ELEVEN,
    EVENTS,
    FOLLOW_UP,
    INSTANCE,
    ROW,
    TOLD,
    inserted,
    message,
    request,
)
from tests.unit.sample_cluster import TEN, TEN_TO_ELEVEN, all_hour, node, pod, when


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


SAID = ("accepted", "billed", "shadow", "duplicates", "conflicts")


def test_usage_from_a_queue_is_in_the_ledger_and_survives_a_bad_neighbour(run, ports):
    bad = message("{", "m-2")
    answer = run("ingest_usage", {"Records": [message(json.dumps(TOLD)), bad]})
    assert answer == {"batchItemFailures": [], "transaction_conflicts": 0}
    [(key, leaf)] = ports.ledger.leaves(TEN).items()
    assert (key.tenant, key.model, leaf.requests) == ("search", "gpt-4.1-mini", 1)
    assert leaf.amounts.usd.plain() == "0.00056"  # 1,000 x 0.40 + 100 x 1.60, per million
    assert [each.producer for each in ports.quarantine.rejected()] == ["gateway"]


def test_each_minute_windows_are_opened_and_what_is_due_is_freed(run, ports):
    assert run("release_expired", AT_ELEVEN) == {"expired": 0, "busy": 0, "raised": 0}
    asked = {"idempotency_key": "k", "scope": {"tenant": "search"}, "amount_usd": "0.9"}
    held = run("serve_api", request(json.dumps(asked), route="POST /v1/reservations"))
    assert held["statusCode"] == 201  # at 11:20, until 11:25
    later = {"scheduled_at": "2026-11-20T11:25:00Z"}
    assert run("release_expired", later) == {"expired": 1, "busy": 0, "raised": 0}


def test_a_signed_request_posts_usage_and_is_told_what_was_rejected(run, ports):
    both = json.dumps([TOLD, TOLD | {"id": "r-2", "tenant": "another"}])
    answer = run("serve_api", request(both))
    said = json.loads(answer["body"])
    assert (answer["statusCode"], said["accepted"], said["held"]) == (200, 1, 0)
    [rejection] = said["rejected"]
    assert "tenant" in rejection["reason"]
    assert len(ports.ledger.leaves(TEN)) == 1
    again = run("serve_api", request(json.dumps([TOLD, TOLD | {"output_tokens": 7}])))
    assert again["statusCode"] == 200
    assert [json.loads(again["body"])[name] for name in SAID] == [1, 0, 0, 1, 1]
    other = run("serve_api", request(json.dumps(TOLD | {"output_tokens": 8})))
    assert (other["statusCode"], json.loads(other["body"])["conflicts"]) == (200, 1)


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


def test_a_list_of_no_records_is_taken_in_as_none(run):
    answer = run("serve_api", request("[]"))
    assert (answer["statusCode"], json.loads(answer["body"])["accepted"]) == (200, 0)


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
    ports.config = ports.config.changed(notifications=told)
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
