from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.local.embedded.functions import Schedule
from bursar.local.embedded.schedule_expressions import ScheduleExpressionError, parse
from bursar.local.embedded.schedules import firings, steps

START = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
minutes = st.integers(0, 59)
hours = st.integers(0, 23)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, second=0, microsecond=0)
)


def due(expression, start=START, end=START + DAY, time_zone="UTC", created=None):
    return list(parse(expression, time_zone).firings(start, end, created or start))


def schedule(name, expression, enabled=True, input_="{}"):
    return Schedule(name, "g", f"arn:{name}", expression, "UTC", "arn:target", input_, enabled)


@given(st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30]), moments)
def test_steps_that_divide_the_hour_fire_evenly(step, start):
    found = due(f"cron(0/{step} * * * ? *)", start, start + timedelta(hours=3))
    assert len(found) == 180 // step
    assert {b - a for a, b in pairwise(found)} == {timedelta(minutes=step)}
    assert start <= found[0] < start + timedelta(minutes=step)


@given(st.sets(minutes, min_size=1), st.sets(hours, min_size=1), moments)
def test_a_list_fires_at_each_of_its_values_once_a_day(at_minutes, at_hours, start):
    text = f"cron({','.join(map(str, at_minutes))} {','.join(map(str, at_hours))} * * ? *)"
    found = due(text, start, start + DAY)
    assert len(found) == len(at_minutes) * len(at_hours)
    assert {moment.minute for moment in found} == at_minutes
    assert {moment.hour for moment in found} == at_hours


@given(moments, moments, moments, st.sampled_from(["cron(0/7 3-9 * * ? *)", "rate(5 hours)"]))
def test_windows_side_by_side_fire_what_the_whole_does(one, two, three, expression):
    start, middle, end = sorted((one, two, three))
    end = min(end, start + 9 * DAY)
    middle = min(middle, end)
    whole = due(expression, start, end, created=START)
    left = due(expression, start, middle, created=START)
    right = due(expression, middle, end, created=START)
    assert left + right == whole


@given(minutes, hours, moments)
def test_nothing_fires_outside_the_window(minute, hour, start):
    end = start + 3 * DAY
    found = due(f"cron({minute} {hour} * * ? *)", start, end)
    assert len(found) == 3
    assert all(start <= moment < end for moment in found)


@given(st.integers(1, 500), moments)
def test_a_rate_counts_from_when_the_schedule_was_created(every, created):
    unit = "minute" if every == 1 else "minutes"
    found = due(f"rate({every} {unit})", created, created + DAY, created=created)
    assert found[0] == created
    assert len(found) == -(-1440 // every)


def test_the_end_is_not_part_of_the_window():
    assert due("cron(0 0 * * ? *)") == [START]


def test_weekdays_and_months_have_names():
    week = due("cron(0 9 ? NOV MON-FRI *)", START, START + 7 * DAY)
    assert [moment.strftime("%a") for moment in week] == ["Fri", "Mon", "Tue", "Wed", "Thu"]
    assert due("cron(0 9 ? * 1 *)", START, START + 7 * DAY)[0].strftime("%a") == "Sun"


def test_a_day_of_the_month_fires_in_months_that_have_it():
    year = due("cron(30 1 31 * ? 2026)", datetime(2026, 1, 1, tzinfo=UTC), START + 90 * DAY)
    assert [moment.month for moment in year] == [1, 3, 5, 7, 8, 10, 12]


def test_a_time_zone_moves_the_firing_with_its_clock():
    around = datetime(2026, 10, 24, tzinfo=UTC)
    found = due("cron(0 9 * * ? *)", around, around + 2 * DAY, "Europe/Berlin")
    assert [moment.hour for moment in found] == [7, 8]


def test_at_fires_once():
    assert due("at(2026-11-20T06:30:00)") == [START + timedelta(hours=6, minutes=30)]
    assert due("at(2026-11-21T00:00:00)") == []


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "cron(0 0 * * *)",
        "cron(0 0 * * * *)",
        "cron(0 0 ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(0/0 * * * ? *)",
        "cron(5-1 * * * ? *)",
        "cron(0 0 ? * FRY *)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "at(noon)",
    ],
)
def test_what_scheduler_would_refuse_is_refused(expression):
    with pytest.raises(ScheduleExpressionError):
        parse(expression)


def test_schedules_are_merged_in_time_and_grouped_by_instant():
    deployed = [
        schedule("hourly", "cron(10 * * * ? *)"),
        schedule("often", "cron(0/5 * * * ? *)"),
        schedule("off", "cron(0/1 * * * ? *)", enabled=False),
    ]
    found = list(steps(deployed, START, START + timedelta(minutes=15), START))
    assert [(step.due.minute, [f.schedule.name for f in step.firings]) for step in found] == [
        (0, ["often"]),
        (5, ["often"]),
        (10, ["hourly", "often"]),
    ]


def test_what_is_due_every_minute_fires_once_an_hour_and_last_of_all():
    deployed = [schedule("sweep", "cron(* * * * ? *)"), schedule("often", "cron(0/30 * * * ? *)")]
    end = START + timedelta(hours=2)
    due = {"sweep": [], "often": []}
    for each in firings(deployed, START, end, START, timedelta(hours=1)):
        due[each.schedule.name].append((each.due - START).total_seconds() // 60)
    assert due == {"sweep": [0, 60, 119], "often": [0, 30, 60, 90]}


def test_the_input_says_when_the_run_was_due():
    text = '{"scheduled_at": "<aws.scheduler.scheduled-time>", "cluster": "prod"}'
    (firing,) = firings(
        [schedule("one", "cron(0 6 * * ? *)", input_=text)], START, START + DAY, START
    )
    assert firing.event == {"scheduled_at": "2026-11-20T06:00:00Z", "cluster": "prod"}
