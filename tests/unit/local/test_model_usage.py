"""What the demo's customers ask of its models is a pure function of the seed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bursar.domain.usage.records import TokenCounts
from bursar.local.scenario.calendar import Calendar
from bursar.local.scenario.model_usage import (
    BEDROCK,
    NOVA,
    OPENAI,
    SELF_HOSTED,
    TRAFFIC,
    HourOfUsage,
    bought_by_team,
    usage_of_hour,
)

MONDAY = datetime(2026, 8, 24, tzinfo=UTC)
CALENDAR = Calendar(MONDAY, 60)
NOON = MONDAY.replace(hour=12)


def test_the_same_hour_is_the_same_usage_whenever_it_is_asked():
    first = list(usage_of_hour(CALENDAR, 7, NOON))
    list(usage_of_hour(CALENDAR, 7, MONDAY))
    assert list(usage_of_hour(CALENDAR, 7, NOON)) == first
    assert list(usage_of_hour(CALENDAR, 8, NOON)) != first


def test_a_night_at_the_weekend_is_quieter_than_a_weekday_noon():
    night = MONDAY.replace(day=30, hour=3)
    asked = [sum(each.requests for each in usage_of_hour(CALENDAR, 7, at)) for at in (night, NOON)]
    assert asked[0] * 5 < asked[1]


def test_own_models_cost_nothing_by_the_token_and_bought_ones_by_their_rates():
    nova = next(each for each in TRAFFIC if each.model == NOVA)
    tokens = TokenCounts(input=1_000_000, cached_input=250_000, output=100_000)
    used = HourOfUsage(NOON, "acme", nova, 10, tokens)
    # 750,000 x 0.80 + 250,000 x 0.20 + 100,000 x 3.20, per million
    assert used.true_usd == Decimal("0.60") + Decimal("0.05") + Decimal("0.32")
    own = [u for u in usage_of_hour(CALENDAR, 7, NOON) if u.traffic.model in SELF_HOSTED]
    assert {each.true_usd for each in own} == {Decimal(0)}


def test_the_bill_of_a_provider_holds_its_own_models_only():
    aws = bought_by_team(CALENDAR, 7, MONDAY, 24, BEDROCK)
    other = bought_by_team(CALENDAR, 7, MONDAY, 24, OPENAI)
    assert (aws.keys(), other.keys()) == ({"search", "chat"}, {"assist"})


def test_nobody_asks_own_models_whose_pods_have_ended():
    """The scenario goes on for a week behind its end; what is bought is bought afterwards, too."""
    over = datetime.fromtimestamp(CALENDAR.last, UTC)
    before, after = (
        {each.traffic.is_bought for each in usage_of_hour(CALENDAR, 7, at)}
        for at in (over - timedelta(hours=1), over)
    )
    assert (before, after) == ({True, False}, {True})
