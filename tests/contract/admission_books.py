"""Admission on any backing, over three budgets of $100, and requests as tests want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from bursar.adapters.dynamodb.governance import allowances
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.reservations import DynamoReservationStore
from bursar.adapters.dynamodb.transactions import transact
from bursar.adapters.memory.allowances import MemoryAllowances
from bursar.domain.admission.answers import Admitted
from bursar.domain.admission.reservations import Reservation
from bursar.domain.budgets import Budget
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.raises import RaisedBudgets
from bursar.domain.ledger.budget_windows import BudgetWindow, WindowBalance
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Entry
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope
from bursar.domain.usage.price_books import OwnTokenPrices
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates
from bursar.jobs.admission import Admission
from bursar.jobs.admit_spend import SpendRequest, admit_spend
from bursar.jobs.open_windows import open_windows
from bursar.jobs.post_usage import Posted, post_entries
from bursar.jobs.raised_limits import RaisedLimits
from tests.contract.ledger_books import AT_ONCE, Books, books_on, entry

AT = datetime(2026, 11, 20, 13, 10, tzinfo=UTC)
LATER = AT + timedelta(minutes=6)  # after what is asked for here has expired
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
LIFE = timedelta(minutes=5)
LIMIT = Money.of(100)
SEARCH = {Dimension.TENANT: "search", Dimension.MODEL: "gpt-x", Dimension.PROVIDER: "openai"}
PRICED = TokenPrice(
    provider="openai",
    model="gpt-x",
    source="test",
    tiers=(ContextTier(0, TokenRates(input=Decimal(2), output=Decimal(10))),),
)

Answer = TypeVar("Answer")


def budget(id_: str, scope: str, limit: Money = LIMIT, **more: Any) -> Budget:
    told = {"owner": "ana", "enforced": True, **more}
    return Budget(id=id_, scope=Scope.parse(scope), limit=limit, **told)


BUDGETS = (
    budget("all", "category=external_api"),
    budget("find", "team=find"),
    budget("search", "tenant=search"),
)


def enforced(*budgets: Budget) -> EnforcedBudgets:
    return EnforcedBudgets(budgets, "acme", {"search": "find"}.get)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Gate:
    """Admission, and the books that it stands on."""

    books: Books
    admission: Admission
    backing: Any

    def ask(self, key: str = "k", amount: str = "10", at: datetime = AT, **more: Any) -> Any:
        return admit_spend(request(key, amount, **more), at, self.admission)

    def admitted(self, key: str = "k", amount: str = "10", **more: Any) -> Reservation:
        answer = self.ask(key, amount, **more)
        assert isinstance(answer, Admitted)
        return answer.reservation

    def use(self, *entries: Entry) -> Posted:
        """Usage comes in by its own way."""
        return post_entries(
            entries,
            ledger=self.admission.ledger,
            conflicts=self.admission.conflicts,
            windows=self.admission.windows,
            at=AT,
            patience=AT_ONCE,
            budgets=self.admission.budgets,
        )

    def balance(self, budget_id: str = "search", starts_at: datetime = NOVEMBER) -> WindowBalance:
        balance = self.books.windows.balance(BudgetWindow(budget_id, starts_at))
        assert balance is not None
        return balance

    def numbers(self, budget_id: str = "search") -> tuple[str, str, str]:
        """Spent, reserved and available, in USD."""
        balance = self.balance(budget_id)
        return balance.spent.plain(), balance.reserved.plain(), balance.available.plain()


def gate_on(backing: Any, *budgets: Budget, **more: Any) -> Gate:
    memory = MemoryAllowances()
    books = books_on(backing, memory)
    stores = books.ledger if backing is None else DynamoReservationStore(backing)
    held = enforced(*(budgets or BUDGETS))
    admission = Admission(
        reservations=stores,  # type: ignore[arg-type] # the memory ledger is all of it
        ledger=books.ledger,
        conflicts=books.conflicts,
        windows=books.windows,
        budgets=held,
        raised=RaisedLimits(
            memory if backing is None else DynamoExceptions(backing),
            RaisedBudgets(budgets or BUDGETS, lambda scope: held.facts(pairs(scope))),
        ),
        prices=OwnTokenPrices([PRICED]),
        patience=AT_ONCE,
        **more,
    )
    open_windows(AT, windows=books.windows, budgets=admission.budgets)
    return Gate(books, admission, backing)


def pairs(scope: Scope) -> dict[Dimension, str]:
    return {name: scope[name] for name in scope.dimensions}


def approve(gate: Gate, usd: str = "50", scope: str = "tenant=search", **more: Any) -> str:
    """An exception that was approved a minute ago, by its id."""
    told: dict[str, Any] = {"id_": "E1", "until": AT + timedelta(days=30), **more}
    amount = Money.of(usd)
    allowance = Allowance(
        told["id_"],
        "team-month",
        Scope.parse(scope),
        amount,
        amount,
        AT - timedelta(minutes=1),
        told["until"],
    )
    store = gate.admission.raised.allowances
    if isinstance(store, MemoryAllowances):
        store.grant(allowance)
    else:
        assert transact(gate.backing, [allowances.put(allowance)])
    return allowance.exception


def with_ports(gate: Gate, **ports: Any) -> Gate:
    return replace(gate, admission=replace(gate.admission, **ports))


def request(key: str = "k", amount: Any = "10", **more: Any) -> SpendRequest:
    told: dict[str, Any] = {
        "principal": "gateway",
        "scope": SEARCH,
        "life": LIFE,
        "usage_event_id": f"event-{key}",
        **more,
    }
    worst = Money.of(amount) if isinstance(amount, str) else amount
    return SpendRequest(idempotency_key=key, amount=worst, **told)


def usage(key: str, usd: str = "3", **more: Any) -> Entry:
    """The usage of the request with that key."""
    told = {"at": AT, "provider": "openai", **more}
    return entry(f"event-{key}", Money.of(usd).units, **told)


def until(answered: Callable[[], Answer], error: type[Exception]) -> Answer:
    """Ask again after each crash."""
    while True:
        try:
            return answered()
        except error:
            continue
