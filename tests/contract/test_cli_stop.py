"""`bursar stop`, from the command line to a table in moto and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.dynamodb.ledger.windows import DynamoEnforcedWindows
from bursar.adapters.dynamodb.stops import DynamoStops
from bursar.cli.stop import app
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.periods import Period, window_of
from bursar.domain.stops.changes import AuditAction, change
from bursar.domain.stops.rules import Action, Mode, Rule
from tests.unit.domain.stops.samples import BUDGET, a_stop

CONFIG = """
version: 1
organisation: acme
account: "111122223333"
region: eu-west-1
budgets:
  - {id: search, scope: tenant=search, limit: 100, owner: ana, enforced: true}
owners: {ana: {}}
notifications: {catch_all: [ana@example.com]}
stops: {mode: enforce}
"""


class Cli:
    def __init__(self, table: Any, capsys: Any, folder: Path) -> None:
        self._where = ["--table", table.name, "--region", "eu-west-1"]
        self._capsys = capsys
        self._config = folder / "bursar.yaml"
        self._config.write_text(CONFIG)
        self.stops, self.windows = DynamoStops(table), DynamoEnforcedWindows(table)

    def run(self, *command: str) -> tuple[int, str, str]:
        config = ["--config", str(self._config)] if command[0] == "now" else []
        with pytest.raises(SystemExit) as ended:
            app([*command, *config, *self._where])
        told = self._capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    def proposed(self, rule: Rule, id_: str = "search-1") -> None:
        now = datetime.now(UTC)
        actions = (Action.REFUSE_RESERVATIONS, Action.CAP_ACCELERATORS)
        window = window_of(Period.MONTH, now, BUDGET.zone)
        stop = a_stop(id_, rule=rule, actions=actions, at=now, needs="its actions are manual")
        stop = stop.model_copy(update={"starts_at": window.start, "ends_at": window.end})
        stop = stop.model_copy(update={"expires_at": window.end})
        assert self.stops.commit(change(AuditAction.PROPOSED, "bursar", now, None, stop))

    @property
    def is_stopped(self) -> bool:
        start = window_of(Period.MONTH, datetime.now(UTC), BUDGET.zone).start
        balance = self.windows.balance(BudgetWindow("search", start))
        return balance is not None and balance.stopped


@pytest.fixture
def cli(table: Any, capsys: Any, tmp_path: Path) -> Cli:
    return Cli(table, capsys, tmp_path)


def test_nothing_is_stopped_at_first(cli: Cli) -> None:
    assert cli.run("list") == (0, "Nothing is stopped.\n", "")


def test_a_person_stops_and_takes_it_back(cli: Cli) -> None:
    code, told, _ = cli.run(
        "now",
        "search",
        "--because",
        "a runaway agent",
        "--action",
        "refuse_reservations",
        "--json",
    )
    stop = json.loads(told)
    assert (code, stop["state"], stop["limit_usd"]) == (0, "active", "100")
    assert stop["approved_by"].startswith("arn:aws:")
    assert stop["does"] == ["refuses reservations of budget search"]
    assert cli.is_stopped
    assert stop["id"] in cli.run("list")[1]
    code, told, _ = cli.run("reverse", stop["id"], "--because", "it was fixed")
    assert (code, cli.is_stopped) == (0, False)
    assert "it was fixed (arn:aws:" in told
    assert cli.run("list")[1] == "Nothing is stopped.\n"
    assert stop["id"] in cli.run("list", "--all")[1]
    code, _, problem = cli.run("reverse", stop["id"])
    assert (code, problem) == (2, f"bursar: {stop['id']} is reversed\n")


def test_what_is_proposed_is_shown_with_what_it_needs_and_approved(cli: Cli) -> None:
    cli.proposed(Rule(mode=Mode.ENFORCE))
    code, told, _ = cli.run("show", "search-1")
    assert code == 0
    assert "needs     `bursar stop approve search-1`: its actions are manual" in told
    assert cli.run("approve", "search-1")[0] == 0
    assert cli.is_stopped
    assert cli.run("approve", "search-1")[::2] == (2, "bursar: search-1 is active\n")


def test_a_dry_run_is_not_approved(cli: Cli) -> None:
    cli.proposed(Rule(mode=Mode.WATCH))
    assert "a dry run: nothing is done" in cli.run("show", "search-1")[1]
    code, _, problem = cli.run("approve", "search-1")
    assert (code, problem) == (
        2,
        "bursar: search-1 is a dry run: its budget's mode is watch\n",
    )


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["show", "nothing"], "no stop nothing is kept: see `bursar stop list`"),
        (["approve", "nothing"], "no stop nothing is kept: see `bursar stop list`"),
        (["now", "ads", "--because", "x"], "no budget 'ads' is configured"),
        (["now", "search", "--because", "x", "--hours", "0"], "--hours is 1 or more"),
    ],
)
def test_wrong_input_ends_with_2_and_one_line(cli: Cli, command: list[str], problem: str) -> None:
    assert cli.run(*command) == (2, "", f"bursar: {problem}\n")
