"""Three people at once: each reads, then writes, in every order in which that can happen.

The writes come in one of 6 orders; who writes second may have read before or after the first
write, who writes third before, between or after: 6 x 1 x 2 x 3 = 36 interleavings of any three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, permutations, product

import pytest

from bursar.adapters.memory.governance import MemoryExceptions
from bursar.domain.governance.decisions import Choice
from tests.unit.governance.book import Asked, expired
from tests.unit.governance.company import Company, DivergedError, Seen
from tests.unit.governance.world import EM, MILLISECOND, NOON

Judged = tuple[Seen, int]
Actor = tuple[Callable[[Company], int], Callable[[Company, Judged], None]]
ASKED = Asked("rita", "ben", "team=search", "training-job", 5_000_000, NOON + timedelta(days=20))


def _decider(person: str, choice: Choice, tier: str | None = None) -> Actor:
    return (
        lambda company: company.judge("E1", person, choice, 1, tier),
        lambda company, late: company.decide("E1", person, choice, 1, tier, late=late),
    )


def _editor(cents: int) -> Actor:
    asked = replace(ASKED, cents=cents)
    return (
        lambda company: company.book.editing("E1", "rita", asked, 1, company.now)[0],
        lambda company, late: company.edit("E1", "rita", asked, 1, late=late),
    )


def _timer() -> Actor:
    return (
        lambda _: 0,
        lambda company, late: company.time_out("E1", 1, EM, late=late),
    )


ACTORS = {
    "emil approves": _decider("emil", Choice.APPROVE),
    "sven approves in emil's place": _decider("sven", Choice.APPROVE),
    "vito denies": _decider("vito", Choice.DENY),
    "emma approves": _decider("emma", Choice.APPROVE),
    "emma approves as she was shown": _decider("emma", Choice.APPROVE, EM),
    "dirk approves": _decider("dirk", Choice.APPROVE),
    "rita approves": _decider("rita", Choice.APPROVE),
    "rita edits": _editor(6_000_000),
    "the wait ends": _timer(),
}


@pytest.mark.parametrize("names", [*combinations(ACTORS, 3)], ids=" + ".join)
@pytest.mark.parametrize("moment", ["just in time", "at the deadline"])
def test_three_at_once_end_as_if_one_came_after_the_other(
    names: tuple[str, ...], moment: str
) -> None:
    for order in permutations(names):
        for gaps in product(range(1), range(2), range(3)):
            company = Company()
            company.open("E1", ASKED)
            deadline = company.book.pages["E1"].deadline
            company.now = deadline - 4 * MILLISECOND if moment == "just in time" else deadline
            _run(company, [ACTORS[name] for name in order], gaps)
            company.check_all()


def _run(company: Company, actors: list[Actor], gaps: tuple[int, ...]) -> None:
    """Actor n reads before write `gaps[n]` and writes n-th; writes are a millisecond apart."""
    read: dict[int, Judged] = {}
    start = company.now
    for turn, (_, write) in enumerate(actors):
        for n, gap in enumerate(gaps):
            if gap == turn:
                company.now = start + n * MILLISECOND
                read[n] = company.seen("E1"), actors[n][0](company)
        company.now = start + turn * MILLISECOND
        write(company, read[turn])


def test_the_orders_see_writers_who_do_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryExceptions, "_is_current", lambda *_: True)
    with pytest.raises(DivergedError):
        test_three_at_once_end_as_if_one_came_after_the_other(
            ("emil approves", "vito denies", "rita edits"), "just in time"
        )


def test_the_wait_ends_what_nobody_answered() -> None:
    company = Company()
    company.open("E1", ASKED)
    company.now = company.book.pages["E1"].deadline
    assert expired(company.book.pages["E1"], company.now)
    company.time_out("E1", 1, EM)
    assert company.book.pages["E1"].status == "expired"
