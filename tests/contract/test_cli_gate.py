"""`bursar gate job` from the command line: exit codes, JSON, and approved exceptions in moto."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.dynamodb.governance import allowances
from bursar.adapters.dynamodb.governance.exceptions import DynamoExceptions
from bursar.adapters.dynamodb.transactions import transact
from bursar.cli.main import app
from bursar.domain.governance.consumption import Allowance
from bursar.domain.governance.exceptions import Status
from bursar.domain.money import Money
from tests.contract.exception_stores import stores_on
from tests.unit.governance.world import NOON, request

PRICES = "instance_type,usd_per_hour\np5.48xlarge,50\ng5.xlarge,1\nm5.xlarge,0.2\n"
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: train, namespace: ml}
spec:
  parallelism: 4
  template:
    spec:
      nodeSelector: {node.kubernetes.io/instance-type: p5.48xlarge}
      containers:
        - name: main
          resources: {limits: {cpu: 96, memory: 1Ti, nvidia.com/gpu: 8}}
"""
CONFIG = """\
version: 1
organisation: acme
account: "123456789012"
region: us-east-1
notifications: {catch_all: [guard@example.com]}
governance:
  policies:
    - name: team-month
      kind: team_month
      rules: [{when: [{fact: budget_used_percent, is: at_least, value: 100}], then: stop}]
"""


class Files:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.job, self.prices = folder / "job.yaml", folder / "prices.csv"
        self.config = folder / "bursar.yaml"
        self.job.write_text(JOB)
        self.prices.write_text(PRICES)
        self.config.write_text(CONFIG)
        self._capsys = capsys

    def gate(self, *words: str) -> tuple[object, str, str]:
        """Exit code, stdout and stderr."""
        with pytest.raises(SystemExit) as left:
            app(["gate", "job", str(self.job), "--prices", str(self.prices), *words])
        return (left.value.code, *self._capsys.readouterr())

    def answer(self, *words: str) -> tuple[object, dict[str, Any]]:
        code, told, _ = self.gate("--json", *words)
        return code, json.loads(told)


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Files:
    return Files(tmp_path, capsys)


def test_a_job_below_the_threshold_is_approved_with_its_arithmetic(files: Files) -> None:
    """4 nodes x 50 h x 50 USD = 10,000 USD, which is not above 10,000."""
    code, answer = files.answer("--hours", "50")
    assert code == 0
    assert answer.pop("jobs")[0]["pod_sets"][0]["nodes"] == "4"
    arithmetic = answer.pop("arithmetic")
    assert "4 nodes x 50 h x 50 USD/h on demand (file prices.csv) = 10000 USD" in arithmetic
    assert answer == {
        "verdict": "approved",
        "policy": "training-job",
        "reason": "nothing in training-job is against it",
        "usd": "10000",
        "hours": "50",
        "pods": 4,
        "per_pod": {"cpu": "96", "memory_gib": "1024", "accelerators": {"nvidia.com/gpu": 8}},
        "instance_type": "p5.48xlarge",
    }


def test_a_job_above_it_needs_an_approval_and_says_where_to_ask(files: Files) -> None:
    code, answer = files.answer("--hours", "50.5", "--pages", "https://bursar.example.com/")
    assert (code, answer["verdict"], answer["usd"]) == (3, "approval_required", "10100")
    assert answer["link"].startswith("https://bursar.example.com/exceptions/new?")
    code, text, problems = files.gate("--hours", "50.5")
    assert code == 3
    assert text.startswith("approval required: training-job: estimated_cost_usd")
    assert "estimated cost: $10,100.00" in text
    assert problems.startswith("bursar: approval required")


def test_without_a_policy_for_jobs_they_are_denied(files: Files) -> None:
    code, answer = files.answer("--hours", "1", "--config", str(files.config))
    assert (code, answer["verdict"], answer["policy"]) == (3, "denied", None)
    assert answer["reason"] == "no policy speaks of this training_job"


