"""Whatever order, repetition, failure or company deliveries have, the balances are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from moto import mock_aws

from bursar.domain.budgets import Budget
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.ledger.entries import Entry, EntryId, Leaf, LeafKey, sum_leaves
from bursar.domain.ledger.months import MonthState
from bursar.domain.money import Money
from bursar.domain.scopes import Scope
from tests.contract.ledger_books import NOW, ONE_PM, Books, books_on, entry, units
from tests.contract.ledger_faults import OF_OTHER_CALLS, OF_POSTINGS, Deliveries, Fault

OCTOBER = ONE_PM - timedelta(days=30)
HOURS = (ONE_PM, OCTOBER)
BUDGETS = EnforcedBudgets(
    [
        Budget(id="search", scope=Scope.parse("tenant=search"), limit=Money.of(100), owner="ana"),
        Budget(
            id="all", scope=Scope.parse("category=external_api"), limit=Money.of(1), owner="bo"
        ),
    ],
    organisation="acme",
    team_of=lambda _: "",
)


def body(n: int, version: int, hours: int) -> Entry:
    return entry(
        f"{n}",
        units=10**version * (n + 1),
        at=HOURS[n % hours],
        tenant=("search", "ads")[n // 2 % 2],
        input_tokens=n + version,
    )


BODIES = {
    (n, version, hours): body(n, version, hours)
    for n in range(12)
    for version in range(2)
    for hours in (1, 2)
}


@dataclass(frozen=True)
class Story:
    """`ids` usage records of one or two hours, each told one to three times; a `contested`
    percentage of the tellings has another body."""

    seed: int
    ids: int
    hours: int
    contested: int
    fault_percent: int
    company_percent: int
    closes_october: bool

    def told(self, random: Random) -> list[list[Entry]]:
        """All tellings, shuffled and batched anew."""
        tellings = [
            BODIES[n, int(random.randrange(100) < self.contested), self.hours]
            for n in range(self.ids)
            for _ in range(random.randint(1, 3))
        ]
        random.shuffle(tellings)
        batches = []
        while tellings:
            size = random.randint(1, max(self.ids, 2))
            batches.append(tellings[:size])
            tellings = tellings[size:]
        return batches


def stories(most_ids: int, hours: int) -> some.SearchStrategy[Story]:
    """Of one hour, or of two of which one lies in a month that may be closed on the way."""
    return some.builds(
        Story,
        seed=some.integers(0, 2**32),
        ids=some.integers(1, most_ids),
        hours=some.just(hours),
        contested=some.sampled_from([0, 30]),
        fault_percent=some.sampled_from([0, 20, 60]),
        company_percent=some.sampled_from([0, 30]),
        closes_october=some.booleans() if hours > 1 else some.just(False),
    )


def play(story: Story, books: Books) -> None:
    random = Random(story.seed)
    batches = story.told(random)
    faults_left = story.ids + 2

    def decide(faults: Sequence[Fault]) -> Fault | None:
        nonlocal faults_left
        if not faults_left or random.randrange(100) >= story.fault_percent:
            return None
        faults_left -= 1
        return random.choice(faults)

    def deliver(some_batches: list[list[Entry]]) -> None:
        Deliveries(
            books,
            some_batches,
            decide=decide,
            others_come=lambda: random.randrange(100) < story.company_percent,
            budgets=BUDGETS,
        ).run()

    half = len(batches) // 2 if story.closes_october else len(batches)
    deliver(batches[:half])
    if story.closes_october:
        stated = books.ledger.leaves(OCTOBER)
        books.gates.turn("2026-10", MonthState.CLOSED)
        deliver(batches[half:])
        assert books.ledger.leaves(OCTOBER) == stated
    told = [each for batch in batches for each in batch]
    deliver([told])  # and once more, when everything is there
    check(books, told)


def check(books: Books, told: Sequence[Entry]) -> None:
    """The balances are one clean pass over the bodies that stand, and no body is unaccounted."""
    bodies: dict[EntryId, dict[str, Entry]] = {}
    for each in told:
        bodies.setdefault(each.name, {})[each.digest] = each
    stored = books.reader.entries(list(bodies))
    assert stored.keys() == bodies.keys()
    stands = {name: bodies[name][kept.digest] for name, kept in stored.items()}
    hours = {entry.key.hour for entry in stored.values()} | {entry.key.hour for entry in told}
    leaves = {key: leaf for hour in hours for key, leaf in books.ledger.leaves(hour).items()}
    assert leaves == sum_leaves(stored.values())
    assert by_month(leaves) == by_month(sum_leaves(stands.values()))
    refused = {(each.producer, each.id, each.refused) for each in books.conflicts.recent()}
    assert refused == {
        (*name, digest)
        for name, versions in bodies.items()
        for digest in versions.keys() - {stands[name].digest}
    }
    alerts = [row.id for row in books.outbox.unsent(NOW)]
    assert len(alerts) == len({name[:2] for name in refused})
    check_windows(books, stored.values())


def by_month(leaves: dict[LeafKey, Leaf]) -> dict[tuple[str, str], Leaf]:
    """Late entries adjust their month: it is the same sum, wherever it stands."""
    sums: dict[tuple[str, str], Leaf] = {}
    for key, leaf in leaves.items():
        name = key.adjusts or f"{key.hour:%Y-%m}", key.tenant
        sums[name] = sums.get(name, Leaf()) + leaf
    return sums


def check_windows(books: Books, stored: Any) -> None:
    spent: Counter[BudgetWindow] = Counter()
    for each in stored:
        for window in BUDGETS.windows(each):
            spent[window] += each.amounts.units
    for window, amount in spent.items():
        balance = books.windows.balance(window)
        assert balance is not None
        assert balance.spent == Money.from_units(amount)
        assert balance.spent + balance.available == balance.limit


def for_examples(
    count: int, told: some.SearchStrategy[Story], test: Callable[[Story], None]
) -> None:
    checks = settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    checks(given(told)(test))()


@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.deep)])
def test_any_interleaving_in_memory_ends_with_the_same_balances(count: int) -> None:
    for_examples(count, stories(12, hours=2), lambda story: play(story, books_on(None)))


@contextmanager
def tables(definition: dict[str, Any], url: str | None) -> Iterator[Callable[[], Any]]:
    """Makes empty tables, each in the place of the one before."""
    resource = boto3.resource("dynamodb", endpoint_url=url)
    before: list[Any] = []

    def fresh() -> Any:
        while before:
            before.pop().delete()
        name = f"bursar-{uuid4()}"
        before.append(
            resource.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **definition)
        )
        return before[0]

    yield fresh
    before.pop().delete()


def test_any_interleaving_on_moto_ends_with_the_same_balances(
    table_definition: dict[str, Any],
) -> None:
    with mock_aws(), tables(table_definition, None) as fresh:
        for_examples(190, stories(2, hours=1), lambda story: play(story, books_on(fresh())))
        for_examples(10, stories(2, hours=2), lambda story: play(story, books_on(fresh())))


def test_any_interleaving_on_dynamodb_local_ends_with_the_same_balances(
    table_definition: dict[str, Any], dynamodb_local_url: str
) -> None:
    with tables(table_definition, dynamodb_local_url) as fresh:
        for_examples(190, stories(2, hours=1), lambda story: play(story, books_on(fresh())))
        for_examples(10, stories(2, hours=2), lambda story: play(story, books_on(fresh())))


@pytest.fixture
def books(backing: Any) -> Books:
    return books_on(backing)


def test_ninety_nine_delivered_again_among_ninety_nine_new_are_charged_once(books: Books) -> None:
    first = [entry(f"first-{n}", 1) for n in range(99)]
    new = [entry(f"new-{n}", 1_000) for n in range(99)]
    Deliveries(books, [first]).run()
    mixed = [*first, *new]
    Random(7).shuffle(mixed)
    again = Deliveries(books, [mixed])
    again.run()
    (done,) = again.done
    assert (len(done.posted), done.duplicates) == (99, 99)
    assert units(books) == 99 * 1 + 99 * 1_000


def crash_at(number: int, fault: Fault) -> Callable[[Sequence[Fault]], Fault | None]:
    calls = iter(range(10_000))
    return lambda _: fault if next(calls) == number else None


@pytest.mark.parametrize("fault", OF_OTHER_CALLS)
def test_a_crash_at_any_call_is_made_good_by_the_next_delivery(
    fault: Fault, backing: Any, request: pytest.FixtureRequest
) -> None:
    """Two bodies share an id, two entries are there before, and windows are not open yet."""

    def told(run: int) -> list[Entry]:
        return [
            *(entry(f"{run}-{n}", n + 1, tenant=f"t{n % 2}") for n in range(4)),
            entry(f"{run}-1", 50, tenant="t1", input_tokens=9),
        ]

    calls: list[Sequence[Fault]] = []
    books = books_on(backing)
    Deliveries(books, [told(0)[:2]]).run()
    Deliveries(books, [told(0)], decide=lambda kinds: calls.append(kinds), budgets=BUDGETS).run()
    assert len([kinds for kinds in calls if kinds is OF_POSTINGS]) >= 2
    for number in range(len(calls)):
        run = number + 1
        Deliveries(books, [told(run)[:2]]).run()
        Deliveries(books, [told(run)], decide=crash_at(number, fault), budgets=BUDGETS).run()
        assert units(books) == (run + 1) * (1 + 2 + 3 + 4)
        assert len(books.conflicts.recent()) == run + 1
        check_windows_balance(books)


def check_windows_balance(books: Books) -> None:
    balance = books.windows.balance(BUDGETS.windows(entry("0"))[1])
    assert balance is not None
    assert balance.spent + balance.available == balance.limit
