"""What scripts rely on, one promise after the other, through the gateway and its tokens."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from bursar.cli.main import app
from bursar.domain.budgets import BudgetState
from bursar.domain.money import Money
from bursar.jobs.release_expired import release_expired
from infra.constructs.http_api import MACHINES, PEOPLE
from tests.contract.served_api import NOON, ServedApi, serving

_NUMBERS = count(1)
_SPEC = "spec: {template: {spec: {containers: [{resources: {limits: {cpu: 4}}}]}}}"
NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"  # an id that nothing has
ASKED: dict[str, Any] = {
    "policy": "training-job",
    "scope": {"cluster": "training", "namespace": "research"},
    "amount_usd": "120000",
    "purpose": "fine-tuning",
    "justification": "the old model is wrong too often",
    "business_impact": "launch in March",
    "until": (NOON + timedelta(days=30)).isoformat(),
}
SIGNED_OFF = ("manager", "director", "vp")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, table_definition: Any) -> Iterator[ServedApi]:
    directory: Path = tmp_path_factory.mktemp("api")
    with serving(directory, table_definition) as api:
        yield api


@pytest.fixture
def api(served: ServedApi) -> ServedApi:
    served.clock.set(NOON)
    return served


def reserving(amount: Any, **more: Any) -> dict[str, Any]:
    number = next(_NUMBERS)
    return {
        "idempotency_key": f"key-{number}",
        "scope": {"tenant": "globex"},
        "amount_usd": amount,
        "usage_event_id": f"event-{number}",
        "expires_in_seconds": 60,
        **more,
    }


def reserve(api: ServedApi, amount: Any = "1") -> str:
    status, told = api.call("gateway", "POST /v1/reservations", reserving(amount))
    assert status == 201
    return str(told["id"])


def ask(api: ServedApi, **more: Any) -> Any:
    status, told = api.call("requester", "POST /v1/exceptions", ASKED | more)
    assert status == 201
    return told


def decide(api: ServedApi, who: str, id_: str, decision: str = "approve") -> tuple[int, Any]:
    body = {"decision": decision, "version": 1, "comment": "seen"}
    return api.call(who, f"POST /v1/exceptions/{id_}/decisions", body)


BUDGETS = "GET /v1/budgets"


def budget(api: ServedApi, who: str = "gateway", route: str = BUDGETS) -> Any:
    status, found = api.call(who, route)
    assert status == 200
    assert found[0]["id"] == "globex"  # the enforced one
    return found[0]


def filled(route: str, id_: str = NOWHERE) -> str:
    return route.replace("{id}", id_)


@pytest.mark.parametrize("amount", ["120000", 120000, 120000.0])
def test_an_exception_is_created_with_its_tiers_and_deadline(api: ServedApi, amount: Any) -> None:
    status, told = api.call("requester", "POST /v1/exceptions", ASKED | {"amount_usd": amount})
    tiers = ("engineering-manager", "director", "vp")
    assert status == 201
    assert (
        told
        | {
            "id": told["id"],
            "version": 1,
            "status": "pending",
            "tiers": [{"name": name, "status": "pending", "decided_by": None} for name in tiers],
            "deadline": (NOON + timedelta(hours=72)).isoformat(),
            "amount_usd": "120000",
        }
        == told
    )
    assert len(told["id"]) == len(NOWHERE)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2026-12-24", "2026-12-24T00:00:00+00:00"),
        ("2026-12-24T00:00:00Z", "2026-12-24T00:00:00+00:00"),
        ("2026-12-24T18:00:00+01:00", "2026-12-24T18:00:00+01:00"),
    ],
)
def test_until_is_a_day_which_begins_in_utc_or_a_time_of_some_zone(
    api: ServedApi, until: str, told: str
) -> None:
    assert ask(api, until=until)["until"] == told
    wrong = ASKED | {"until": until.split("T")[0] + "T00:00:00"}
    assert api.call("requester", "POST /v1/exceptions", wrong)[0] == 422


def test_a_patch_carries_the_version_and_is_answered_with_the_next(api: ServedApi) -> None:
    id_ = ask(api)["id"]
    route = f"PATCH /v1/exceptions/{id_}"
    status, told = api.call("requester", route, {"version": 1, "amount_usd": 60000})
    assert (status, told["version"], told["amount_usd"]) == (200, 2, "60000")
    assert api.call("requester", route, {"version": 1, "purpose": "late"})[0] == 409
    assert api.call("viewer", f"GET /v1/exceptions/{id_}")[1]["version"] == 2


def test_three_decisions_approve_and_each_is_answered_with_the_exception(api: ServedApi) -> None:
    id_ = ask(api)["id"]
    for n, who in enumerate(SIGNED_OFF, 1):
        status, told = decide(api, who, id_)
        assert status == 200
        signed = [f"{each}@example.com" for each in SIGNED_OFF[:n]]
        assert [tier["decided_by"] for tier in told["tiers"]][:n] == signed
    assert told["status"] == "approved"


def test_a_denial_is_final(api: ServedApi) -> None:
    id_ = ask(api)["id"]
    assert decide(api, "manager", id_, "deny")[1]["status"] == "denied"
    assert decide(api, "director", id_)[0] == 409


@pytest.mark.parametrize("amount", ["10.50", 10.5])
def test_a_reservation_is_held_settled_and_counted_in_its_budget(
    api: ServedApi, amount: Any
) -> None:
    before = budget(api)
    body = reserving(amount)
    status, told = api.call("gateway", "POST /v1/reservations", body)
    assert (status, told) == (
        201,
        {
            "id": told["id"],
            "status": "open",
            "amount_usd": "10.5",
            "expires_at": (NOON + timedelta(seconds=60)).isoformat(),
        },
    )
    assert api.call("gateway", "POST /v1/reservations", body) == (201, told)
    assert budget(api)["reserved_usd"] == "10.5"
    settle = f"POST /v1/reservations/{told['id']}/settle"
    for _ in range(2):
        status, settled = api.call("gateway", settle, {"amount_usd": "4.25"})
        assert (status, settled) == (200, told | {"status": "settled"})
    after = budget(api)
    assert (after["scope"], after["reserved_usd"]) == ({"tenant": "globex"}, "0")
    assert set(after) == {
        *("id", "scope", "enforced", "window", "as_of"),
        *("limit_usd", "spent_usd", "reserved_usd", "available_usd"),
    }
    assert float(after["spent_usd"]) == float(before["spent_usd"]) + 4.25
    assert float(after["available_usd"]) == 100 - float(after["spent_usd"])


def test_a_released_one_holds_nothing(api: ServedApi) -> None:
    id_ = reserve(api)
    for _ in range(2):
        status, told = api.call("gateway", f"POST /v1/reservations/{id_}/release")
        assert (status, told["status"], told["amount_usd"]) == (200, "released", "1")
    assert budget(api)["reserved_usd"] == "0"


def test_people_and_machines_read_the_same_of_a_budget(api: ServedApi) -> None:
    """People and a producer's account by a token, its role by a signature."""
    reserve(api, "2")
    told = [budget(api, who) for who in ("viewer", "requester", "gateway")]
    assert told == [budget(api, route="GET /v1/reservations/budgets")] * 3