def test_an_instance_type_without_a_price_is_refused_by_name(files: Files) -> None:
    files.prices.write_text("instance_type,usd_per_hour\ng5.xlarge,1\n")
    code, answer = files.answer("--hours", "1")
    assert (code, answer["verdict"], answer["usd"]) == (3, "denied", None)
    assert "p5.48xlarge is unpriced" in answer["reason"]


def test_without_a_duration_nothing_is_priced(files: Files) -> None:
    code, text, problems = files.gate()
    assert (code, text) == (2, "")
    assert "cannot be priced: give its hours" in problems
    files.job.write_text(
        JOB.replace("spec:\n  par", "spec:\n  activeDeadlineSeconds: 3600\n  par")
    )
    assert files.answer()[1]["hours"] == "1"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--hours", "-1"), "hours are above 0"),
        (("--hours", "0"), "hours are above 0"),
        (("--hours", "1e9"), "--hours '1e9' is no number"),
        (("--hours", "99999"), "at most 8784"),
        (("--hours", "1", "--spot-share", "1.5"), "--spot-share '1.5' is no share"),
        (("--hours", "1", "--region", "europe"), "--region 'europe' is not a region"),
        (("--hours", "1", "--namespace", "other"), "metadata.namespace"),
        (("--hours", "1", "--config", "absent.yaml"), "absent.yaml"),
    ],
)
def test_wrong_options_end_with_2(files: Files, words: tuple[str, ...], told: str) -> None:
    code, text, problems = files.gate(*words)
    assert (code, text) == (2, "")
    assert told in problems


def test_a_wrong_manifest_ends_with_2_and_names_the_field(files: Files) -> None:
    files.job.write_text(JOB.replace("cpu: 96", "cpu: many"))
    code, _, problems = files.gate("--hours", "1")
    assert code == 2
    field = "spec.template.spec.containers[0].resources.limits.cpu"
    assert f'{field}: "many" is not a quantity' in problems
    files.job.write_text(JOB.replace("cpu: 96", "cpu: 1E"))
    assert files.gate("--hours", "1")[0] == 2  # 10^21 thousandths: beyond what Kubernetes counts
    files.job.write_text(JOB.replace("cpu: 96", "cpu: 1P"))
    assert files.gate("--hours", "1")[0] == 3  # a quantity, which no machine holds


def test_half_on_spot_without_spot_prices_is_as_dear_and_says_so(files: Files) -> None:
    _, answer = files.answer("--hours", "1", "--spot-share", "0.5")
    assert answer["usd"] == "200"
    assert any("no spot price is known" in line for line in answer["arithmetic"])


def test_an_approved_exception_of_the_deployed_bursar_pays_once(files: Files, table: Any) -> None:
    stores = stores_on(table)
    until = datetime.now(UTC) + timedelta(days=9)
    step = stores.opening("E1", "15000")
    asked = request("15000", scope="namespace=ml", until=until)
    assert stores.exceptions.commit(step)
    approved = step.new.model_copy(
        update={"request": asked, "status": Status.APPROVED, "revision": 2, "deadline": NOON}
    )
    after = stores.exceptions.split(step.new.team, step.new.request.policy)
    split = after.model_copy(update={"version": after.version + 1})
    changed = step.__class__(step.new, approved, split, step.audit, ())
    assert stores.exceptions.commit(changed)
    assert transact(table, [allowances.put(Allowance.of("E1", asked, NOON))])

    for _ in range(2):
        code, answer = files.answer("--hours", "60", "--table", table.name)
        assert (code, answer["verdict"], answer["exception"]) == (0, "approved", "E1")
    left = DynamoExceptions(table).allowance("E1")
    assert left is not None
    assert left.remaining == Money.of(3_000)
    assert files.answer("--hours", "61", "--table", table.name)[0] == 3  # another submission
