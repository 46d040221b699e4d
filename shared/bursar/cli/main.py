"""The command line: `bursar ...`."""

from __future__ import annotations

from cyclopts import App

from bursar.cli import cluster, config, local, prices
from bursar.cli.snapshot import snapshot

app = App(
    name="bursar",
    help="A cost guard for GenAI on Amazon EKS. Start with `bursar snapshot`.",
    version_flags=["--version"],
)
app.command(snapshot)
app.command(prices.app)
app.command(config.app)
app.command(cluster.app)
app.command(local.app)


def main() -> None:
    app()
