"""Policies: what may go ahead, what needs a signature, and what is stopped.

A policy is data: conditions over facts about a resource, with a small set of operators and
nothing that is evaluated. What no policy speaks of is denied, and so is what cannot be judged
because a fact is missing: unknown is not small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fact = str | Decimal
Facts = Mapping[str, Fact]


class GatedKind(StrEnum):
    """What is asked about before it happens."""

    TRAINING_JOB = "training_job"
    TEAM_MONTH = "team_month"
    API_REQUEST = "api_request"


class Verdict(StrEnum):
    """Mildest first; where several rules hold, the most severe one decides."""

    ALLOW = "allow"
    ALERT = "alert"
    REVIEW = "review"
    REQUIRE_APPROVAL = "require_approval"
    STOP = "stop"
    DENY = "deny"


_SEVERITY = {verdict: n for n, verdict in enumerate(Verdict)}


class Operator(StrEnum):
    EQUALS = "equals"
    DIFFERS = "differs"
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"
    ONE_OF = "one_of"


_ORDER = frozenset({Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST})


class UnknownFactError(Exception):
    """A condition needs a fact that is not known, or that is no number where it must be one."""


class Condition(BaseModel):
    """`{fact: estimated_cost_usd, is: above, value: "10000"}`. Amounts are exact decimals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    operator: Operator = Field(alias="is")
    value: str | int | tuple[str, ...]

    @model_validator(mode="after")
    def _comparable(self) -> Condition:
        if (self.operator is Operator.ONE_OF) != isinstance(self.value, tuple):
            raise ValueError("one_of takes a list, and only one_of does")
        if self.operator in _ORDER:
            _number(self.value)
        return self

    def holds(self, facts: Facts) -> bool:
        """Whether the facts meet it.

        Raises:
            UnknownFactError: the fact is absent, or is no number and is to be ordered.
        """
        if (fact := facts.get(self.fact)) is None:
            raise UnknownFactError(f"{self.fact} is not known")
        if self.operator in _ORDER:
            return self._is_in_order(fact)
        if isinstance(self.value, tuple):
            return str(fact) in self.value
        same = fact == _number(self.value) if isinstance(fact, Decimal) else fact == self.value
        return same is (self.operator is Operator.EQUALS)

    def _is_in_order(self, fact: Fact) -> bool:
        if not isinstance(fact, Decimal) or not fact.is_finite():
            raise UnknownFactError(f"{self.fact} is no number")
        value = _number(self.value)
        match self.operator:
            case Operator.ABOVE:
                return fact > value
            case Operator.AT_LEAST:
                return fact >= value
            case Operator.BELOW:
                return fact < value
            case _:
                return fact <= value


class Rule(BaseModel):
    """When all conditions hold, the verdict does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: tuple[Condition, ...] = Field(min_length=1)
    then: Verdict


class Policy(BaseModel):
    """Rules for one kind of thing, where its facts meet `applies`; what no rule stops may pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    kind: GatedKind
    applies: tuple[Condition, ...] = ()
    rules: tuple[Rule, ...] = Field(min_length=1)


class Judgement(NamedTuple):
    verdict: Verdict
    policy: str | None
    reason: str


def judge(policies: Sequence[Policy], kind: GatedKind, facts: Facts) -> Judgement:
    """The most severe verdict of the policies for this kind; denied when there is none."""
    try:
        found = [
            _judged(policy, facts)
            for policy in policies
            if policy.kind is kind and all(each.holds(facts) for each in policy.applies)
        ]
    except UnknownFactError as error:
        return Judgement(Verdict.DENY, None, f"{kind} cannot be judged: {error}")
    if not found:
        return Judgement(Verdict.DENY, None, f"no policy speaks of this {kind}")
    return max(found, key=lambda each: _SEVERITY[each.verdict])


def _judged(policy: Policy, facts: Facts) -> Judgement:
    held = [rule for rule in policy.rules if all(each.holds(facts) for each in rule.when)]
    if not held:
        return Judgement(Verdict.ALLOW, policy.name, f"nothing in {policy.name} is against it")
    worst = max(held, key=lambda rule: _SEVERITY[rule.then])
    why = " and ".join(
        f"{each.fact} ({facts[each.fact]}) is {each.operator.replace('_', ' ')} {each.value}"
        for each in worst.when
    )
    return Judgement(worst.then, policy.name, f"{policy.name}: {why}")


def _number(value: str | int | tuple[str, ...]) -> Decimal:
    try:
        number = Decimal(value) if not isinstance(value, tuple) else Decimal("NaN")
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number


def _rule(fact: str, operator: Operator, value: str, then: Verdict) -> Rule:
    condition = Condition.model_validate({"fact": fact, "is": operator, "value": value})
    return Rule(when=(condition,), then=then)


DEFAULT_POLICIES = (
    Policy(
        name="training-job",
        kind=GatedKind.TRAINING_JOB,
        rules=(_rule("estimated_cost_usd", Operator.ABOVE, "10000", Verdict.REQUIRE_APPROVAL),),
    ),
    Policy(
        name="team-month",
        kind=GatedKind.TEAM_MONTH,
        rules=(
            _rule("budget_used_percent", Operator.AT_LEAST, "80", Verdict.ALERT),
            _rule("budget_used_percent", Operator.AT_LEAST, "100", Verdict.STOP),
        ),
    ),
    Policy(
        name="api-request",
        kind=GatedKind.API_REQUEST,
        rules=(_rule("estimated_cost_usd", Operator.ABOVE, "0.01", Verdict.REVIEW),),
    ),
)
