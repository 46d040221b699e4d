"""What was metered after its month was closed, beside the bill of the month."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from bursar.domain.alerts import Driver
from bursar.domain.money import Money
from bursar.domain.reconciliation.alerts import difference_alert
from bursar.domain.reconciliation.aws_bill import (
    reconcile,
)
from bursar.domain.reconciliation.books import billed_days, metered_days
from bursar.domain.reconciliation.corrections import booked_later, corrections
from bursar.domain.reconciliation.provider_bill import ProviderFact, reconcile_provider
from tests.unit.domain.reconciliation.sample_bills import (
    DAY,
    EC2,
    ONE_DAY,
    parts,
    services,
)
from tests.unit.domain.sample_statements import (
    NOVEMBER,
    bought,
    hour_at,
    hours_from,
    pods,
)
from tests.unit.for_all import for_all


def test_what_a_closed_month_was_corrected_by_later_explains_what_its_bill_has_more() -> None:
    """The bill has 30 and the hours 24; 5 were told after the month was closed: 1 is left."""
    facts = services("30", {f"service={EC2}": "30"})
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "5", adjusts="2026-11"))
    other = hour_at(NOVEMBER + 41 * ONE_DAY, pods("acme", "7", adjusts="2026-10"))
    corrected = corrections([later, other], "2026-11")
    metered = metered_days(hours_from(NOVEMBER, 24, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrected)
    assert parts(found) == {"booked later: compute": "5", "residual: compute": "1"}
    assert (found.residual, found.share) == (Money.of("1"), Fraction(1, 30))


def test_what_was_booked_later_stands_beside_the_days_and_with_them_is_the_month() -> None:
    """A residual of 6 and one of -3: 8 told late explain the 6, and 2 of them nothing."""
    facts = services("30", {f"service={EC2}": "30"})
    facts += services("21", {f"service={EC2}": "21"}, day=DAY + ONE_DAY)
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "8", adjusts="2026-11"))
    metered = metered_days(hours_from(NOVEMBER, 48, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrections([later], "2026-11"))
    assert [day.residual.plain() for day in found.days] == ["6", "3"]
    # out of the days' residuals 6 + 2 are moved into a part of their own
    moved = {name: usd.plain() for name, usd in found.moved.items()}
    assert moved == {"booked later: compute": "8", "residual: compute": "-8"}
    assert parts(found) == {"booked later: compute": "8", "residual: compute": "-5"}  # 6 - 3 - 8
    assert (found.moved_residual, found.residual) == (Money.of("-4"), Money.of("5"))  # 2 - 6


def test_a_residual_whose_days_make_up_for_one_another_is_named_beside_what_was_booked_later() -> (
    None
):
    """The bill has 5 more on the first day and 3 less on the second; 2 were told late: 3 + 3."""
    facts = services("29", {f"service={EC2}": "29"})
    facts += services("21", {f"service={EC2}": "21"}, day=DAY + ONE_DAY)
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "2", adjusts="2026-11"))
    metered = metered_days(hours_from(NOVEMBER, 48, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrections([later], "2026-11"))
    assert parts(found) == {"booked later: compute": "2", "residual: compute": "0"}
    assert found.residual == Money.of("6")


def test_what_was_booked_later_and_is_not_billed_is_a_residual() -> None:
    """The bill has 24 and so have the hours; 5 more were told later: 5 of 24 is a difference."""
    facts = services("24", {f"service={EC2}": "24"})
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "5", adjusts="2026-11"))
    metered = metered_days(hours_from(NOVEMBER, 24, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrections([later], "2026-11"))
    assert parts(found) == {"booked later: compute": "5", "residual: compute": "-5"}
    assert (found.residual, found.agrees) == (Money.of("5"), False)
    row = difference_alert("2026-11", found, NOVEMBER + 41 * ONE_DAY)
    assert row is not None
    assert row.alert.drivers == (
        Driver(name="booked later and not billed: compute", amount=Money.of("-5")),
    )


def test_what_was_metered_too_much_of_is_more_so_by_what_was_booked_later() -> None:
    """The bill has 20, the hours 24; 5 more were told later: 29."""
    facts = services("20", {f"service={EC2}": "20"})
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "5", adjusts="2026-11"))
    metered = metered_days(hours_from(NOVEMBER, 24, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrections([later], "2026-11"))
    assert parts(found) == {"booked later: compute": "5", "residual: compute": "-9"}
    assert found.residual == Money.of("9")


def test_what_was_booked_later_of_hours_that_were_not_seen_is_no_residual() -> None:
    """Half of the day's 24 was not seen, and told after the month was closed."""
    facts = services("24", {f"service={EC2}": "24"})
    later = hour_at(NOVEMBER + 40 * ONE_DAY, pods("acme", "12", adjusts="2026-11"))
    metered = metered_days(hours_from(NOVEMBER, 12, pods("acme", "1")))
    found = reconcile(billed_days(facts), metered, corrections([later], "2026-11"))
    assert parts(found) == {"booked later: compute": "12", "hours not seen: compute": "0"}
    assert (found.residual, found.agrees) == (Money.zero(), True)


