"""Whether distinct people are left for all tiers, and who may answer for one of them.

The person who asked, the one it is for, and whoever decides in the place of either, never
decide. A delegate's decision uses up both people. That widens nothing when asking whether
tiers can still be filled: where a delegate could answer, the delegator could, using up fewer.
So holders of the roles alone are matched with the tiers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bursar.domain.governance.people import Directory, Person


def parties(directory: Directory, requester: str, beneficiary: str | None) -> frozenset[str]:
    """The people who must not decide: those concerned, and their delegates."""
    concerned = {requester} | ({beneficiary} if beneficiary else set())
    delegates = {
        person.delegate
        for each in concerned
        if (person := directory.get(each)) and person.delegate
    }
    return frozenset(concerned | delegates)


def capacities(
    directory: Directory, person: Person, role: str, excluded: frozenset[str]
) -> list[frozenset[str]]:
    """Each way in which a person may answer for a role: the people that it uses up.

    In their own right if they hold the role; else in the place of each holder whose delegate
    they are. None: not entitled.
    """
    if person.id in excluded:
        return []
    if role in person.roles:
        return [frozenset({person.id})]
    return [
        frozenset({person.id, delegator.id})
        for delegator in directory.delegators(person.id)
        if role in delegator.roles and delegator.id not in excluded
    ]


def can_fill(directory: Directory, roles: Sequence[str], unavailable: frozenset[str]) -> bool:
    """Whether each of these roles can be given a person of its own."""
    candidates = {
        role: [each.id for each in directory.holders(role) if each.id not in unavailable]
        for role in roles
    }
    return len(match(candidates)) == len(candidates)


def match(candidates: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """As many roles as possible with distinct people, by augmenting paths (Berge 1957)."""
    role_of: dict[str, str] = {}

    def place(role: str, tried: set[str]) -> bool:
        for person in candidates[role]:
            if person in tried:
                continue
            tried.add(person)
            if person not in role_of or place(role_of[person], tried):
                role_of[person] = role
                return True
        return False

    for role in candidates:
        place(role, set())
    return {role: person for person, role in role_of.items()}
