"""Jobs at the gate: policies, and exceptions that pay for them once, on every store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from bursar.adapters.dynamodb.governance.job_approvals import DynamoJobApprovals
from bursar.adapters.memory.governance import MemoryAudit, MemoryExceptions
from bursar.adapters.memory.job_approvals import MemoryJobApprovals
from bursar.adapters.memory.prices import MemoryPriceStore
from bursar.domain.gate.jobs import DurationError, JobShape
from bursar.domain.gate.pricing import Terms
from bursar.domain.gate.verdicts import GateAnswer, GateVerdict, JobApproval
from bursar.domain.governance.policies import DEFAULT_POLICIES, Policy
from bursar.domain.governance.teams import AmbiguousOwnerError, Team
from bursar.domain.instance_types import InstanceType
from bursar.domain.money import Money
from bursar.domain.scopes import Dimension, Scope
from bursar.jobs.gate_job import Exceptions, Submission, gate_job, scope_of
from tests.contract.exception_stores import Stores, stores_on
from tests.unit.domain.gate.sample_jobs import CATALOGUE, REGION, book, job, pods
from tests.unit.governance.world import MILLISECOND, NOON

APPROVED, REQUIRED, DENIED = (
    GateVerdict.APPROVED,
    GateVerdict.APPROVAL_REQUIRED,
    GateVerdict.DENIED,
)
UNTIL = NOON + timedelta(days=20)
SEARCH = {Dimension.NAMESPACE: "ml", Dimension.TEAM: "search"}


class Catalogue:
    def describe(self, names: Collection[str] = ()) -> Mapping[str, InstanceType]:
        return {name: each for name, each in CATALOGUE.items() if name in names or not names}


def ask(
    *jobs: JobShape,
    hours: str | None = "10",
    at: datetime = NOON,
    exceptions: Exceptions | None = None,
    policies: Sequence[Policy] = DEFAULT_POLICIES,
    scope: Any = SEARCH,
) -> GateAnswer:
    submission = Submission(
        jobs=jobs,
        terms=Terms(REGION, Fraction(0)),
        scope=scope,
        hours=None if hours is None else Decimal(hours),
    )
    return gate_job(
        submission,
        at,
        policies=policies,
        catalogue=Catalogue(),
        prices=MemoryPriceStore(book().values()),
        exceptions=exceptions,
    )


def nodes(count: int, name: str = "train") -> JobShape:
    """A p4d for each pod: 20 USD an hour."""
    return job(pods(count, 1, 1, 8), name=name)


def test_exactly_the_threshold_is_approved_and_a_dollar_more_is_not() -> None:
    """50 nodes x 10 h x 20 USD = 10,000 USD, which is not above 10,000."""
    assert (ask(nodes(50)).verdict, ask(nodes(50)).usd) == (APPROVED, Money.of(10_000))
    over = ask(nodes(50), hours="10.001")  # 50 x 0.001 x 20 = 1 USD
    assert (over.verdict, over.usd) == (REQUIRED, Money.of(10_001))
    told = "training-job: estimated_cost_usd (10001) is above 10000"
    assert (over.policy, over.reason) == ("training-job", told)


def test_jobs_in_one_file_are_judged_by_their_sum() -> None:
    answer = ask(nodes(30, "one"), nodes(30, "two"))
    assert (answer.verdict, answer.usd) == (REQUIRED, Money.of(12_000))


def test_the_link_asks_for_the_amount_the_policy_and_the_scope() -> None:
    link = ask(nodes(60)).link
    assert link is not None
    assert urlsplit(link).path == "/exceptions/new"
    assert parse_qs(urlsplit(link).query) == {
        "policy": ["training-job"],
        "amount_usd": ["12000"],
        "scope": ["namespace=ml,team=search"],
    }


def test_what_no_policy_speaks_of_is_denied_however_small() -> None:
    others = [each for each in DEFAULT_POLICIES if each.name != "training-job"]
    answer = ask(nodes(1), policies=others)
    assert (answer.verdict, answer.policy, answer.link) == (DENIED, None, None)
    assert answer.reason == "no policy speaks of this training_job"


def test_a_policy_may_speak_of_namespace_pods_and_instance_type() -> None:
    conditions = [
        {"fact": "namespace", "is": "equals", "value": "ml"},
        {"fact": "accelerators", "is": "above", "value": 8},
        {"fact": "instance_type", "is": "equals", "value": "p4d.24xlarge"},
    ]
    policy = Policy.model_validate(
        {
            "name": "small",
            "kind": "training_job",
            "rules": [{"when": conditions, "then": "deny"}],
        }
    )
    assert ask(nodes(2), policies=[policy]).verdict is DENIED
    assert ask(nodes(1), policies=[policy]).verdict is APPROVED


def test_what_has_no_price_is_denied_and_what_has_no_duration_is_an_error() -> None:
    answer = ask(job(pods(1, 1, 1, 9)))
    assert (answer.verdict, answer.usd, answer.jobs) == (DENIED, None, ())
    with pytest.raises(DurationError):
        ask(nodes(1), hours=None)


def test_the_team_is_who_owns_the_namespace() -> None:
    teams = [Team(name="search", owns=(Scope.parse("namespace=ml"),)), Team(name="ads")]
    dimensions = scope_of([nodes(1)], "acme", teams)
    assert dimensions == {
        Dimension.ORG: "acme",
        Dimension.NAMESPACE: "ml",
        Dimension.TEAM: "search",
    }
    placed = scope_of([nodes(1)], "acme", teams, "training")
    assert placed == {**dimensions, Dimension.CLUSTER: "training"}
    mixed = scope_of([nodes(1), job(pods(1, 1), namespace="other")], "acme", teams)
    assert mixed == {Dimension.ORG: "acme"}
    both = [*teams, Team(name="ads2", owns=(Scope.parse("namespace=ml"),))]
    with pytest.raises(AmbiguousOwnerError):
        scope_of([nodes(1)], None, both)


class Gate(NamedTuple):
    stores: Stores
    exceptions: Exceptions

    def ask(self, *jobs: JobShape, **more: Any) -> GateAnswer:
        return ask(*jobs, exceptions=self.exceptions, **more)

    def approve(self, amount: str = "30000") -> None:
        """E1, for team=search, until 20 days from now."""
        step = self.stores.opening("E1", amount)
        assert self.stores.exceptions.commit(step)
        step = self.stores.deciding(step.new, "emil")
        assert self.stores.exceptions.commit(step)

    def left(self) -> Money:
        found = self.stores.exceptions.allowance("E1")
        assert found is not None
        return found.remaining


@pytest.fixture
def gate(backing: Any) -> Gate:
    stores = stores_on(backing)
    exceptions, audit = stores.exceptions, stores.audit
    if isinstance(exceptions, MemoryExceptions) and isinstance(audit, MemoryAudit):
        return Gate(
            stores, Exceptions(exceptions, exceptions, MemoryJobApprovals(exceptions, audit))
        )
    return Gate(stores, Exceptions(exceptions, exceptions, DynamoJobApprovals(backing)))


def test_an_approved_exception_pays_for_a_job_once_however_often_it_is_asked(gate: Gate) -> None:
    assert gate.ask(nodes(60)).verdict is REQUIRED
    gate.approve("30000")
    for _ in range(3):
        answer = gate.ask(nodes(60))
        assert (answer.verdict, answer.exception, answer.link) == (APPROVED, "E1", None)
    assert gate.left() == Money.of(30_000 - 12_000)
    assert len([name for name in gate.stores.audited() if name.startswith("gate-")]) == 1


def test_an_exception_pays_for_jobs_until_it_has_not_enough_left(gate: Gate) -> None:
    """30,000 - 12,000 - 12,000 = 6,000 is no third job, and a small one needs none of it."""
    gate.approve("30000")
    verdicts = [gate.ask(nodes(60, name)).verdict for name in ("one", "two", "three")]
    assert verdicts == [APPROVED, APPROVED, REQUIRED]
    assert gate.ask(nodes(1, "small")).verdict is APPROVED
    assert gate.left() == Money.of(6_000)


def test_a_job_of_the_same_uid_that_grows_pays_the_difference(gate: Gate) -> None:
    gate.approve("30000")
    for count, left in ((60, 18_000), (100, 10_000), (60, 10_000), (100, 10_000)):
        assert gate.ask(job(pods(count, 1, 1, 8), uid="u-1")).verdict is APPROVED
        assert gate.left() == Money.of(left)
    assert gate.ask(job(pods(151, 1, 1, 8), uid="u-1")).verdict is REQUIRED


def test_another_scope_policy_or_time_is_not_covered(gate: Gate) -> None:
    gate.approve("30000")
    ads = {Dimension.NAMESPACE: "ml", Dimension.TEAM: "ads"}
    assert gate.ask(nodes(60), scope=ads).verdict is REQUIRED
    told = DEFAULT_POLICIES[0].model_dump(by_alias=True) | {"name": "other"}
    assert gate.ask(nodes(60), policies=[Policy.model_validate(told)]).verdict is REQUIRED
    assert gate.ask(nodes(60), at=UNTIL).verdict is REQUIRED
    assert gate.left() == Money.of(30_000)
    assert gate.ask(nodes(60), at=UNTIL - MILLISECOND).verdict is APPROVED
    assert gate.ask(nodes(60), at=UNTIL).verdict is REQUIRED  # what was paid has ended, too


def test_a_pending_exception_covers_nothing(gate: Gate) -> None:
    assert gate.stores.exceptions.commit(gate.stores.opening("E1", "30000"))
    assert gate.ask(nodes(60)).verdict is REQUIRED


def test_a_stop_is_not_lifted_by_an_exception(gate: Gate) -> None:
    gate.approve("30000")
    rule = {"when": [{"fact": "pods", "is": "above", "value": 50}], "then": "deny"}
    told = {"name": "training-job", "kind": "training_job", "rules": [rule]}
    assert gate.ask(nodes(60), policies=[Policy.model_validate(told)]).verdict is DENIED


def test_gates_that_ask_at_once_pay_once_and_never_more_than_is_there(gate: Gate) -> None:
    gate.approve("30000")
    jobs = [nodes(60, name) for name in ("a", "a", "b", "b", "c", "c", "d", "d")]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(gate.ask, jobs))
    approved = {
        each.name for each, answer in zip(jobs, answers, strict=True) if answer.verdict is APPROVED
    }
    assert len(approved) == 2
    assert gate.left() == Money.of(6_000)


def test_what_was_paid_is_replaced_only_as_it_was_read(gate: Gate) -> None:
    gate.approve("30000")
    approvals = gate.exceptions.approvals
    first = JobApproval("s", "training-job", "E1", Money.of(10_000))
    [intent, *_] = gate.stores.audit.waiting(1)
    more = JobApproval("s", "training-job", "E1", Money.of(11_000))
    assert approvals.pay(None, first, NOON, intent)
    assert not approvals.pay(None, more, NOON, intent)
    assert approvals.approved("s") == first
    assert approvals.pay(first, more, NOON, intent)
    assert not approvals.pay(first, more, NOON, intent)
    assert gate.left() == Money.of(19_000)
