"""Five hundred requests a second through leases, in simulated time: what the items see."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bursar.clients import reservations as client
from bursar.clients.reservations import BudgetExhaustedError, Purse
from bursar.domain.admission.answers import Leased, Refused
from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension
from bursar.jobs.draw_lease import LeaseRequest, draw_lease
from bursar.jobs.release_expired import release_expired
from tests.contract.admission_books import AT, BUDGETS, Gate, budget, gate_on, with_ports
from tests.contract.ledger_books import entry

HOOK = Path(__file__).resolve().parents[2] / "docs" / "litellm" / "bursar_budgets.py"
SECONDS, GATEWAYS, EACH = 90, 10, 50  # 10 gateways x 50 requests = 500 a second
SETTLING = 20  # seconds until usage is posted


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    @property
    def at(self) -> datetime:
        return AT + timedelta(seconds=self.seconds)


class Counting:
    """The memory ledger, and how many transactions each of its items sees in each second."""

    def __init__(self, ledger: Any, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self.seen: Counter[tuple[int, object]] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def reserve(self, reservation: Any) -> None:
        self._count(reservation.id, *reservation.held)
        self._ledger.reserve(reservation)

    def close(self, reservations: Any, to: Any) -> None:
        windows = {window for each in reservations for window in each.held}
        self._count(*windows, *(each.id for each in reservations))
        self._ledger.close(reservations, to)

    def post(self, posting: Any, shard: int) -> None:
        leaves = [(key, shard) for key in posting.leaves]
        self._count(*posting.windows, *leaves, *(each.name for each in posting.entries))
        self._ledger.post(posting, shard)

    def _count(self, *items: object) -> None:
        self.seen.update((int(self._clock.seconds), item) for item in items)


class InProcess:
    """Draws leases as the API does, at the simulated time."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        self._gate, self._clock = gate, clock
        self.draws = 0

    def draw_lease(
        self, key: str, scope: Mapping[str, str], amount: Decimal, least: Decimal, usable: int
    ) -> dict[str, str]:
        self.draws += 1
        named = {Dimension(name): value for name, value in scope.items()}
        asked = LeaseRequest(
            *("gateway", key, named, Money.of(amount), Money.of(least)), timedelta(seconds=usable)
        )
        match draw_lease(asked, self._clock.at, self._gate.admission):
            case Leased(reservation):
                return {"amount_usd": reservation.amount.plain()}
            case Refused(name, available):
                raise BudgetExhaustedError(name, available.amount)
            case answer:
                raise AssertionError(answer)


def purses(gate: Gate, clock: Clock, random: Random) -> tuple[InProcess, list[Purse]]:
    drawn, keys = InProcess(gate, clock), (f"{n}" for n in range(10**6))
    made = [
        Purse(
            *(drawn, {"tenant": "search"}),
            least_usd=Decimal("0.02"),
            clock=lambda: clock.seconds,
            new_key=lambda: next(keys),
            spread=lambda: random.uniform(0.5, 1.5),
        )
        for _ in range(GATEWAYS)
    ]
    return drawn, made


def play(limit: str) -> tuple[Gate, Counter[tuple[int, object]], int, int]:
    """Requests take $0.02 at most and spend half of it; their usage is posted 20 s later.

    The gateways start a second after each other.
    """
    clock, random = Clock(), Random(3)
    plain = gate_on(None, *(budget(each.id, str(each.scope), Money.of(limit)) for each in BUDGETS))
    items = Counting(plain.admission.ledger, clock)
    gate = with_ports(plain, ledger=items, reservations=items)
    drawn, own = purses(gate, clock, random)
    told: list[list[Entry]] = []
    refused = 0
    for second in range(SECONDS):
        clock.seconds = float(second)
        told.append([])
        for n in range(GATEWAYS * EACH):
            clock.seconds = second + n / (GATEWAYS * EACH)
            purse = random.choice(own[: second + 1])
            try:
                taken = purse.take(Decimal("0.02"))
            except BudgetExhaustedError:
                refused += 1
                continue
            purse.give_back(taken, Decimal("0.01"))
            id_ = f"{second}-{n}"
            told[second].append(entry(id_, Money.of("0.01").units, at=clock.at))
        if second >= SETTLING:
            gate.use(*told[second - SETTLING])
        if second % 60 == 59:
            release_expired(clock.at, gate.admission)
    gate.use(*(each for late in told[-SETTLING:] for each in late))
    return gate, items.seen, drawn.draws, refused


def test_no_item_sees_more_than_ten_transactions_a_second() -> None:
    gate, seen, draws, refused = play("100000")
    usual = {key: times for key, times in seen.items() if key[0] < SECONDS - 1}
    assert max(usual.values()) <= 10
    assert refused == 0
    assert draws <= SECONDS  # of 45,000 requests
    assert gate.balance("search").spent == Money.of("0.01").times(SECONDS * GATEWAYS * EACH)