def test_what_is_not_enforced_is_read_as_it_was_last_checked(api: ServedApi) -> None:
    """Before that as its window began, when nothing was spent of it."""
    found = {each["id"]: each for each in api.call("viewer", BUDGETS)[1]}
    assert [name for name, each in found.items() if each["enforced"]] == ["globex"]
    acme = found["acme"]
    began, ends = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert acme == {
        "id": "acme",
        "scope": {"tenant": "acme"},
        "enforced": False,
        "window": {"starts_at": began.isoformat(), "ends_at": ends.isoformat()},
        "limit_usd": "14000",
        "spent_usd": "0",
        "reserved_usd": "0",
        "available_usd": "14000",
        "as_of": began.isoformat(),
    }
    state = BudgetState(
        budget_id="acme",
        starts_at=began,
        ends_at=ends,
        limit=Money.of(14_000),
        spent=Money.of("6412.75"),
        projected=None,
        as_of=NOON,
    )
    assert api.ports.budgets.commit(None, state, [])
    [acme] = [each for each in api.call("viewer", BUDGETS)[1] if each["id"] == "acme"]
    assert (acme["spent_usd"], acme["available_usd"]) == ("6412.75", "7587.25")
    assert acme["as_of"] == NOON.isoformat()


def test_an_approved_exception_raises_the_budget_that_is_read(api: ServedApi) -> None:
    def limit() -> str:
        found = api.call("viewer", BUDGETS)[1]
        return next(each["limit_usd"] for each in found if each["id"] == "research-day")

    before, id_ = float(limit()), ask(api)["id"]
    for who in SIGNED_OFF:
        assert decide(api, who, id_)[0] == 200
    assert float(limit()) == before + 120_000


