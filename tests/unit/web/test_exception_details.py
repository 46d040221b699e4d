"""What people see before they sign: budgets, forecast, policy, and what else their team asks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bursar.domain.books import Book
from bursar.domain.budgets import BudgetState
from bursar.domain.governance.raises import RaisedBudgets
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.series.names import SeriesName
from bursar.domain.spend_forecast.records import Outcome, SpendForecast
from bursar.jobs.raised_limits import RaisedLimits
from tests.unit.governance.world import NOON
from tests.unit.web.test_exceptions_api import ASKED, Api

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def api() -> Api:
    return Api()


def shown(api: Api, id_: str, who: str = "emil") -> dict:
    return api.call(who, f"GET /v1/exceptions/{id_}")[1]


def test_the_budgets_that_it_would_be_spent_of_stand_beside_it(api: Api) -> None:
    window = BudgetWindow("research", NOVEMBER)
    api.windows.open(window, Money.of(100_000))
    api.windows.set_base(window, Money.of(120_000))
    everything, research = shown(api, api.ask())["budgets"]
    assert (everything["id"], everything["spent_usd"]) == ("everything", None)
    assert (research["id"], research["enforced"]) == ("research", True)
    assert (research["limit_usd"], research["available_usd"]) == ("120000", "120000")


def test_a_budget_that_is_only_watched_tells_what_it_heard_last(api: Api) -> None:
    state = BudgetState(
        budget_id="everything",
        starts_at=NOVEMBER,
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        limit=Money.of(900_000),
        spent=Money.of(250_000),
        projected=Money.of(400_000),
        as_of=NOON - timedelta(hours=2),
    )
    assert api.states.commit(None, state, [])
    everything = shown(api, api.ask())["budgets"][0]
    assert everything["available_usd"] == "650000"  # 900,000 - 250,000
    assert everything["projected_usd"] == "400000"
    assert everything["as_of"] == "2026-11-20T10:00:00+00:00"


def outcome(expected: int) -> Outcome:
    low, high = Money.of(expected - 10), Money.of(expected + 10)
    return Outcome(expected=Money.of(expected), low80=low, high80=high, low95=low, high95=high)


def test_a_forecast_is_shown_while_it_is_a_week_old_at_most(api: Api) -> None:
    series = SeriesName(Book.METERED, "namespace=research")
    made = SpendForecast(
        series=series._replace(book=Book.LEDGER),
        day=date(2026, 11, 13),
        month="2026-11",
        as_of=NOON,
        so_far=Money.of(1),
        apart=Money.of(0),
        unknown_days=0,
        history_days=60,
        needed_days=14,
        outcome=outcome(5_000),
    )
    id_ = api.ask()
    api.forecasts.put([made.model_copy(update={"day": date(2026, 11, 11)})])
    assert shown(api, id_)["budgets"][1]["forecast"] is None
    api.forecasts.put([made])
    assert shown(api, id_)["budgets"][1]["forecast"] == {
        "month": "2026-11",
        "as_of": NOON.isoformat(),
        "expected_usd": "5000",
        "low80_usd": "4990",
        "high80_usd": "5010",
    }


def test_what_the_team_asked_for_beside_it_counts_and_is_listed(api: Api) -> None:
    first = api.ask(amount_usd="700")
    other = api.ask(amount_usd="40", scope={"tenant": "nobody's"})
    told = shown(api, api.ask(amount_usd="60000"))
    assert told["counted_beside_usd"] == "700"
    assert [each["id"] for each in told["others"]] == [first]
    assert shown(api, other)["others"] == []


def test_the_policy_is_told_in_words(api: Api) -> None:
    when = "estimated_cost_usd is above 10000"
    assert shown(api, api.ask())["policy_rules"] == [{"when": when, "then": "require_approval"}]


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("emil", None),
        ("rita", "rita is a party to this request"),
        ("vic", "vic is not asked about"),
    ],
)
def test_whoever_may_not_decide_is_told_why(api: Api, who: str, why: str | None) -> None:
    told = shown(api, api.ask(), who)
    assert (told["you"], told["asked"]) == (who, "engineering-manager")
    assert (told["why_not"] or "").startswith(why or "")
    assert (told["why_not"] is None) is told["may_decide"] is (why is None)


def test_what_a_request_can_be_about_is_told_with_the_tiers(api: Api) -> None:
    status, told = api.call("vic", "GET /v1/policies")
    assert (status, told["may_ask"], told["you"]) == (200, False, "vic")
    assert [each["name"] for each in told["policies"]] == [
        "training-job",
        "team-month",
        "api-request",
    ]
    assert told["tiers"][1] == {"name": "director", "at_least_usd": "50000"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("amount_usd", "0"),
        ("amount_usd", "lots"),
        ("until", NOON.isoformat()),
        ("policy", "none-of-ours"),
        ("beneficiary", "nobody"),
        ("scope", {"planet": "mars"}),
        ("purpose", " "),
    ],
)
def test_what_is_wrong_is_told_by_its_member(api: Api, member: str, value: object) -> None:
    status, told = api.call("rita", "POST /v1/exceptions", ASKED | {member: value})
    assert status == 422
    [error] = told["errors"]
    assert error["pointer"] == f"#/{member}"
    assert error["detail"] in told["detail"]


RAISES = (
    "raises research (namespace=research), 100000 USD a month, by up to 120000 USD until"
    " 2026-12-20T12:00:00+00:00; what is used of it stays in the limit"
)


def test_it_says_which_budget_it_raises_and_which_parent_still_holds(api: Api) -> None:
    state = BudgetState(
        budget_id="everything",
        starts_at=NOVEMBER,
        ends_at=datetime(2026, 12, 1, tzinfo=UTC),
        limit=Money.of(900_000),
        spent=Money.of(800_000),
        projected=None,
        as_of=NOON,
    )
    assert api.states.commit(None, state, [])
    id_ = api.ask()
    assert shown(api, id_)["notes"] == [
        RAISES,
        "everything (org=acme) is not raised and still warns:"
        " 100000 USD available, 120000 USD asked for",
    ]
    assert shown(api, api.ask(amount_usd="100000"))["notes"][1:] == []


def test_an_approval_raises_one_limit_and_a_denial_says_nothing_of_any(api: Api) -> None:
    id_ = api.ask()
    before = [each["limit_usd"] for each in shown(api, id_)["budgets"]]
    for who in ("emil", "dirk", "vito"):
        assert api.decide(who, id_)[0] == 200
    after = [each["limit_usd"] for each in shown(api, id_)["budgets"]]
    assert (before, after) == (["900000", "100000"], ["900000", "220000"])
    denied = api.ask(amount_usd="1")
    assert api.decide("emma", denied, "deny")[0] == 200
    assert shown(api, denied)["notes"] == []


def test_it_says_that_no_budget_holds_all_of_it(api: Api) -> None:
    api.ports.raised_limits = RaisedLimits(api.exceptions, RaisedBudgets((), lambda _: {}))
    told = shown(api, api.ask(scope={"tenant": "shop"}))["notes"]
    assert told == ["no budget holds all of tenant=shop: no limit is raised"]
