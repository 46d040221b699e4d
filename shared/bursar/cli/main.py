"""The command line: `bursar ...`."""

from __future__ import annotations

import os
import sys

from cyclopts import App

from bursar.cli import attribution, cluster, config, import_bill, local, prices, report
from bursar.cli.chargeback import chargeback
from bursar.cli.costs import costs
from bursar.cli.price_history import history
from bursar.cli.reconcile import reconcile
from bursar.cli.snapshot import snapshot

_ENOUGH = 128 + 13  # as a shell names the end by SIGPIPE

app = App(
    name="bursar",
    help="A cost guard for GenAI on Amazon EKS. Start with `bursar snapshot`.",
    version_flags=["--version"],
)
prices.app.command(history)
app.command(snapshot)
app.command(costs)
app.command(chargeback)
app.command(reconcile)
app.command(report.app)
app.command(attribution.app)
app.command(prices.app)
app.command(config.app)
app.command(import_bill.app)
app.command("bursar.cli.usage:app", name="usage")  # lazily: it counts its CPU time
app.command(cluster.app)
app.command(local.app)


def main() -> None:
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads us, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_ENOUGH) from None
