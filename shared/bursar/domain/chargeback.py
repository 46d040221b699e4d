"""What a month is charged to whom: opening, charges, adjustments and closing of every account.

An account is an owner (a team's tenant, a team alone, or what nobody bears). It runs for a UTC
calendar year: January opens at nothing, every other month at the closing of the month before.
A closed month is frozen; what changes afterwards is an adjustment in the month that it is
stated in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bursar.domain.attribution.rules import Owner
from bursar.domain.ledger.gaps import Gaps
from bursar.domain.ledger.lines import CostCategory, Line, LineKey, Statement
from bursar.domain.ledger.months import hours_in
from bursar.domain.money import Money
from bursar.domain.periods import Window, month_window
from bursar.domain.quality import Quality

K = TypeVar("K")
Balances = Mapping[Owner, int]  # 10^-12 USD


@dataclass(frozen=True, slots=True)
class FrozenMonth:
    """A month as it was closed: its lines, and what every account opened with."""

    month: str
    closed_at: datetime
    statement: Statement
    opening: Balances
    unstated: tuple[Window, ...]  # hours of which no statement was made


@dataclass(frozen=True, slots=True)
class Account:
    """One owner's month. `adjustments` are by the earlier month that each corrects."""

    owner: Owner
    opening: Money = field(default_factory=Money.zero)
    charges: Mapping[CostCategory, Line] = field(default_factory=dict)
    adjustments: Mapping[str, Line] = field(default_factory=dict)

    @property
    def charged(self) -> Money:
        return _total(self.charges.values())

    @property
    def adjusted(self) -> Money:
        return _total(self.adjustments.values())

    @property
    def closing(self) -> Money:
        return self.opening + self.charged + self.adjusted


@dataclass(frozen=True, slots=True)
class Chargeback:
    """Every account of a month; charges and adjustments sum to the statement's total.

    `booked_later` are the corrections of this month that later months state, by that month and
    owner; they are in those months' adjustments and not in this closing. `unstated` are hours
    that are over and in no amount. `closed_at` is None while the month can still change.
    """

    month: str
    statement: Statement
    accounts: tuple[Account, ...]
    unstated: tuple[Window, ...] = ()
    closed_at: datetime | None = None
    booked_later: Mapping[str, Balances] = field(default_factory=dict)

    @property
    def is_blind(self) -> bool:
        """Nothing of the month was stated: what it comes to is unknown, and not 0."""
        return self.statement.quality is Quality.UNKNOWN

    @property
    def unstated_hours(self) -> int:
        return hours_in(self.unstated)

    @property
    def quality(self) -> Quality:
        """Of which hours are unknown, the sum is no final one."""
        return Gaps(self.unstated).quality(self.statement.quality)

    @property
    def opening(self) -> Money:
        return Money.sum(each.opening for each in self.accounts)

    @property
    def charged(self) -> Money:
        return Money.sum(each.charged for each in self.accounts)

    @property
    def adjusted(self) -> Money:
        return Money.sum(each.adjusted for each in self.accounts)

    @property
    def closing(self) -> Money:
        return Money.sum(each.closing for each in self.accounts)

    def by_team(self) -> dict[str, list[Account]]:
        """The accounts of each team, `""` (no team) last."""
        teams: dict[str, list[Account]] = {}
        for account in sorted(self.accounts, key=_team_last):
            teams.setdefault(account.owner.team, []).append(account)
        return teams


def charge(
    month: str,
    statement: Statement,
    opening: Balances,
    *,
    unstated: tuple[Window, ...] = (),
    closed_at: datetime | None = None,
    later: Iterable[Statement] = (),
) -> Chargeback:
    """Draw up a month's accounts from its statement.

    Args:
        opening: what each account's year came to before this month.
        later: statements after the month, which may correct it.
    """
    charges: dict[Owner, dict[CostCategory, Line]] = {}
    adjustments: dict[Owner, dict[str, Line]] = {}
    for key, line in statement.lines.items():
        if corrected := correction_of(key, month):
            _add(adjustments.setdefault(owner_of(key), {}), corrected, line)
        else:
            _add(charges.setdefault(owner_of(key), {}), key.category, line)
    owners = sorted({*charges, *adjustments, *(owner for owner in opening if opening[owner])})
    return Chargeback(
        month=month,
        statement=statement,
        accounts=tuple(
            Account(
                owner,
                Money.from_units(opening.get(owner, 0)),
                charges.get(owner, {}),
                adjustments.get(owner, {}),
            )
            for owner in owners
        ),
        unstated=unstated,
        closed_at=closed_at,
        booked_later=_booked_later(month, later),
    )


def thaw(frozen: FrozenMonth, later: Iterable[Statement] = ()) -> Chargeback:
    """A closed month's accounts, exactly as they were closed."""
    return charge(
        frozen.month,
        frozen.statement,
        frozen.opening,
        unstated=frozen.unstated,
        closed_at=frozen.closed_at,
        later=later,
    )


def owner_of(key: LineKey) -> Owner:
    return Owner(key.tenant, key.team)


def correction_of(key: LineKey, month: str) -> str:
    """The other month that a line of this one corrects, or nothing."""
    return key.adjusts if key.adjusts != month else ""


def add_balances(opening: Balances, statements: Iterable[Statement]) -> dict[Owner, int]:
    """What accounts come to after these statements: charges and adjustments alike."""
    sums = dict(opening)
    for statement in statements:
        for key, line in statement.lines.items():
            sums[owner_of(key)] = sums.get(owner_of(key), 0) + line.units
    return sums


def months_before(month: str) -> list[str]:
    """The earlier months of its year, newest first."""
    year, number = month_window(month).start.year, month_window(month).start.month
    return [f"{year}-{earlier:02}" for earlier in range(number - 1, 0, -1)]


def _booked_later(month: str, later: Iterable[Statement]) -> dict[str, dict[Owner, int]]:
    booked: dict[str, dict[Owner, int]] = {}
    for statement in later:
        for key, line in statement.lines.items():
            if key.adjusts == month:
                sums = booked.setdefault(f"{statement.window.start:%Y-%m}", {})
                sums[owner_of(key)] = sums.get(owner_of(key), 0) + line.units
    return booked


def _add(into: dict[K, Line], name: K, line: Line) -> None:
    into[name] = into[name] + line if name in into else line


def _total(lines: Iterable[Line]) -> Money:
    return Money.from_units(sum(line.units for line in lines))


def _team_last(account: Account) -> tuple[bool, str, str]:
    owner = account.owner
    return (not owner.team, owner.team, owner.tenant)
