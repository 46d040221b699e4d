"""The routes of admission, and the client that people copy, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bursar.clients.reservations import (
    BudgetExhaustedError,
    Bursar,
    BursarError,
    BursarUnavailableError,
    bearer,
)
from bursar.domain.admission.reservations import HoldRefusal, HoldRefusedError, HoldStatus
from bursar.domain.governance.policies import DEFAULT_POLICIES, Policy
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.jobs.release_expired import release_expired
from tests.contract.admission_books import (
    AT,
    LATER,
    NOVEMBER,
    Gate,
    approve,
    budget,
    gate_on,
    with_ports,
)
from tests.contract.admission_http import BATCH, GATEWAY, call, ports_of, serving

ASKED: dict[str, Any] = {
    "idempotency_key": "k",
    "scope": {"tenant": "search", "model": "gpt-x"},
    "amount_usd": "10.50",
    "usage_event_id": "event-k",
    "expires_in_seconds": 60,
}


@pytest.fixture
def gate() -> Gate:
    return gate_on(None)


@pytest.fixture
def ports(gate: Gate) -> Any:
    return ports_of(gate)


def test_a_reservation_is_made_settled_and_seen_in_the_budgets(ports: Any) -> None:
    status, held, _ = call(ports, "POST /v1/reservations", ASKED)
    assert status == 201
    assert held == {
        "id": held["id"],
        "status": "open",
        "amount_usd": "10.5",
        "expires_at": (AT + timedelta(seconds=60)).isoformat(),
    }
    assert call(ports, "POST /v1/reservations", ASKED)[:2] == (201, held)
    status, settled, _ = call(
        ports, f"POST /v1/reservations/{held['id']}/settle", {"amount_usd": 4.25}
    )
    assert (status, settled["status"]) == (200, "settled")
    status, budgets, _ = call(ports, "GET /v1/reservations/budgets")
    assert (status, [each["id"] for each in budgets]) == (200, ["all", "find", "search"])
    assert budgets[2] == {
        "id": "search",
        "scope": {"tenant": "search"},
        "enforced": True,
        "window": {
            "starts_at": "2026-11-01T00:00:00+00:00",
            "ends_at": "2026-12-01T00:00:00+00:00",
        },
        "limit_usd": "100",
        "spent_usd": "4.25",
        "reserved_usd": "0",
        "available_usd": "95.75",
        "as_of": AT.isoformat(),
    }


def test_what_was_approved_is_in_the_limit_until_only_what_was_used_of_it_is(
    gate: Gate, ports: Any
) -> None:
    """Of $50 approved beyond $100, $20 are used: $150, and $120 after the end."""
    until = AT + timedelta(hours=2)
    approve(gate, "50", until=until)

    def shown(at: datetime) -> Any:
        budgets = call(ports, "GET /v1/reservations/budgets", at=at)[1]
        found = next(each for each in budgets if each["id"] == "search")
        told = [each["remaining_usd"] for each in found.get("exceptions", ())]
        return found["limit_usd"], found["available_usd"], told

    assert shown(AT) == ("150", "150", ["50"])
    gate.admission.windows.set_base(BudgetWindow("all", NOVEMBER), Money.of(500))
    gate.admission.windows.set_base(BudgetWindow("find", NOVEMBER), Money.of(500))
    gate.admitted(amount="120")
    assert shown(AT) == ("150", "30", ["30"])
    assert shown(until) == ("120", "0", [])


def test_a_budget_that_is_short_is_named_with_what_it_has(ports: Any) -> None:
    call(ports, "POST /v1/reservations", ASKED)
    more = {**ASKED, "idempotency_key": "2", "usage_event_id": "e2", "amount_usd": 90}
    status, problem, headers = call(ports, "POST /v1/reservations", more)
    assert (status, problem["budget"], problem["available_usd"]) == (402, "all", "89.5")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_policy_on_single_requests_is_heard(gate: Gate) -> None:
    """More than $0.01 is to be reviewed, as the default has it; $5 of gpt-x must be signed."""
    strict = Policy.model_validate(
        {
            "name": "dear-requests",
            "kind": "api_request",
            "applies": [{"fact": "model", "is": "equals", "value": "gpt-x"}],
            "rules": [
                {
                    "when": [{"fact": "estimated_cost_usd", "is": "at_least", "value": "5"}],
                    "then": "require_approval",
                }
            ],
        }
    )
    ports = ports_of(with_ports(gate, policies=[*DEFAULT_POLICIES, strict]))
    cheap, dear = ({**ASKED, "idempotency_key": usd, "amount_usd": usd} for usd in ("0.01", "4"))
    for body, review in ((cheap, None), (dear, "api-request")):
        headers = call(ports, "POST /v1/reservations", body | {"usage_event_id": None})[2]
        assert headers.get("Bursar-Review") == review
    status, problem, _ = call(ports, "POST /v1/reservations", {**ASKED, "amount_usd": "5"})
    assert (status, problem["budget"]) == (402, "dear-requests")


def test_a_number_with_many_digits_loses_none(ports: Any) -> None:
    exact = '{"idempotency_key": "k", "scope": {"tenant": "a"}, "amount_usd": 0.123456789012}'
    assert call(ports, "POST /v1/reservations", exact)[1]["amount_usd"] == "0.123456789012"


def test_releasing_gives_back_and_what_is_settled_is_not_released(ports: Any) -> None:
    id_ = call(ports, "POST /v1/reservations", ASKED)[1]["id"]
    for _ in range(2):
        status, released, _ = call(ports, f"POST /v1/reservations/{id_}/release", {})
        assert (status, released["status"]) == (200, "released")
    settle = f"POST /v1/reservations/{id_}/settle"
    assert call(ports, settle, {"amount_usd": "1"})[0] == 409


def test_an_expired_one_says_so(ports: Any, gate: Gate) -> None:
    id_ = call(ports, "POST /v1/reservations", ASKED)[1]["id"]
    release_expired(LATER, gate.admission)
    assert call(ports, "POST /v1/reservations", ASKED)[1]["status"] == HoldStatus.EXPIRED
    assert call(ports, f"POST /v1/reservations/{id_}/release", {})[1]["status"] == "expired"


def test_tokens_are_priced_and_a_model_without_a_price_is_refused(ports: Any) -> None:
    tokens = {"idempotency_key": "k", "input_tokens": 1_000_000, "output_tokens": 100_000}
    scope = {"tenant": "search", "model": "gpt-x", "provider": "openai"}
    status, held, _ = call(ports, "POST /v1/reservations", {**tokens, "scope": scope})
    assert (status, held["amount_usd"]) == (201, "3")  # 1M x $2 + 0.1M x $10 / 1M
    unknown = {**tokens, "idempotency_key": "2", "scope": {**scope, "model": "gpt-y"}}
    assert call(ports, "POST /v1/reservations", unknown)[0] == 422


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amount_usd": "0"}, 422),
        ({"amount_usd": "-1"}, 422),
        ({"amount_usd": "1e30"}, 422),
        ({"amount_usd": "NaN"}, 422),
        ({"amount_usd": None}, 422),
        ({"input_tokens": 5, "output_tokens": 5}, 422),
        ({"amount_usd": " 1e1"}, 422),
        ({"amount_usd": None, "input_tokens": "5", "output_tokens": 5}, 422),
        ({"expires_in_seconds": True}, 422),
        ({"idempotency_key": ""}, 422),
        ({"usage_event_id": "x" * 257}, 422),
        ({"scope": {"planet": "mars"}}, 422),
        ({"scope": {"tenant": "__idle__"}}, 422),
        ({"scope": {"tenant": "\ud800"}}, 422),
        ({"scope": {"tenant": "search", "team": "other"}}, 422),
        ({"expires_in_seconds": 0}, 422),
        ({"expires_in_seconds": 10**9}, 422),
        ({"unknown": 1}, 422),
    ],
    ids=str,
)
def test_what_cannot_be_reserved_is_refused(changed: Any, status: int, ports: Any) -> None:
    assert call(ports, "POST /v1/reservations", {**ASKED, **changed})[0] == status


@pytest.mark.parametrize("scope", [{}, {"team": "find"}, {"namespace": "research"}])
def test_what_is_no_tenants_is_held_in_the_other_budgets_and_settled_as_nobodys(
    gate: Gate, scope: Any
) -> None:
    """By who is trusted with any tenant; usage and leases name theirs."""
    ports = ports_of(gate)
    status, held, _ = call(ports, "POST /v1/reservations", {**ASKED, "scope": scope})
    assert status == 201
    reserved = [gate.numbers(name)[1] for name in ("all", "find", "search")]
    assert reserved == ["10.5", "10.5" if "team" in scope else "0", "0"]
    settle = f"POST /v1/reservations/{held['id']}/settle"
    assert call(ports, settle, {"amount_usd": "4"})[0] == 200
    assert gate.numbers("all") == ("4", "0", "96")
    [entry] = gate.books.ledger.entries([("gateway", ASKED["usage_event_id"])]).values()
    assert entry.key.tenant == "__unattributed__"
    assert call(ports, "POST /v1/reservations", {**ASKED, "scope": scope}, by=BATCH)[0] == 403
    lease = {"idempotency_key": "l", "scope": scope, "amount_usd": "1", "least_usd": "1"}
    assert call(ports, "POST /v1/leases", lease)[0] == 403


def test_a_producers_own_name_of_a_model_is_held_as_its_usage_is_charged(gate: Gate) -> None:
    ports = ports_of(gate)
    named = {**ASKED, "scope": {"tenant": "search", "model": "fast"}}
    id_ = call(ports, "POST /v1/reservations", named)[1]["id"]
    held = gate.admission.reservations.find(id_)
    assert held is not None
    assert held.facts[Dimension.MODEL] == "gpt-x"


def test_a_request_that_names_no_provider_is_held_in_the_budget_of_its_models() -> None:
    gate = gate_on(None, budget("aws", "provider=aws"))
    scope = {"tenant": "search", "model": "eu.anthropic.claude-next-v1:0"}
    assert call(ports_of(gate), "POST /v1/reservations", {**ASKED, "scope": scope})[0] == 201
    assert gate.numbers("aws") == ("0", "10.5", "89.5")


@pytest.mark.parametrize("told", ["aws", "bedrock", "Bedrock", "AWS"])
def test_a_request_is_held_in_its_providers_budget_however_that_is_spelled(told: str) -> None:
    gate = gate_on(None, budget("aws", "provider=bedrock"))
    scope = {"tenant": "search", "model": "m", "provider": told}
    assert call(ports_of(gate), "POST /v1/reservations", {**ASKED, "scope": scope})[0] == 201
    assert gate.numbers("aws") == ("0", "10.5", "89.5")  # 100 - 10.5


def test_a_life_of_more_windows_than_a_transaction_takes_is_refused() -> None:
    days = [budget(f"d{n}", "category=external_api", period="day") for n in range(12)]
    ports = ports_of(gate_on(None, *days))
    week = {**ASKED, "expires_in_seconds": 7 * 24 * 3600}  # touches 8 days: 12 x 8 = 96
    assert call(ports, "POST /v1/reservations", week)[0] == 422
    assert call(ports, "POST /v1/reservations", ASKED)[0] == 201


@pytest.mark.parametrize("body", ["", "nonsense", "[]", "[" * 100_000, '{"amount_usd": NaN}'])
def test_a_body_that_is_no_request_is_refused(body: str, ports: Any) -> None:
    assert call(ports, "POST /v1/reservations", body)[0] == 422


def test_strangers_are_told_nothing(ports: Any) -> None:
    id_ = call(ports, "POST /v1/reservations", ASKED)[1]["id"]
    stranger = "arn:aws:sts::111122223333:assumed-role/stranger/s"
    release = f"POST /v1/reservations/{id_}/release"
    assert [call(ports, release, {}, by=each)[0] for each in ("", stranger, BATCH)] == [
        *(401, 403, 404)
    ]
    assert call(ports, "POST /v1/reservations", ASKED, by=BATCH)[0] == 403
    budgets = call(ports, "GET /v1/reservations/budgets", by=BATCH)[1]
    assert [each["id"] for each in budgets] == ["all", "find"]


def test_when_others_are_in_the_way_it_says_when_to_come_back(gate: Gate) -> None:
    class InTheWay:
        def reserve(self, _: Any) -> None:
            raise HoldRefusedError(HoldRefusal.BUSY)

        def find(self, _: str) -> None:
            return None

    ports = ports_of(with_ports(gate, reservations=InTheWay()))
    status, _, headers = call(ports, "POST /v1/reservations", ASKED)
    assert (status, headers["Retry-After"]) == (503, "1")


@pytest.fixture
def failures() -> list[int]:
    return []


@pytest.fixture
def client(ports: Any, failures: list[int]) -> Iterator[Bursar]:
    token = base64.b64encode(GATEWAY.encode()).decode()
    with serving(ports, failures) as url:
        yield Bursar(url, bearer(token), sleep=lambda _: None)


def test_the_client_reserves_settles_releases_and_draws(client: Bursar, gate: Gate) -> None:
    scope = {"tenant": "search"}
    held = client.reserve("1", scope, Decimal(10))
    assert client.settle(held["id"], Decimal("4.5"))["status"] == "settled"
    other = client.reserve("2", scope, Decimal(10), usage_event_id="e2")
    assert client.release(other["id"])["status"] == "released"
    lease = client.draw_lease("3", scope, Decimal(80), Decimal(1), 30)
    assert lease["amount_usd"] == "23.875"  # a quarter of 95.50
    assert lease["usable_until"] == (AT + timedelta(seconds=30)).isoformat()
    assert gate.numbers() == ("4.5", "23.875", "71.625")


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(
    client: Bursar, failures: list[int], gate: Gate
) -> None:
    failures += [502, 503]
    client.reserve("1", {"tenant": "search"}, Decimal(10))
    assert gate.numbers() == ("0", "10", "90")


def test_the_client_says_what_stops_it(client: Bursar, failures: list[int]) -> None:
    with pytest.raises(BudgetExhaustedError) as stopped:
        client.reserve("1", {"tenant": "search"}, Decimal(101))
    assert (stopped.value.budget, stopped.value.available_usd) == ("all", Decimal(100))
    with pytest.raises(BursarError, match="422"):
        client.reserve("1", {"tenant": "search", "team": "other"}, Decimal(1))
    failures += [503] * 4
    with pytest.raises(BursarUnavailableError):
        client.reserve("2", {"tenant": "search"}, Decimal(1))


def test_the_ceiling_of_a_request_is_told_like_a_budget(gate: Gate) -> None:
    low = replace(gate, admission=replace(gate.admission, ceiling=Money.of(5)))
    status, problem, _ = call(ports_of(low), "POST /v1/reservations", ASKED)
    assert (status, problem["budget"], problem["available_usd"]) == (402, "request-ceiling", "5")
