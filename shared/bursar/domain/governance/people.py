"""People: who somebody is, which roles they hold, and who decides in their place."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bursar.domain.governance.refusals import NotEntitledError

Key = TypeVar("Key", bound=Hashable)
VIEWER = "viewer"  # the role of people who look, and ask for nothing


class UnknownPersonError(NotEntitledError):
    """An identity was proved, and belongs to nobody who is configured."""


class Account(BaseModel):
    """What an identity provider calls somebody; only both together name one account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(min_length=1)
    subject: str = Field(min_length=1)


class Identity(NamedTuple):
    """The claims of a token whose signature, issuer and audience were checked already."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False


class Person(BaseModel):
    """Somebody who asks or decides. `delegate` (a person's id) may decide in their place.

    With `accounts`, nothing but these is this person; without, a verified email is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,99}$")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    roles: frozenset[str] = frozenset()
    delegate: str | None = None
    accounts: tuple[Account, ...] = ()
    slack_user_id: str | None = Field(default=None, pattern=r"^[UW][A-Z0-9]{2,30}$")

    @property
    def may_ask(self) -> bool:
        return self.roles != {VIEWER}


class Directory:
    """All configured people: what each is known by is known of nobody else."""

    def __init__(self, people: Iterable[Person]) -> None:
        """Take people.

        Raises:
            ValueError: two share an id, an account, an email (in whatever case) or a Slack user,
                or a delegate is not among them or is the person.
        """
        self._people = tuple(people)
        self._by_id = _unique("id", [(each.id, each) for each in self._people])
        accounts = [(account, each) for each in self._people for account in each.accounts]
        self._by_account = _unique("account", accounts)
        emails = [(each.email.casefold(), each) for each in self._people]
        self._by_email = _unique("email", emails)
        in_slack = [(each.slack_user_id, each) for each in self._people if each.slack_user_id]
        self._by_slack_user = _unique("slack_user_id", in_slack)
        for each in self._people:
            if each.delegate is not None and each.delegate not in self._by_id.keys() - {each.id}:
                raise ValueError(f"the delegate {each.delegate!r} of {each.id!r} is nobody else")

    def identify(self, identity: Identity) -> Person:
        """The person who signed in.

        Raises:
            UnknownPersonError: neither the account nor a verified email is anybody's.
        """
        account = Account(issuer=identity.issuer, subject=identity.subject)
        if person := self._by_account.get(account):
            return person
        if identity.email_verified and (
            (person := self._by_email.get(identity.email.casefold())) and not person.accounts
        ):
            return person
        raise UnknownPersonError("this account belongs to nobody who may ask or decide here")

    def identify_in_slack(self, user_id: str) -> Person:
        """The person of a user of the one workspace whose app is Bursar's.

        Raises:
            UnknownPersonError: it is nobody's.
        """
        if person := self._by_slack_user.get(user_id):
            return person
        raise UnknownPersonError("this Slack user is nobody who may ask or decide here")

    def get(self, person_id: str) -> Person | None:
        return self._by_id.get(person_id)

    def holders(self, role: str) -> Sequence[Person]:
        """Those who hold a role themselves, as configured."""
        return [each for each in self._people if role in each.roles]

    def delegators(self, person_id: str) -> Sequence[Person]:
        """Those in whose place this person may decide."""
        return [each for each in self._people if each.delegate == person_id]


def _unique(what: str, pairs: Sequence[tuple[Key, Person]]) -> dict[Key, Person]:
    found: dict[Key, Person] = {}
    for key, person in pairs:
        if key in found:
            raise ValueError(f"{found[key].id!r} and {person.id!r} have the same {what}")
        found[key] = person
    return found