def test_together_the_gateways_never_spend_beyond_the_limit() -> None:
    gate, _, _, refused = play("200")
    balance = gate.balance("search")
    assert refused > 10_000  # 45,000 requests would spend $450
    assert Money.of(100) < balance.spent <= Money.of(200)
    assert balance.available == balance.limit - balance.spent - balance.reserved
    release_expired(AT + timedelta(hours=1), gate.admission)
    assert gate.balance("search").reserved == Money.zero()


class Drawn:
    """A Bursar that has so much; what was asked for is kept."""

    def __init__(self, *slices: str) -> None:
        self._slices = list(slices)
        self.wanted: list[Decimal] = []

    def draw_lease(self, _key: str, _scope: Any, amount: Decimal, *_: Any) -> dict[str, str]:
        self.wanted.append(amount)
        if not self._slices:
            raise BudgetExhaustedError("search", Decimal(0))
        return {"amount_usd": self._slices.pop(0)}


def test_a_slice_is_drawn_when_the_last_is_used_up_or_too_old() -> None:
    clock, bursar = Clock(), Drawn("1", "1", "1")
    purse = Purse(bursar, {}, least_usd=Decimal(1), clock=lambda: clock.seconds)
    purse.take(Decimal("0.6"))
    purse.take(Decimal("0.4"))
    assert len(bursar.wanted) == 1
    purse.take(Decimal("0.1"))
    clock.seconds = 44.9
    purse.take(Decimal("0.1"))
    assert len(bursar.wanted) == 2
    clock.seconds = 45
    purse.take(Decimal("0.1"))
    assert len(bursar.wanted) == 3


def test_slices_follow_the_spending() -> None:
    clock, bursar = Clock(), Drawn("10", "50", "50")
    purse = Purse(
        *(bursar, {}),
        least_usd=Decimal(1),
        seconds=10,
        clock=lambda: clock.seconds,
        spread=lambda: 1.0,
    )
    for _ in range(11):
        clock.seconds += 0.2  # $1 each 0.2 s: $10 in 2 s, $50 in 10 s
        purse.take(Decimal(1))
    assert bursar.wanted == [Decimal(10), Decimal(50)]


def test_what_is_given_back_to_an_old_slice_is_not_spent_out_of_the_new_one() -> None:
    bursar = Drawn("1", "1")
    purse = Purse(bursar, {}, least_usd=Decimal(1), clock=lambda: 0.0)
    old = purse.take(Decimal(1))
    purse.take(Decimal(1))
    purse.give_back(old, Decimal(1))
    with pytest.raises(BudgetExhaustedError):
        purse.take(Decimal(1))


class HttpRefusalError(Exception):
    """As FastAPI's HTTPException: a status and a detail."""

    def __init__(self, status_code: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status_code


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The file as LiteLLM's proxy imports it, with what it uses of LiteLLM and FastAPI."""

    def cost_per_token(*, model: str, prompt_tokens: int, completion_tokens: int) -> Any:
        if model != "gpt-x":
            raise ValueError("this model is not mapped yet")
        return prompt_tokens * 2e-6, completion_tokens * 1e-5

    def token_counter(*, model: str, messages: list[dict[str, str]]) -> int:
        return sum(len(each["content"].split()) for each in messages)

    names = {
        "litellm": SimpleNamespace(cost_per_token=cost_per_token, token_counter=token_counter),
        "litellm.integrations.custom_logger": SimpleNamespace(CustomLogger=object),
        "fastapi": SimpleNamespace(HTTPException=HttpRefusalError),
        "reservations": client,
    }
    for name, module in names.items():
        monkeypatch.setitem(sys.modules, name, module)  # type: ignore[arg-type]
    spec = importlib.util.spec_from_file_location("bursar_budgets", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


KEY = SimpleNamespace(team_alias="search", team_id="t-1", user_id="u-1")


def called(hook: ModuleType, budgets: Any, id_: str, **more: Any) -> Any:
    data = {
        "model": "gpt-x",
        "messages": [{"content": "word " * 1000}],
        "max_tokens": 800,
        "litellm_call_id": id_,
        **more,
    }
    return asyncio.run(budgets.async_pre_call_hook(KEY, None, data, "completion"))


def test_the_hook_admits_at_the_worst_case_and_gives_back_the_rest(hook: ModuleType) -> None:
    bursar = Drawn("0.02")
    budgets = hook.BursarBudgets(bursar, least_usd=Decimal("0.01"))
    assert called(hook, budgets, "1")["model"] == "gpt-x"  # 1,000 x $2 + 800 x $10 / 1M = $0.01
    called(hook, budgets, "2")
    with pytest.raises(HttpRefusalError) as stopped:
        called(hook, budgets, "3")
    assert stopped.value.status_code == 402
    ended = {"litellm_call_id": "1", "response_cost": 0.0}
    asyncio.run(budgets.async_log_success_event(ended, None, None, None))
    called(hook, budgets, "4")


def test_the_hook_refuses_a_model_that_has_no_price(hook: ModuleType) -> None:
    budgets = hook.BursarBudgets(Drawn("1"))
    with pytest.raises(HttpRefusalError) as stopped:
        called(hook, budgets, "1", model="gpt-y")
    assert stopped.value.status_code == 422
