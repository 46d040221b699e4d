"""A quarter of a day of the deployed template: its schedules fire, its handlers run."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from bursar.adapters.dynamodb.outbox import item
from bursar.domain.alerts import OutboxRow
from bursar.domain.blindness import blind
from bursar.domain.cluster.hours import COMPUTE
from bursar.domain.money import Money
from bursar.domain.periods import HOUR, Window, day_of, hours
from bursar.domain.quality import Quality
from bursar.local.demo_config import CLUSTERS, REGION
from bursar.local.embedded.cloudformation_types.messaging import CHAT
from bursar.local.embedded.http_api import Operation, ServiceError
from bursar.local.scenario import true_compute_by_node_group
from tests.e2e.conftest import (
    DEPLOYED_AT,
    FIRST_HOUR,
    TRAINING_IS_DOWN,
    differs,
    true_total,
)

ROOT = Path(__file__).resolve().parents[2]
API = "serve_api"  # asked by people and machines, who are answered: no event of it is kept
BY_WORKFLOW = {"ask_approver", "remind_approver", "resolve_tier"}  # nobody asked for anything
NOT_CONFIGURED = {
    "ask_in_slack",
    "collect_usage_metrics",
    "decide_in_slack",
    "enforce_stop",
    "release_expired",
    "rollup_usage",
}
FUNCTIONS = sorted(
    {path.parent.name for path in ROOT.glob("functions/*/handler.py")} - NOT_CONFIGURED - {API}
)
QUARTER_DAY = Window(FIRST_HOUR, FIRST_HOUR + 6 * HOUR)
QUIET = Window(FIRST_HOUR, FIRST_HOUR + 3 * HOUR)  # both clusters are seen
DAY = day_of(FIRST_HOUR)


def test_the_list_prices_are_in_the_table(day):
    listed = {row.key: row.usd for row in day.services.read_price_list().rows(REGION, DEPLOYED_AT)}
    kept = day.stores.prices.prices_at(listed, DEPLOYED_AT + HOUR)
    assert len(listed) > 40
    assert {key: row.usd for key, row in kept.items()} == listed


def test_a_snapshot_of_each_cluster_lies_in_the_bucket_every_fifteen_minutes(day):
    for cluster in CLUSTERS:
        kept = [each.at for each in day.stores.snapshots.between(cluster, QUIET)]
        times = range(int(QUIET.start.timestamp()), int(QUIET.end.timestamp()), 900)
        assert kept == list(times)


@pytest.mark.parametrize(
    ("cluster", "window"), [("inference", QUARTER_DAY), ("training", QUIET)], ids=CLUSTERS
)
def test_hours_that_were_seen_are_final_and_cost_what_they_really_cost(day, cluster, window):
    found = day.closed(cluster, window)
    assert [hour.window for hour in found] == list(hours(window))
    assert {hour.quality for hour in found} == {Quality.FINAL}
    for hour in found:
        assert hour.unpriced == ()
        assert differs(hour.total, true_total(day.scenario, cluster, hour.window)) < Fraction(
            1, 1000
        )


def test_instances_that_came_and_went_are_counted_to_the_second(day):
    fleet = day.scenario.fleet("inference").nodes
    start, end = int(QUARTER_DAY.start.timestamp()), int(QUARTER_DAY.end.timestamp())
    changed = [node for node in fleet if start < node.launched < end or start < node.ended < end]
    assert changed
    assert not any(node.group.spot for node in fleet)  # their price would not be exact
    told = day.stores.lifetimes.states({node.instance_id for node in changed})
    for node in changed:
        times = {state.state: int(state.at.timestamp()) for state in told[node.instance_id]}
        assert start < node.launched < end or times["shutting-down"] == node.ended
        assert not start < node.launched < end or times["running"] == node.launched
    true = true_compute_by_node_group(day.scenario, "inference", QUARTER_DAY).values()
    found = day.closed("inference", QUARTER_DAY)
    compute = Money.sum(hour.by_category()[part] for hour in found for part in COMPUTE)
    assert differs(compute, Money.of(sum(true))) < Fraction(1, 10**9)


def test_budgets_are_checked_after_every_hour_and_every_bill(day):
    ran = day.successes()
    assert ran["close_hour"] == 2 * 7  # two clusters; the hour before the first is closed too
    assert ran["collect_spend"] == 1
    news = ("close_hour", "attribute_costs", "collect_spend")
    assert ran["check_budgets"] == sum(ran[name] for name in news)


def test_every_function_ran_and_its_heart_beat_each_time(day):
    ran = day.successes()
    deployed = {
        function.handler.split(".")[1] for function in day.cloud.deployment.functions.values()
    }
    assert set(ran) == deployed - BY_WORKFLOW - {API}
    for name, times in ran.items():
        lines = [line for line in day.cloud.log(name).splitlines() if '"_aws"' in line]
        beats = [json.loads(line) for line in lines]
        assert [beat["Heartbeat"] for beat in beats] == [[1.0]] * times
        for beat in beats:
            [metrics] = beat["_aws"]["CloudWatchMetrics"]
            assert (metrics["Namespace"], metrics["Dimensions"]) == ("Bursar", [["service"]])
            assert beat["service"] == name


def test_nothing_failed(day):
    assert day.failed_events() == []
    assert {run.ending for run in day.cloud.reports} == {"response"}


def test_a_crossed_budget_is_one_mail_to_its_owner_and_the_catch_all_and_one_card(day):
    sent = day.sent(DEPLOYED_AT, "budget.threshold")
    assert Counter((each.protocol, each.endpoint) for each in sent) == {
        ("email", "platform-oncall@example.com"): 1,
        ("email", "cost-guard@example.com"): 1,
        ("https", CHAT): 1,
    }
    # two and a half hours' money was gone when the third hour closed, at 08:11
    assert {each.sent_at for each in sent} == {FIRST_HOUR + timedelta(hours=3, minutes=11)}


def test_the_mail_says_things_in_the_order_in_which_people_need_them(day):
    mail = day.sent(DEPLOYED_AT, "budget.threshold")[0]
    assert re.fullmatch(r"[!-~][ -~]{0,98}", mail.subject)
    assert mail.subject.startswith("[Critical] cluster=inference has cost $")
    parts = [
        r"cluster=inference has cost \$[\d.,]+: 1\d\d% of \$[\d.,]+ for the day\n",
        r"Metered \$[\d.,]+ against \$[\d.,]+ expected by now",
        r"Since 2026-10-20 00:00 UTC\. Data is 11 min old \(as of 2026-10-20 08:00 UTC\)",
        r"Top drivers:\n  \$",
        r"Owner: platform\n",
        r"Do: Look at the drivers",
        r"Policy: budget inference-day   Alert: BR-[0-9A-F]{10}\n",
        r"To mute: ",
    ]
    assert re.search(".*".join(parts), mail.message, re.DOTALL), mail.message
    assert mail.message.startswith("cluster=inference")


def test_the_card_is_one_that_chat_can_show(day):
    [card] = [each for each in day.sent(DEPLOYED_AT, "budget.threshold") if each.endpoint == CHAT]
    shown = json.loads(card.message)
    assert (shown["version"], shown["source"]) == ("1.0", "custom")
    assert "cluster=inference has cost $" in shown["content"]["title"]


def test_a_changed_limit_is_told_anew_under_another_id_and_closing_again_changes_nothing(day):
    budgets, [budget] = day.stores.budgets, day.config.budgets
    before, last = budgets.state(budget.id, DAY), day.closed("inference", QUARTER_DAY)
    assert before.epoch == 1
    lower = {"limit": before.limit.times(Fraction(1, 2)), "version": before.version + 1}
    assert budgets.commit(before, before.model_copy(update=lower), [])
    old = {each.message for each in day.sent(DEPLOYED_AT, "budget.threshold")}
    day.send("close_hour", QUARTER_DAY.end + timedelta(minutes=11), cluster="inference")
    assert budgets.state(budget.id, DAY).epoch == 2
    told = day.sent(QUARTER_DAY.end, "budget.threshold")
    assert len(told) == 3
    assert not old & {each.message for each in told}
    assert day.closed("inference", QUARTER_DAY) == last


def test_what_a_cluster_cost_in_the_dark_is_unknown_and_no_number_is_made_up(day):
    half_seen, dark, seen_again = day.closed("training", Window(QUIET.end, QUARTER_DAY.end))
    assert (dark.quality, dark.rows, dark.known_seconds) == (Quality.UNKNOWN, {}, 0)
    seen = (
        Window(half_seen.window.start, TRAINING_IS_DOWN.start),
        Window(TRAINING_IS_DOWN.end, seen_again.window.end),
    )
    for hour, window in zip((half_seen, seen_again), seen, strict=True):
        assert (hour.quality, hour.known_seconds) == (Quality.ESTIMATED, 900)
        assert differs(hour.total, true_total(day.scenario, "training", window)) < Fraction(
            1, 1000
        )


def test_a_cluster_that_went_dark_is_told_once_and_once_when_it_is_seen_again(day):
    about = [each for each in day.sent(DEPLOYED_AT) if "cluster/" in each.message]
    for kind, says in (("source.blind", "not been seen for 45 min"), ("source.restored", "again")):
        told = [each for each in about if each.attributes["kind"] == kind]
        assert Counter(each.endpoint for each in told) == {"cost-guard@example.com": 1, CHAT: 1}
        assert all("cluster/training" in each.message and says in each.message for each in told)
    assert len(about) == 4
    assert day.health("cluster/training").quality is Quality.FINAL


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_event_that_a_function_cannot_take_is_tried_three_times_and_kept(day, name):
    event = {"unparsable": name}
    day.cloud.send_event(name, event)
    [kept] = day.failed_events()
    assert kept["version"] == "1.0"
    assert kept["requestPayload"] == event
    assert kept["responsePayload"]["errorType"] == "ValidationError"
    assert kept["responseContext"]["functionError"] == "Unhandled"
    asked = kept["requestContext"]
    assert (asked["condition"], asked["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    assert asked["functionArn"] == f"{day.cloud.deployment.function(name).arn}:$LATEST"


def refuse(code: str) -> Operation:
    def operation(_: object) -> dict[str, object]:
        raise ServiceError(code, "not now")

    return operation


BROKEN = {
    "refused": refuse("AccessDeniedException"),
    "throttled": refuse("LimitExceededException"),
    "empty": lambda _: {},
    "nonsense": lambda _: {
        "PriceList": ["moo"],
        "ResultsByTime": [{"TimePeriod": {"Start": "x"}}],
    },
}


LIST_PRICES = ("collect_prices", {"part": "list"}, f"prices/{REGION}")
SPEND = ("collect_spend", {}, "spend")


@pytest.mark.parametrize(
    ("name", "event", "source", "how"),
    [
        *((*LIST_PRICES, how) for how in ("refused", "empty", "nonsense")),
        *((*SPEND, how) for how in BROKEN),
    ],
)
def test_a_source_that_is_broken_fails_its_function_and_spoils_nothing(
    day, name, event, source, how
):
    services = {
        "collect_prices": day.services.price_list,
        "collect_spend": day.services.cost_explorer,
    }
    before, checks = day.health(source), day.successes()["check_budgets"]
    at = DEPLOYED_AT + timedelta(days=1 + list(BROKEN).index(how))
    with services[name].disturbed(BROKEN[how]):
        day.send(name, at, **event)
    [kept] = day.failed_events()
    assert kept["requestPayload"] == {"scheduled_at": at.isoformat(), **event}
    assert kept["responsePayload"]["errorType"].endswith("Error")
    assert day.successes()["check_budgets"] == checks
    health = day.health(source)
    assert (health.quality, health.at, health.good_at) == (Quality.UNKNOWN, at, before.good_at)
    assert health.detail
    assert day.send(name, at, **event).succeeded
    assert day.health(source).good_at == at


def test_a_message_that_cannot_be_read_is_kept_and_holds_up_no_other(day):
    rows = [OutboxRow(alert=blind(name, None, day.now, "Look."), due_at=day.now) for name in "abc"]
    garbled, *good = map(item, rows)
    for each in (good[0], garbled | {"json": "moo"}, good[1]):
        day.table.put_item(Item=each)
    day.cloud.settle()
    assert ids_of_mails(day) == {row.id for row in rows[1:]}
    [kept] = day.failed_events()
    assert kept["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert kept["requestContext"]["approximateInvokeCount"] == 4
    assert kept["DDBStreamBatchInfo"]["batchSize"] == 1
    # once its row is mended, which the stream leaves alone, the hourly sweep finds it unsent
    day.table.put_item(Item=garbled)
    day.go_on(day.now + timedelta(minutes=25))
    assert ids_of_mails(day) == {row.id for row in rows}
    assert day.stores.outbox.unsent(day.now) == []


def ids_of_mails(day) -> set[str]:
    """The alerts that were mailed after the quarter day; each just once."""
    mails = day.sent(QUARTER_DAY.end, "source.blind")
    ids = [each.subject[-14:-1] for each in mails if each.protocol == "email"]
    assert len(ids) == len(set(ids))
    return set(ids)
