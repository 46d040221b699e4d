"""The command line: `bursar ...`."""

from __future__ import annotations

import os
import sys

from cyclopts import App

_ENOUGH = 128 + 13  # as a shell names the end by SIGPIPE

app = App(
    name="bursar",
    help="A cost guard for GenAI on Amazon EKS. Start with `bursar snapshot`.",
    version_flags=["--version"],
)
# by name, with its help: a command loads what it needs, and `--help` loads none
_COMMANDS = {
    "snapshot": ("snapshot:snapshot", "Price every node, pod and volume of a cluster, now."),
    "costs": ("costs:costs", "Show what clusters have cost, as the deployed Bursar metered it."),
    "report": ("report:app", "What a tenant, team, model or feature cost, from the ledger."),
    "usage": ("usage:app", "What model usage costs, token class by token class."),
    "ledger": ("ledger:app", "Verify the ledger of usage, replay its archive, or close a month."),
    "forecast": ("forecast:forecast", "What the month will come to, with intervals."),
    "anomalies": ("anomalies:app", "What is unusual, and whether people expect it."),
    "trend": ("trend:trend", "Where a metric goes, and how far that can be trusted."),
    "chargeback": ("chargeback:chargeback", "Charge a month to teams and tenants."),
    "reconcile": ("reconcile:reconcile", "Compare what was metered with what is billed."),
    "network": ("network:network", "What the network cost, and whose bytes it carried."),
    "kpis": ("kpis:kpis", "What a request, a user and a GPU hour cost, against targets."),
    "system": ("system:system", "Break down what an AI system costs, from its items."),
    "gate": ("gate:app", "Ask before a job runs: what it will cost, and whether it may."),
    "stop": ("stop:app", "What is stopped and why; approve it, take it back, stop now."),
    "exception": ("exception:app", "Ask for spending beyond a policy, and decide on it."),
    "audit": ("audit:app", "Export the audit, or verify that nothing of it was changed."),
    "attribution": ("attribution:app", "Who bears what: try rules before they are deployed."),
    "prices": ("prices:app", "What instances cost, from AWS itself."),
    "import": ("import_bill:app", "Read bills and usage that others wrote."),
    "config": ("config:app", "Check bursar.yaml, or print its JSON Schema."),
    "cluster": ("cluster:app", "What a cluster needs to let Bursar read it."),
    "local": ("local:app", "Run the whole guard on this machine, with no AWS account."),
}
for _name, (_place, _help) in _COMMANDS.items():
    app.command(f"bursar.cli.{_place}", name=_name, help=_help)


def main() -> None:
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads us, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_ENOUGH) from None
