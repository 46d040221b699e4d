"""Exceptions over HTTP: who is told what, and in which order."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bursar.adapters.memory.budgets import MemoryBudgetStore, MemoryOutbox
from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions, MemoryWorkflow
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.series import MemoryForecastStore
from bursar.config.bursar_yaml import validated
from bursar.jobs.chain_audit import chain_audit
from bursar.jobs.raised_limits import RaisedLimits
from bursar.web.api.app import answer, build_api
from bursar.wiring.raises import raised_budgets
from tests.unit.governance.world import NOON

ISSUER = "https://issuer.example.com"
ROLES = {
    "rita": ["requester"],
    "emil": ["engineering-manager"],
    "emma": ["engineering-manager"],
    "dirk": ["director"],
    "vito": ["vp"],
    "vic": ["viewer"],
}
PEOPLE = [
    {
        "id": name,
        "email": f"{name}@example.com",
        "roles": roles,
        "accounts": [{"issuer": ISSUER, "subject": f"s-{name}"}],
    }
    for name, roles in ROLES.items()
]
CONFIG = {
    "version": 1,
    "organisation": "acme",
    "account": "111122223333",
    "region": "eu-west-1",
    "notifications": {"catch_all": ["finops@example.com"]},
    "owners": {"research": {"emails": ["research@example.com"]}},
    "budgets": [
        {"id": "everything", "scope": "org=acme", "limit": 900_000, "owner": "research"},
        {
            "id": "research",
            "scope": "namespace=research",
            "limit": 100_000,
            "owner": "research",
            "enforced": True,
        },
        {"id": "ads", "scope": "namespace=ads", "limit": 5_000, "owner": "research"},
    ],
    "governance": {
        "people": PEOPLE,
        "teams": [{"name": "research", "owns": ["namespace=research"]}],
    },
}
ASKED = {
    "policy": "training-job",
    "scope": {"namespace": "research", "model": "llama"},
    "amount_usd": "120000",
    "purpose": "<b>fine-tuning</b>",
    "justification": "the eval gap",
    "business_impact": "launch in Q1",
    "until": (NOON + timedelta(days=30)).isoformat(),
}


class Api:
    def __init__(self) -> None:
        self.audit, outbox = MemoryAudit(), MemoryOutbox()
        self.exceptions, self.workflow = MemoryExceptions(outbox, self.audit), MemoryWorkflow()
        self.windows, self.states = MemoryLedger(), MemoryBudgetStore(outbox)
        self.forecasts = MemoryForecastStore()
        config = validated(CONFIG)
        self.ports = SimpleNamespace(
            config=config,
            budgets=self.states,
            forecasts=self.forecasts,
            raised_limits=RaisedLimits(self.exceptions, raised_budgets(config)),
            governance=SimpleNamespace(
                rules=config.governance.rules(),
                exceptions=self.exceptions,
                windows=self.windows,
                audit=self.audit,
                workflow=self.workflow,
                slack=None,
            ),
        )
        self.api = build_api()

    def call(
        self, who: str, route: str, body: Any = None, *, at: datetime = NOON, issuer: str = ISSUER
    ) -> tuple[int, Any]:
        """The status and the JSON of an answer; nobody signs in without a name."""
        method, _, path = route.partition(" ")
        path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "headers": {},
            "requestContext": {
                "http": {"method": method, "path": path},
                "stage": "$default",
                "requestId": "1",
                "timeEpoch": round(at.timestamp() * 1000),
            },
            "body": body if isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        if who:
            claims = {"iss": issuer, "sub": f"s-{who}"}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
        if query:
            event["queryStringParameters"] = dict(p.split("=") for p in query.split("&"))
        told = answer(self.api, event, None, self.ports)
        return told["statusCode"], json.loads(told["body"])

    def ask(self, **told: Any) -> str:
        status, opened = self.call("rita", "POST /v1/exceptions", ASKED | told)
        assert status == 201
        return opened["id"]

    def decide(self, who: str, id_: str, decision: str = "approve", **more: Any) -> Any:
        at = more.pop("at", NOON)
        body = {"decision": decision, "version": 1} | more
        return self.call(who, f"POST /v1/exceptions/{id_}/decisions", body, at=at)


@pytest.fixture
def api() -> Api:
    return Api()


def test_a_request_is_created_with_the_tiers_that_its_amount_needs(api: Api) -> None:
    status, told = api.call("rita", "POST /v1/exceptions", ASKED)
    assert status == 201
    assert (told["version"], told["status"], told["amount_usd"]) == (1, "pending", "120000")
    assert told["tiers"] == [
        {"name": name, "status": "pending", "decided_by": None}
        for name in ("engineering-manager", "director", "vp")
    ]
    assert told["deadline"] == (NOON + timedelta(hours=72)).isoformat()
    assert set(api.workflow.started) == {f"{told['id']}-1"}


@pytest.mark.parametrize("amount", ["49999.99", 49999.99, 49_999])
def test_an_amount_is_a_string_or_a_number_and_told_as_a_string(api: Api, amount: Any) -> None:
    _, told = api.call("rita", "POST /v1/exceptions", ASKED | {"amount_usd": amount})
    assert told["amount_usd"] == str(amount)
    assert [tier["name"] for tier in told["tiers"]] == ["engineering-manager"]


def test_three_people_approve_and_the_amount_may_be_spent(api: Api) -> None:
    id_ = api.ask()
    for who in ("emil", "dirk", "vito"):
        status, told = api.decide(who, id_)
        assert status == 200
    assert told["status"] == "approved"
    assert [tier["decided_by"] for tier in told["tiers"]] == ["emil", "dirk", "vito"]
    assert told["allowance"]["remaining_usd"] == "120000"
    assert [each["decided_by"] for each in told["decisions"]] == ["emil", "dirk", "vito"]


def test_one_no_denies(api: Api) -> None:
    id_ = api.ask()
    assert api.decide("emma", id_, "deny", comment="too much")[1]["status"] == "denied"
    assert api.decide("dirk", id_)[0] == 409


def test_nobody_decides_on_their_own_request_or_out_of_turn(api: Api) -> None:
    id_ = api.ask()
    assert api.decide("rita", id_)[0] == 403
    assert api.decide("dirk", id_)[0] == 403  # not asked yet
    assert api.decide("vic", id_)[0] == 403
    assert api.exceptions.find(id_).decisions == 0


def test_a_second_decision_and_a_stale_version_conflict(api: Api) -> None:
    id_ = api.ask()
    assert api.decide("emil", id_)[0] == 200
    assert api.decide("emil", id_)[0] == 409
    assert api.decide("emma", id_)[0] == 409
    assert api.decide("dirk", id_, version=2)[0] == 409


def test_after_the_deadline_it_is_gone_and_shown_as_expired(api: Api) -> None:
    id_, late = api.ask(), NOON + timedelta(hours=72)
    assert api.decide("emil", id_, at=late)[0] == 410
    _, told = api.call("rita", f"GET /v1/exceptions/{id_}", at=late)
    assert (told["status"], told["may_edit"]) == ("expired", False)


def test_who_is_not_signed_in_unknown_or_a_viewer_asks_for_nothing(api: Api) -> None:
    assert api.call("", "POST /v1/exceptions", ASKED)[0] == 401
    assert api.call("mallory", "POST /v1/exceptions", ASKED)[0] == 403
    assert api.call("rita", "POST /v1/exceptions", ASKED, issuer="https://evil")[0] == 403
    assert api.call("vic", "POST /v1/exceptions", ASKED)[0] == 403
    assert api.exceptions.recent() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_usd": "-1"},
        {"amount_usd": "0"},
        {"amount_usd": "NaN"},
        {"amount_usd": None},
        {"scope": {}},
        {"scope": {"planet": "mars"}},
        {"scope": {"model": "a,b"}},
        {"scope": "namespace=research"},
        {"policy": "none-of-ours"},
        {"until": NOON.isoformat()},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"until": "2026-12-24T00:00:00"},
        {"purpose": " "},
        {"justification": "\ud800"},
        {"beneficiary": "nobody"},
        {"more": 1},
    ],
)
def test_what_nobody_could_grant_is_unprocessable(api: Api, wrong: dict[str, Any]) -> None:
    assert api.call("rita", "POST /v1/exceptions", ASKED | wrong)[0] == 422
    assert api.exceptions.recent() == []


def test_errors_come_in_the_order_404_403_410_409_422(api: Api) -> None:
    id_, nonsense = api.ask(), "{"
    path = f"POST /v1/exceptions/{id_}/decisions"
    assert api.call("mallory", "POST /v1/exceptions/nope/decisions", nonsense)[0] == 404
    assert api.call("rita", path, nonsense)[0] == 403
    assert api.call("emil", path, nonsense, at=NOON + timedelta(days=4))[0] == 410
    assert api.call("emil", path, nonsense)[0] == 422
    api.decide("emil", id_, "deny")
    assert api.call("emil", path, nonsense)[0] == 409
    assert api.call("rita", f"PATCH /v1/exceptions/{id_}", nonsense)[0] == 409


def test_an_edit_is_a_new_version_that_everybody_is_asked_about_anew(api: Api) -> None:
    id_ = api.ask()
    api.decide("emil", id_)
    edit = {"version": 1, "amount_usd": 60_000, "purpose": "less"}
    assert api.call("emil", f"PATCH /v1/exceptions/{id_}", edit)[0] == 403
    status, told = api.call("rita", f"PATCH /v1/exceptions/{id_}", edit)
    assert (status, told["version"], told["amount_usd"]) == (200, 2, "60000")
    assert [tier["status"] for tier in told["tiers"]] == ["pending"] * 2
    assert told["justification"] == ASKED["justification"]
    assert api.decide("emil", id_)[0] == 409  # version 1
    assert api.decide("emil", id_, version=2)[0] == 200
    assert set(api.workflow.started) == {f"{id_}-1", f"{id_}-2"}


def test_everybody_sees_their_own_and_what_waits_for_them(api: Api) -> None:
    id_ = api.ask()

    def listed(who: str, query: str = "") -> list[str]:
        return [each["id"] for each in api.call(who, f"GET /v1/exceptions{query}")[1]]

    assert listed("rita") == [id_]
    assert listed("emil") == []
    assert listed("emil", "?awaiting=me") == listed("emma", "?awaiting=me") == [id_]
    assert listed("rita", "?awaiting=me") == listed("dirk", "?awaiting=me") == []
    api.decide("emil", id_)
    assert listed("emma", "?awaiting=me") == []
    assert listed("dirk", "?awaiting=me") == [id_]


def test_looking_changes_nothing(api: Api) -> None:
    id_ = api.ask()
    before = api.exceptions.find(id_)
    status, told = api.call("vic", f"GET /v1/exceptions/{id_}")
    assert (status, told["may_decide"], told["may_edit"]) == (200, False, False)
    assert api.call("emil", f"GET /v1/exceptions/{id_}")[1]["may_decide"] is True
    assert api.exceptions.find(id_) == before


def test_the_audit_is_read_by_pages_and_can_be_checked_by_its_reader(api: Api) -> None:
    id_ = api.ask()
    api.decide("emil", id_)
    chain_audit(api.audit, api.audit)
    status, told = api.call("vic", "GET /v1/audit")
    assert (status, [each["number"] for each in told["records"]]) == (200, [1, 2])
    assert told["head"] == {"number": 2, "hash": told["records"][1]["hash"]}
    [second] = api.call("vic", "GET /v1/audit?after=1")[1]["records"]
    assert json.loads(second["body"])["action"] == "exception.decided"
    assert api.call("vic", "GET /v1/audit?after=x")[0] == 422
    assert api.call("", "GET /v1/audit")[0] == 401
