import json

import pytest

DUE = "<aws.scheduler.scheduled-time>"


def listed(value):
    return value if isinstance(value, list) else [value]


def test_each_cluster_is_snapshotted_at_its_own_pace(deployed):
    paces = {
        run["cluster"]: cron
        for name, run, cron in deployed.schedules()
        if name == "snapshot_cluster"
    }

    assert paces == {
        "prod": "cron(0/5 * * * ? *)",
        "batch": "cron(0/10 * * * ? *)",
        "research": "cron(0 * * * ? *)",
        "overseas": "cron(0/5 * * * ? *)",
        "abroad": "cron(0/5 * * * ? *)",
    }


def test_each_cluster_has_its_hour_closed_once_an_hour(deployed):
    closed = [
        (run["cluster"], cron) for name, run, cron in deployed.schedules() if name == "close_hour"
    ]

    assert sorted(closed) == [
        (cluster, "cron(11 * * * ? *)")
        for cluster in ("abroad", "batch", "overseas", "prod", "research")
    ]


def test_lists_of_prices_are_looked_after_hourly_and_spot_prices_too(deployed):
    parts = {
        run["part"]: cron for name, run, cron in deployed.schedules() if name == "collect_prices"
    }

    assert parts == {"list": "cron(9 * * * ? *)", "spot": "cron(9 * * * ? *)"}


def test_the_rest_runs_once_an_hour_or_a_day(deployed):
    rest = {name: cron for name, run, cron in deployed.schedules() if set(run) == {"scheduled_at"}}

    assert rest == {
        "collect_spend": "cron(30 9 * * ? *)",
        "reconcile_spend": "cron(5 10 * * ? *)",  # the bill is kept by then
        "send_notifications": "cron(21 * * * ? *)",
        "check_health": "cron(21 * * * ? *)",
        "resume_workflows": "cron(21 * * * ? *)",
    }


def test_the_ledger_is_stated_once_an_hour_after_the_clusters_are_closed(deployed):
    runs = [
        (run["book"], cron)
        for name, run, cron in deployed.schedules()
        if name == "attribute_costs"
    ]

    assert runs == [("ledger", "cron(21 * * * ? *)")]


def test_each_source_of_metrics_is_read_once_an_hour_before_the_ledger_is_stated(deployed):
    runs = [
        (run["source"], cron)
        for name, run, cron in deployed.schedules()
        if name == "collect_usage_metrics"
    ]

    sources = ("bedrock:us-east-1", "prometheus:overseas", "prometheus:prod")
    assert sorted(runs) == [(source, "cron(14 * * * ? *)") for source in sources]


def test_series_are_looked_at_when_their_book_is_whole(deployed, smallest):
    def runs(stack, function):
        return {
            (run["book"], run.get("grain", "day"), cron)
            for name, run, cron in stack.schedules()
            if name == function
        }

    of_the_ledger = {
        ("ledger", "hour", "cron(29 0/6 * * ? *)"),  # stated at 21 past
        ("ledger", "day", "cron(40 1 * * ? *)"),
    }
    of_the_bill = {("billed", "day", "cron(50 9 * * ? *)")}  # read at 9:30
    assert runs(deployed, "detect_anomalies") == of_the_ledger | of_the_bill
    assert runs(smallest, "detect_anomalies") == of_the_ledger
    assert runs(deployed, "forecast_spend") == {
        ("ledger", "day", "cron(35 1 * * ? *)"),
        ("billed", "day", "cron(45 9 * * ? *)"),
    }


def test_every_run_is_told_when_it_was_due_and_starts_then(deployed):
    for schedule in deployed.all("AWS::Scheduler::Schedule").values():
        assert json.loads(schedule["Target"]["Input"])["scheduled_at"] == DUE
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["ScheduleExpressionTimezone"] == "Etc/UTC"


def test_what_cannot_be_delivered_is_kept_and_decryptable(deployed):
    undelivered = {"Fn::GetAtt": [deployed.id_of("AWS::SQS::Queue", "Undelivered"), "Arn"]}
    targets = [s["Target"] for s in deployed.all("AWS::Scheduler::Schedule").values()]
    rules = deployed.all("AWS::Events::Rule").values()

    for target in (*targets, *(target for rule in rules for target in rule["Targets"])):
        assert target["DeadLetterConfig"] == {"Arn": undelivered}

    [key] = deployed.all("AWS::KMS::Key").values()
    services = {
        service
        for statement in key["KeyPolicy"]["Statement"]
        if "Service" in statement["Principal"]
        for service in listed(statement["Principal"]["Service"])
    }
    assert services == {f"{name}.amazonaws.com" for name in ("cloudwatch", "events", "sns")}


def test_instance_state_changes_reach_their_recorder(deployed):
    rule = deployed.resources[deployed.id_of("AWS::Events::Rule", "InstanceStates")]["Properties"]
    [recorder] = deployed.functions()["record_node_lifetimes"]

    assert rule["EventPattern"] == {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
    }
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [recorder, "Arn"]}]


@pytest.mark.parametrize(
    ("name", "prefix"), [("send_notifications", "OUTBOX#"), ("chain_audit", "AUDIT#2")]
)
def test_only_new_outbox_rows_and_intents_wake_who_follows_them(deployed, name, prefix):
    [follower] = deployed.functions()[name]
    [mapping] = [
        each
        for each in deployed.all("AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in each and each["FunctionName"] == {"Ref": follower}
    ]
    [accepted] = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]

    assert accepted == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": prefix}]}}},
    }
    assert mapping["MaximumRetryAttempts"] == 3
    assert mapping["BisectBatchOnFunctionError"] is True
    assert "OnFailure" in mapping["DestinationConfig"]
