"""Random sequences of attempts, seeded: most of them are what nobody should be able to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from bursar.domain.governance.decisions import Choice
from tests.unit.governance.book import ROLES, Asked
from tests.unit.governance.company import Company
from tests.unit.governance.world import MILLISECOND, NOON, PEOPLE

_EVERYBODY = [person.id for person in PEOPLE]
_SIGNERS = [*ROLES, "sven"]
_CENTS = [1, 2_000_000, 3_000_000, 4_999_999, 5_000_000, 9_999_999, 10_000_000, 12_000_000]
_SCOPES = ["team=search", "team=search,feature=a", "tenant=shop", "team=ads", "namespace=lab"]
_UNTIL = [NOON + timedelta(days=days) for days in (1, 20, 80)]
_TIERS = ["engineering-manager", "director", "vp"]


def play(seed: int) -> None:
    """One sequence, to its end.

    Raises:
        DivergedError: something ended as it must not.
    """
    random, company = Random(seed), Company()
    for name in ("E1", "E2") if random.random() < 0.6 else ("E1",):
        company.open(name, _asked(random))
    for _ in range(random.randint(4, 10)):
        _attempt(random, company)
    company.check_all()


def _attempt(random: Random, company: Company) -> None:
    if not company.book.pages:
        company.open("E1", _asked(random))
        return
    kind = random.choices(
        ("decide", "open", "edit", "wait", "time_out", "ask", "race"), (50, 6, 7, 16, 7, 6, 8)
    )[0]
    name = random.choice(list(company.book.pages))
    page = company.book.pages[name]
    version = page.version if random.random() < 0.85 else random.randint(1, 3)
    tier = page.waiting[0] if page.waiting and random.random() < 0.8 else random.choice(_TIERS)
    match kind:
        case "decide":
            shown = random.choice((None, None, tier))
            company.decide(name, _person(random, company, name), _choice(random), version, shown)
        case "open":
            company.open(f"N{len(company.book.pages) + 1}", _asked(random))
        case "edit":
            company.edit(*_edit(random, company, name), version)
        case "wait":
            _wait(random, company, name)
        case "time_out":
            company.time_out(name, version, tier)
        case "ask":
            company.ask(name, version, tier)
        case _:
            _race(random, company, name)


def _person(random: Random, company: Company, name: str) -> str:
    """Half of the time one who might; else anybody, the requester among them."""
    page = company.book.pages[name]
    if page.waiting and random.random() < 0.5:
        able = [each for each in _SIGNERS if page.hand(each, page.waiting[0])]
        if able:
            return random.choice(able)
    return random.choice([*_EVERYBODY, page.asked.requester])


def _choice(random: Random) -> Choice:
    return Choice.APPROVE if random.random() < 0.85 else Choice.DENY


def _asked(random: Random) -> Asked:
    return Asked(
        requester=random.choice(["rita", "rita", "rita", "emil", "emma", "vito", "sven", "vic"]),
        beneficiary=random.choice([None, None, "ben", "dirk", "rita"]),
        scope=random.choice(_SCOPES),
        policy=random.choice(["training-job"] * 4 + ["api-request"]),
        cents=random.choice(_CENTS),
        until=random.choice(_UNTIL),
    )


def _edit(random: Random, company: Company, name: str) -> tuple[str, str, Asked]:
    asked = company.book.pages[name].asked
    person = asked.requester if random.random() < 0.8 else random.choice(_EVERYBODY)
    return name, person, replace(asked, cents=random.choice(_CENTS))


def _wait(random: Random, company: Company, name: str) -> None:
    """To just before a deadline, to it, or for hours or weeks."""
    deadline = company.book.pages[name].deadline
    to = random.choice(
        [
            deadline - MILLISECOND,
            deadline,
            company.now + timedelta(hours=random.choice([1, 20, 71])),
            company.now + timedelta(days=random.choice([3, 29, 30])),
        ]
    )
    company.now = max(company.now, to)


def _race(random: Random, company: Company, name: str) -> None:
    """Somebody reads, others go on, and then the first one writes."""
    version = company.book.pages[name].version
    person, choice = _person(random, company, name), _choice(random)
    edits = random.random() < 0.3
    _, editor, asked = _edit(random, company, name)
    seen, at = company.seen(name), company.now + MILLISECOND
    if edits:
        judged, _ = company.book.editing(name, editor, asked, version, at)
    else:
        judged = company.judge(name, person, choice, version, at=at)
    for _ in range(random.randint(1, 2)):
        other = _person(random, company, name)
        company.decide(name, other, _choice(random), company.book.pages[name].version)
    company.now = at
    if edits:
        company.edit(name, editor, asked, version, late=(seen, judged))
    else:
        company.decide(name, person, choice, version, late=(seen, judged))
