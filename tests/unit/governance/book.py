"""A second opinion: the rules of exceptions, written once more from the issue alone.

It shares no code with the product: amounts are cents, people are names in the tables below,
and whether tiers can be filled is found by trying everybody. For each attempt it says how the
attempt must end (0 accepted, or 403, 409, 410), and keeps what follows from those accepted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

ROLES = {
    "dora": {"engineering-manager"},
    "ben": {"director"},
    "emil": {"engineering-manager"},
    "emma": {"engineering-manager", "director"},
    "dirk": {"director", "vp"},
    "vito": {"vp", "engineering-manager"},
}
STANDS_IN_FOR = {"dora": ["rita"], "sven": ["emil", "dirk"]}
OWNERS = {"team=ads": "ads", "namespace=lab": "unowned"}  # of all others it is search
FROM_CENTS = {"engineering-manager": 0, "director": 5_000_000, "vp": 10_000_000}
ANSWER_WITHIN = timedelta(hours=72)
COUNTED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Asked:
    """What an exception asks for."""

    requester: str
    beneficiary: str | None
    scope: str
    policy: str
    cents: int
    until: datetime


@dataclass
class Page:
    """What the book knows of one exception."""

    asked: Asked
    version: int
    deadline: datetime
    needed: list[str]
    given: dict[str, str] = field(default_factory=dict)  # tier: who decided
    used: set[str] = field(default_factory=set)
    status: str = "pending"
    approved_at: datetime | None = None
    accepted: int = 1  # steps

    @property
    def purse(self) -> tuple[str, str]:
        return OWNERS.get(self.asked.scope, "search"), self.asked.policy

    @property
    def waiting(self) -> list[str]:
        return [tier for tier in self.needed if tier not in self.given]

    @cached_property
    def parties(self) -> set[str | None]:
        concerned = {self.asked.requester, self.asked.beneficiary}
        return {
            *concerned,
            *(who for who, whom in STANDS_IN_FOR.items() if concerned & set(whom)),
        }

    def hand(self, person: str, tier: str) -> set[str]:
        """Who has spoken when this person answers for a tier; empty: they cannot."""
        if person in self.parties:
            return set()
        if tier in ROLES.get(person, ()):
            return {person}
        for other in STANDS_IN_FOR.get(person, ()):
            if tier in ROLES.get(other, ()) and other not in self.parties:
                return {person, other}
        return set()

    def fillable(self, tiers: list[str], gone: set[str]) -> bool:
        if not tiers:
            return True
        return any(
            tiers[0] in roles
            and person not in gone | self.parties
            and self.fillable(tiers[1:], gone | {person})
            for person, roles in ROLES.items()
        )


class Book:
    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}

    def tiers(self, name: str, page: Page, at: datetime) -> list[str]:
        cents = page.asked.cents
        for other, its in self.pages.items():
            if other == name or its.purse != page.purse:
                continue
            pending = its.status == "pending" and at < its.deadline
            approved = its.approved_at is not None and at < its.approved_at + COUNTED_FOR
            cents += its.asked.cents if pending or approved else 0
        return [tier for tier, least in FROM_CENTS.items() if cents >= least]

    def opening(self, name: str, asked: Asked, at: datetime) -> tuple[int, Page]:
        page = Page(asked, 1, min(at + ANSWER_WITHIN, asked.until), [])
        page.needed = self.tiers(name, page, at)
        if asked.requester == "vic":
            return 403, page
        valid = asked.until > at and asked.cents > 0
        return (0 if valid and page.fillable(page.needed, set()) else 422), page

    def open(self, name: str, page: Page) -> None:
        self.pages[name] = page

    def editing(
        self, name: str, person: str, asked: Asked, version: int, at: datetime
    ) -> tuple[int, Page]:
        """`asked` has the requester and the purse of what it replaces."""
        page = self.pages[name]
        code, new = self.opening(name, asked, at)
        new.version, new.accepted = page.version + 1, page.accepted + 1
        if person != page.asked.requester:
            return 403, new
        if expired(page, at):
            return 410, new
        if page.status != "pending" or version != page.version:
            return 409, new
        return code, new

    def judge(
        self, name: str, person: str, yes: bool, version: int, at: datetime, tier: str | None
    ) -> int:
        page = self.pages[name]
        reached = page.needed if page.status != "pending" else [*page.given, page.waiting[0]]
        if not any(page.hand(person, each) for each in reached):
            return 403
        if expired(page, at):
            return 410
        if page.status != "pending" or version != page.version:
            return 409
        hand = page.hand(person, page.waiting[0])
        if not hand or hand & page.used or person in page.used:
            return 409
        if tier not in (None, page.waiting[0]):
            return 409
        left = [each for each in self.after(name, at) if each != page.waiting[0]]
        return 409 if yes and not page.fillable(left, page.used | hand) else 0

    def after(self, name: str, at: datetime) -> list[str]:
        """The tiers that are still to answer, with those that the sum has added."""
        page = self.pages[name]
        more = [tier for tier in self.tiers(name, page, at) if tier not in page.needed]
        return [*page.waiting, *more]

    def decide(self, name: str, person: str, yes: bool, at: datetime) -> None:
        page = self.pages[name]
        page.accepted += 1
        tier = page.waiting[0]
        more = [each for each in self.tiers(name, page, at) if each not in page.needed]
        page.used |= page.hand(person, tier)
        page.given[tier] = person
        if not yes:
            page.status = "denied"
            return
        page.needed = page.needed + more
        if page.waiting:
            page.deadline = min(at + ANSWER_WITHIN, page.asked.until)
        else:
            page.status, page.approved_at = "approved", at

    def expire(self, name: str) -> None:
        self.pages[name].status = "expired"
        self.pages[name].accepted += 1


def expired(page: Page, at: datetime) -> bool:
    return page.status == "expired" or (page.status == "pending" and at >= page.deadline)
