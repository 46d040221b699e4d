"""Who somebody is: an account, or a verified email; never a claim alone."""

from __future__ import annotations

import pytest

from bursar.domain.governance.people import (
    Account,
    Directory,
    Identity,
    Person,
    UnknownPersonError,
)

ISSUER = "https://login.example.com"
BOUND = Person(id="ana", email="ana@example.com", accounts=(Account(issuer=ISSUER, subject="1"),))
FREE = Person(id="bo", email="bo@example.com", roles=frozenset({"director"}), delegate="ana")
PEOPLE = Directory([BOUND, FREE])


def test_an_account_is_an_issuer_and_a_subject_together() -> None:
    assert PEOPLE.identify(Identity(ISSUER, "1")) == BOUND
    for other in (Identity(ISSUER, "2"), Identity("https://evil.example.com", "1")):
        with pytest.raises(UnknownPersonError):
            PEOPLE.identify(other)


def test_an_email_counts_if_it_is_verified_and_in_whatever_case() -> None:
    assert PEOPLE.identify(Identity(ISSUER, "9", "BO@Example.com", True)) == FREE
    with pytest.raises(UnknownPersonError):
        PEOPLE.identify(Identity(ISSUER, "9", "bo@example.com", False))


def test_who_is_bound_to_accounts_is_not_found_by_email() -> None:
    with pytest.raises(UnknownPersonError):
        PEOPLE.identify(Identity("https://evil.example.com", "7", "ana@example.com", True))


def test_nobody_is_not_an_empty_email() -> None:
    with pytest.raises(UnknownPersonError):
        PEOPLE.identify(Identity(ISSUER, "9", "", True))


def test_roles_and_delegates_are_read_from_both_sides() -> None:
    assert list(PEOPLE.holders("director")) == [FREE]
    assert list(PEOPLE.delegators("ana")) == [FREE]


@pytest.mark.parametrize(
    "other",
    [
        Person(id="bo", email="other@example.com"),
        Person(id="cy", email="Bo@example.com"),
        Person(id="cy", email="cy@example.com", accounts=BOUND.accounts),
        Person(id="cy", email="cy@example.com", delegate="nobody"),
        Person(id="cy", email="cy@example.com", delegate="cy"),
    ],
)
def test_two_people_share_nothing_and_a_delegate_is_somebody_else(other: Person) -> None:
    with pytest.raises(ValueError, match=r"have the same|is nobody else"):
        Directory([BOUND, FREE, other])
