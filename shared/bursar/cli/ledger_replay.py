"""`bursar ledger replay`: post archived usage that the ledger lacks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bursar.cli import clock
from bursar.cli.exits import Exit, leave, warn
from bursar.cli.where_ledger import Where

if TYPE_CHECKING:
    from bursar.domain.periods import Window
    from bursar.jobs.replay_usage import Replayed

Help = Parameter
_HERE = Where()


def replay(
    *,
    month: Annotated[str | None, Help(help="a UTC month, 2026-11")] = None,
    hour: Annotated[str | None, Help(help="or a UTC hour, 2026-11-20T13")] = None,
    dry_run: Annotated[bool, Help(negative="", help="count, and post nothing")] = False,
    config: Annotated[Path, Help(help="the bursar.yaml that is deployed")] = Path("bursar.yaml"),
    where: Where = _HERE,
) -> None:
    """Post the archived usage of a month or an hour that is not in the ledger.

    What is there stays as it is, so it may be repeated, and run while usage comes in. Prices
    are those of each record's own time; usage of a closed month becomes adjustments.

    Exit code 2: wrong input. 3: AWS cannot be asked. 4: an archived file cannot be read, or the
    ledger was too busy for some of it, or too many enforced budgets cover some; repeat it.
    """
    from bursar.adapters.usage_codec import UsageArchiveCorruptError
    from bursar.cli.deployed import UNANSWERED, leave_unanswered
    from bursar.cli.ledger_views import print_json
    from bursar.config_file import ConfigError, read_config
    from bursar.jobs.ingest_usage import TOO_LARGE
    from bursar.wiring.usage import token_prices, usage_replay

    window = _window(month, hour)
    try:
        settings = read_config(config)
    except ConfigError as error:
        leave(Exit.WRONG_INPUT, error.problems)
    try:
        kept = where.ledger()
        replaying = usage_replay(settings, kept.table, kept.archive, token_prices(settings))
        done = replaying.replay(window, clock.now(), dry_run=dry_run)
    except UNANSWERED as error:
        leave_unanswered(error, where.stack)
    except UsageArchiveCorruptError as error:
        leave(Exit.UNREADABLE, [f"{error}; what came before it is posted"])
    if where.json:
        ends = {"from": window.start.isoformat(), "to": window.end.isoformat()}
        print_json({**ends, "dry_run": dry_run, **asdict(done)})
    else:
        _print(done, dry_run=dry_run)
    if done.too_large:
        warn([f"{done.too_large}: {TOO_LARGE}: change `budgets`, and repeat the command"])
    if done.busy:
        warn([f"the ledger was too busy for {done.busy} of them: repeat the command"])
    if done.busy or done.too_large:
        raise SystemExit(int(Exit.UNREADABLE))


def _window(month: str | None, hour: str | None) -> Window:
    from bursar.cli.months import check_month
    from bursar.cli.windows import WindowError, read_hour
    from bursar.domain.periods import month_window

    if (month is None) == (hour is None):
        leave(Exit.WRONG_INPUT, ["name either a --month or an --hour"])
    if month is not None:
        check_month(month)
        return month_window(month)
    try:
        return read_hour(hour or "")
    except WindowError as error:
        leave(Exit.WRONG_INPUT, [str(error)])


def _print(done: Replayed, *, dry_run: bool) -> None:
    from rich.console import Console

    posted = "would be posted" if dry_run else "posted"
    told = [
        f"{done.read:,} archived records: {done.there_already:,} were there already, "
        f"{done.posted:,} {posted}, {done.conflicts:,} conflicts."
    ]
    if done.adjusted:
        told.append(f"{done.adjusted:,} of those posted are adjustments of a closed month.")
    if done.unpriced:
        told.append(f"{done.unpriced:,} of those {posted} have no price.")
    if done.conflicts:
        told.append("Of an id that was told with two bodies the first stands.")
    Console().print("\n".join(told))