def test_a_short_budget_is_402_and_named_with_what_it_has(api: ServedApi) -> None:
    status, told = api.call("gateway", "POST /v1/reservations", reserving("101"))
    available = budget(api)["available_usd"]
    assert (status, told["budget"], told["available_usd"]) == (402, "globex", available)


def test_64_at_once_are_all_answered_and_none_beyond_the_limit(api: ServedApi) -> None:
    """Each asks for a fifth of what is left."""
    before = budget(api)
    fifth = Decimal(before["available_usd"]) / 5
    all_are_there = Barrier(64)

    def ask_for_it(url: str) -> int:
        body = json.dumps(reserving(str(fifth))).encode()
        headers = {"Authorization": f"Bearer {api.token('gateway')}"}
        request = urllib.request.Request(f"{url}/v1/reservations", body, headers)  # noqa: S310
        all_are_there.wait()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    with api.listening() as url, ThreadPoolExecutor(64) as pool:
        answers = Counter(pool.map(ask_for_it, [url] * 64))
    assert answers == {201: 5, 402: 59}
    assert budget(api)["available_usd"] == "0"
    api.clock.set(NOON + timedelta(hours=1))
    assert release_expired(api.clock.now, api.ports.admission).expired >= 5
    assert budget(api)["reserved_usd"] == "0"


def test_another_body_under_the_same_key_is_409(api: ServedApi) -> None:
    body = reserving("1")
    assert api.call("gateway", "POST /v1/reservations", body)[0] == 201
    assert api.call("gateway", "POST /v1/reservations", body | {"amount_usd": "2"})[0] == 409


def test_every_error_is_a_problem_with_its_status(api: ServedApi) -> None:
    for who, route, body, status in (
        ("", "GET /v1/exceptions", None, 401),
        ("viewer", "POST /v1/exceptions", ASKED, 403),
        ("viewer", f"GET /v1/exceptions/{NOWHERE}", None, 404),
        ("gateway", "POST /v1/reservations", "{", 422),
        ("gateway", "POST /v1/usage", "nonsense", 422),
        ("", "GET /v1/nowhere", None, 404),
        ("", "PUT /v1/usage", None, 405),
    ):
        given, problem = api.call(who, route, body)
        assert (given, problem["status"], problem["type"]) == (status, status, "about:blank")
        assert problem["detail"]


