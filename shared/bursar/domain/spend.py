"""What a bill said, when it said it: one fact per day, metric and group, versioned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bursar.domain.money import Money

TOTAL_GROUP = "total"
NETWORK_GROUP = "network="  # and a NetworkKind: part of what a service cost, beside the whole
UNALLOCATED = "__unallocated__"  # spend without the tag that it is broken down by


class Metric(StrEnum):
    """Cost Explorer's names.

    Unblended is what is charged; net amortized spreads commitments and discounts.
    """

    UNBLENDED = "UnblendedCost"
    NET_AMORTIZED = "NetAmortizedCost"


class SpendFact(BaseModel):
    """One amount of one UTC day.

    `group` is `total`, `service=Amazon S3`, `account=...`, `tag:team=search`; what of a service
    is no usage, `type:Credit=Amazon S3`; or what of EC2's is for the network, `network=nat`.
    """

    model_config = ConfigDict(frozen=True)

    account: str
    metric: Metric
    day: date
    group: str
    amount: Money
    estimated: bool
    as_of: AwareDatetime
    sequence: int = 1  # 1 for the first telling, +1 for each restatement


class Balance(NamedTuple):
    """What the facts of one month (`2026-11`) and group sum to in the billed book."""

    account: str
    metric: Metric
    month: str
    group: str


class GroupsDoNotSumError(ValueError):
    """The groups of an answer differ from its total: something was lost on the way."""


class SpendCapReachedError(Exception):
    """The pages of Cost Explorer that a day may cost are used up; nothing more is asked."""


class BillUnavailableError(Exception):
    """The bill could not be asked, or answered what cannot be read."""


def restated(
    latest: SpendFact | None, told: SpendFact, total: SpendFact | None = None
) -> SpendFact | None:
    """The fact to keep when one is told: the next in sequence, or None when it says nothing new.

    A telling is new when its amount or its `estimated` differs from the latest. One that is
    older than the latest, or than the newest `total` of its day, changes nothing: it is of a bill
    that another has replaced since, whatever groups that one has. The total of a newer bill is
    kept with its time even where it says the same, under the same sequence.
    """
    if latest is None:
        return None if _is_older(told, total) else told.model_copy(update={"sequence": 1})
    if _is_older(told, latest) or _is_older(told, total):
        return None
    if (told.amount, told.estimated) != (latest.amount, latest.estimated):
        return told.model_copy(update={"sequence": latest.sequence + 1})
    if told.group == TOTAL_GROUP and told.as_of > latest.as_of:
        return told.model_copy(update={"sequence": latest.sequence})
    return None


def _is_older(told: SpendFact, than: SpendFact | None) -> bool:
    return than is not None and told.as_of < than.as_of


def is_news(old: SpendFact | None, new: SpendFact) -> bool:
    """Whether a fact that is kept says more than that a total was seen again."""
    return old is None or new.sequence > old.sequence


def balance_of(fact: SpendFact) -> Balance:
    return Balance(fact.account, fact.metric, f"{fact.day:%Y-%m}", fact.group)


def differences(changes: Iterable[tuple[SpendFact | None, SpendFact]]) -> dict[Balance, Money]:
    """What (old, new) versions of facts change their balances by, where they change at all."""
    sums: dict[Balance, Money] = {}
    for old, new in changes:
        balance = balance_of(new)
        before = old.amount if old else Money.zero()
        sums[balance] = sums.get(balance, Money.zero()) + new.amount - before
    return {balance: amount for balance, amount in sums.items() if amount}


def as_of_one_bill(latest: Sequence[SpendFact]) -> list[SpendFact]:
    """Newest tellings of an account and metric, to be told to another store at once: with the time
    of their day's total. A group that has not changed since has an older one, by which it would
    be of a bill that another has replaced."""
    newest = {fact.day: fact.as_of for fact in latest if fact.group == TOTAL_GROUP}
    return [fact.model_copy(update={"as_of": newest.get(fact.day, fact.as_of)}) for fact in latest]


def with_vanished(told: Sequence[SpendFact], latest: Iterable[SpendFact]) -> list[SpendFact]:
    """Add a zero for each group that was told before and is no longer in a day's bill.

    A complete bill leaves out what costs nothing, so a group that is gone was restated to 0.
    """
    named = {(fact.account, fact.metric, fact.day, fact.group) for fact in told}
    totals = {
        (fact.account, fact.metric, fact.day): fact for fact in told if fact.group == TOTAL_GROUP
    }
    vanished = [
        old.model_copy(
            update={"amount": Money.zero(), "estimated": day.estimated, "as_of": day.as_of}
        )
        for old in latest
        if (old.account, old.metric, old.day, old.group) not in named
        and (day := totals.get((old.account, old.metric, old.day)))
    ]
    return [*told, *vanished]
