import pytest

BEATING = {
    "attribute_costs": 180,
    "check_budgets": 180,
    "check_health": 180,
    "close_hour": 180,
    "collect_prices": 180,
    "collect_spend": 26 * 60,
    "collect_usage_metrics": 180,
    "detect_anomalies": 8 * 60,
    "send_notifications": 180,
    "snapshot_cluster": 15,
}


def heartbeats(deployed):
    return {
        alarm["Dimensions"][0]["Value"]: alarm
        for alarm in deployed.all("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "Heartbeat"
    }


def test_there_are_few_alarms(deployed):
    assert len(deployed.all("AWS::CloudWatch::Alarm")) <= 12


@pytest.mark.parametrize(("name", "minutes"), BEATING.items())
def test_a_heart_that_is_silent_for_long_raises_the_alarm(deployed, name, minutes):
    alarm = heartbeats(deployed)[name]

    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Namespace"] == "Bursar"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": name}]
    assert alarm["Period"] * alarm["EvaluationPeriods"] == minutes * 60


def test_only_what_is_woken_regularly_must_beat(deployed, smallest):
    assert set(heartbeats(deployed)) == set(BEATING)
    assert set(heartbeats(smallest)) == {
        "attribute_costs",
        "check_health",
        "collect_prices",
        "detect_anomalies",
        "send_notifications",
    }


def test_the_first_dead_letter_raises_the_alarm(deployed):
    depths = [
        alarm
        for alarm in deployed.all("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    ]

    last_stops = [
        queue for queue in deployed.all("AWS::SQS::Queue").values() if "RedrivePolicy" not in queue
    ]
    assert len(depths) == len(last_stops) == 2
    assert {alarm["Threshold"] for alarm in depths} == {1}


def test_every_alarm_tells_people_when_it_fires_and_when_it_ends(deployed):
    alerts = [{"Ref": deployed.id_of("AWS::SNS::Topic", "Alerts")}]

    for alarm in deployed.all("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alerts
        assert alarm["OKActions"] == alerts