def test_nobody_is_told_anything_without_a_token_of_the_issuer(api: ServedApi) -> None:
    """401 comes before 404 and 422."""
    for route in (*MACHINES, *PEOPLE):
        for sent in ({}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic eDp5"}):
            assert api.call("", filled(route), "{", **sent)[0] == 401


def test_what_machines_do_no_person_does(api: ServedApi) -> None:
    """In AWS a person's token is no signature; a role that is no producer's is refused as here."""
    id_ = reserve(api)
    for route in MACHINES:
        for person in ("requester", "vp", "viewer"):
            assert api.call(person, filled(route, id_), "{")[0] == 403


def test_what_people_do_no_machine_does(api: ServedApi) -> None:
    """In AWS a signature is no token; here the machine's token is of an account that may read
    budgets, and is nobody who asks or decides."""
    id_ = ask(api)["id"]
    for route in set(PEOPLE) - {BUDGETS}:
        assert api.call("gateway", filled(route, id_), "{")[0] == 403
    assert api.call("viewer", f"GET /v1/exceptions/{id_}")[1]["version"] == 1


@pytest.mark.parametrize(
    ("route", "who"),
    [
        ("POST /v1/reservations/{id}/settle", "gateway"),
        ("POST /v1/reservations/{id}/release", "gateway"),
        ("GET /v1/exceptions/{id}", "gateway"),
        ("PATCH /v1/exceptions/{id}", "gateway"),
        ("POST /v1/exceptions/{id}/decisions", "gateway"),
    ],
)
def test_what_is_not_there_is_404_before_403_and_422(api: ServedApi, route: str, who: str) -> None:
    assert api.call(who, filled(route), "{")[0] == 404


def test_of_one_exception_403_410_409_and_422_come_in_this_order(api: ServedApi) -> None:
    """Each caller sends nonsense, and is told the first that applies."""
    told = ask(api, amount_usd="1000")
    decision = f"POST /v1/exceptions/{told['id']}/decisions"
    patch = f"PATCH /v1/exceptions/{told['id']}"

    def answers() -> list[int]:
        asked = [("requester", decision), ("manager", decision), ("requester", patch)]
        return [api.call(who, route, "{")[0] for who, route in asked]

    assert answers() == [403, 422, 422]
    api.clock.set(datetime.fromisoformat(told["deadline"]))
    assert answers() == [403, 410, 410]
    api.clock.set(NOON)
    for who in SIGNED_OFF:  # what this team was granted before counts
        decide(api, who, told["id"])
    assert answers() == [403, 409, 409]


def test_of_one_reservation_409_comes_before_422(api: ServedApi) -> None:
    id_ = reserve(api)
    settle = f"POST /v1/reservations/{id_}/settle"
    assert api.call("gateway", settle, "{")[0] == 422
    assert api.call("gateway", f"POST /v1/reservations/{id_}/release", "{")[0] == 200
    assert api.call("gateway", settle, "{")[0] == 409


def test_a_wrong_query_is_422_to_those_who_may_ask(api: ServedApi) -> None:
    for route in ("GET /v1/exceptions?awaiting=you", "GET /v1/audit?after=x"):
        assert api.call("viewer", route)[0] == 422
        assert api.call("gateway", route)[0] == 403


def test_reading_changes_nothing(api: ServedApi) -> None:
    told = ask(api)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"):
        assert api.call("", f"{method} /v1/exceptions/{told['id']}/decisions")[0] in (401, 405)
    again = api.call("requester", f"GET /v1/exceptions/{told['id']}")[1]
    assert (again["version"], again["tiers"]) == (1, told["tiers"])


def test_the_audit_is_read_by_pages_from_any_record_on(api: ServedApi) -> None:
    ask(api)
    api.chain()
    head = api.call("viewer", "GET /v1/audit")[1]["head"]["number"]
    pages = [api.call("viewer", f"GET /v1/audit?after={n}")[1] for n in (0, head - 1, head, 999)]
    assert [len(page["records"]) for page in pages] == [min(head, 100), 1, 0, 0]
    assert pages[1]["records"][0]["hash"] == pages[1]["head"]["hash"]


def test_the_audit_is_verified_and_exported_by_whoever_reads_the_api(
    api: ServedApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    ask(api)
    api.chain()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("BURSAR_TOKEN", api.token("viewer"))
    with api.listening() as url:
        told = [_audit(capsys, command, "--url", url) for command in ("verify", "export")]
        monkeypatch.setenv("BURSAR_TOKEN", api.token("gateway"))
        refused = _audit(capsys, "verify", "--url", url)
    (code, whole), (_, lines) = told
    number = len(lines.splitlines())
    assert (code, whole.split(",")[0]) == (0, f"whole: {number} records")
    assert refused == (2, "")
    assert _audit(capsys, "verify", "--as", "nobody@example.com") == (2, "")
    assert _audit(capsys, "verify", "--url", "http://127.0.0.1:1")[0] == 3


def test_the_gate_is_asked_from_the_command_line_as_by_the_api(
    api: ServedApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "bursar").mkdir()
    (tmp_path / "bursar" / "local-issuer.pem").write_bytes(api.key.read_bytes())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    file = tmp_path / "train.yaml"
    created = (
        "metadata: {name: train, namespace: research, creationTimestamp: 2026-11-20T12:00:00Z}"
    )
    file.write_text(f"kind: Job\napiVersion: batch/v1\n{created}\n{_SPEC}\n---\n")

    def gate(*words: str) -> tuple[int, str, str]:
        with api.listening() as url, pytest.raises(SystemExit) as ended:
            app(["gate", "job", str(file), "--url", url, "--as", *words])
        return (int(ended.value.code or 0), *capsys.readouterr())

    code, told, problems = gate("gateway@example.com", "--hours", "10", "--json")
    manifest = {
        "kind": "Job",
        "apiVersion": "batch/v1",
        "metadata": {"name": "train", "namespace": "research"},
        "spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"cpu": 4}}}]}}},
    }
    answer = api.call("gateway", "POST /v1/gate/jobs", {"manifest": manifest, "hours": 10})
    assert (200, json.loads(told)) == answer
    assert (code, problems) == (3, f"bursar: denied: {answer[1]['reason']}\n")  # no prices here
    assert gate("gateway@example.com")[:2] == (2, "")
    assert gate("requester@example.com", "--hours", "10")[0] == 2
    file.write_text("{")
    assert gate("gateway@example.com", "--hours", "10")[0] == 2


def _audit(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        app(["audit", *words])
    return int(ended.value.code or 0), capsys.readouterr().out
