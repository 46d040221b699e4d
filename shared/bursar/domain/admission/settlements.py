"""Settlements: what was spent on a reservation, where nobody has told the usage itself yet."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.domain.admission.reservations import ForbiddenStepError, Reservation
from bursar.domain.ledger.entries import Entry, LeafKey, Pricing
from bursar.domain.ledger.lines import UNATTRIBUTED, CostCategory
from bursar.domain.money import Money
from bursar.domain.periods import hour_of
from bursar.domain.scopes import Dimension
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts

_DIGEST = "settled:"


def settlement(reservation: Reservation, amount: Money, at: datetime) -> Entry:
    """The ledger's entry of a settlement: money of one request, and no tokens.

    Compute is in the cluster's costs already, so its entry only charges budgets. What was held
    for no tenant is unattributed.

    Raises:
        ForbiddenStepError: the reservation is a lease, whose usage is told one by one.
    """
    if reservation.event is None:
        raise ForbiddenStepError("a lease is not settled: tell the usage of its requests")
    facts = reservation.facts
    bought = facts.get(Dimension.CATEGORY) == CostCategory.EXTERNAL_API
    producer, id_ = reservation.event
    return Entry(
        producer=producer,
        id=id_,
        digest=f"{_DIGEST}{amount.plain()}",
        at=at.astimezone(UTC),
        key=LeafKey(
            hour=hour_of(at).start,
            tenant=facts.get(Dimension.TENANT, UNATTRIBUTED),
            model=facts.get(Dimension.MODEL, ""),
            feature=facts.get(Dimension.FEATURE, ""),
            key=facts.get(Dimension.KEY, ""),
            provider=facts.get(Dimension.PROVIDER, ""),
            pricing=Pricing.PRICED if bought else Pricing.SELF_HOSTED,
        ),
        requests=1,
        tokens=TokenCounts(),
        amounts=ClassAmounts(requests=amount.units),
    )


def is_settlement(entry: Entry) -> bool:
    """Its usage is in no archive; it may come there later, and be of another hour."""
    return entry.digest.startswith(_DIGEST)


def tell_the_same(one: str, other: str) -> bool:
    """Whether two digests of one id stand for one spending: a settlement and its usage do."""
    return one == other or one.startswith(_DIGEST) or other.startswith(_DIGEST)