def test_late_usage_of_a_closed_month_is_no_difference_from_its_providers_bill() -> None:
    """3 of gpt-4o and all of o9's 2 were told late; of o9's nothing was metered in its month."""
    facts = [
        ProviderFact("openai", DAY, "gpt-4o-2024-08-06", "tokens", Money.of("15")),
        ProviderFact("openai", DAY, "o9", "tokens", Money.of("2")),
    ]
    late = {
        **bought("acme", "3", model="gpt-4o", provider="openai", adjusts="2026-11"),
        **bought("acme", "2", model="o9", provider="openai", adjusts="2026-11"),
    }
    corrected = corrections([hour_at(NOVEMBER + 40 * ONE_DAY, late)], "2026-11")
    hours = [hour_at(NOVEMBER, bought("acme", "12", model="gpt-4o", provider="openai"))]
    found = reconcile_provider("openai", facts, hours, corrected)
    assert {cause: usd.plain() for cause, usd in found.parts.items()} == {
        "residual": "0",
        "not metered": "0",
        "booked later": "5",
    }
    assert (found.unexplained, found.agrees) == (Money.zero(), True)


def test_late_usage_that_its_provider_does_not_bill_is_named() -> None:
    """gpt-4o is billed as it was metered; 3 more were told late, and 2 of o9."""
    facts = [ProviderFact("openai", DAY, "gpt-4o", "tokens", Money.of("12"))]
    late = {
        **bought("acme", "3", model="gpt-4o", provider="openai", adjusts="2026-11"),
        **bought("acme", "2", model="o9", provider="openai", adjusts="2026-11"),
    }
    corrected = corrections([hour_at(NOVEMBER + 40 * ONE_DAY, late)], "2026-11")
    hours = [hour_at(NOVEMBER, bought("acme", "12", model="gpt-4o", provider="openai"))]
    found = reconcile_provider("openai", facts, hours, corrected)
    told = {cause: usd.plain() for cause, usd in found.parts.items()}
    assert told == {"residual": "0", "booked later": "5", "not billed": "-5"}
    assert (found.unexplained, found.agrees) == (Money.of("5"), False)


DIFFERENCES = st.lists(st.integers(-9, 9), max_size=5)


@for_all(kinds=st.lists(DIFFERENCES, min_size=1, max_size=3), corrected=st.integers(-30, 30))
def test_a_correction_explains_what_differs_as_it_does_and_the_rest_is_left(kinds, corrected):
    found = booked_later(corrected, {f"{n}": each for n, each in enumerate(kinds)})
    assert sum(found.explains.values()) + found.rest == found.total == corrected
    same = [sum(each for each in own if each * corrected > 0) for own in kinds]
    explained = list(found.explains.values())
    assert all(abs(part) <= abs(most) for part, most in zip(explained, same, strict=True))
    assert abs(found.rest) == max(abs(corrected) - abs(sum(same)), 0)
