"""`bursar exception`: ask for spending beyond a policy, look at a request, decide on it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from bursar.cli.api import LOCAL_URL, TOKEN_VARIABLE, call
from bursar.cli.exits import Exit, leave
from bursar.domain.scopes import Scope, ScopeError

Help = Parameter

app = App(name="exception", help="Ask for spending beyond a policy, and decide on it.")


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Whose API, and who asks."""

    url: Annotated[str, Help(name="--url", help="ApiUrl of the stack, or where serve is")] = (
        LOCAL_URL
    )
    as_: Annotated[
        str | None,
        Help(name="--as", help=f"an example person's email; else {TOKEN_VARIABLE} is who you are"),
    ] = None
    json: Annotated[bool, Help(name="--json", negative="", help="print JSON")] = False

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        told = call(self.url, method, f"/v1/exceptions{path}", as_=self.as_, body=body)
        if self.json:
            import json

            sys.stdout.write(json.dumps(told, indent=2) + "\n")
        else:
            _print(told)


_HERE = Where()


@app.command
def request(
    *,
    policy: str,
    scope: Annotated[str, Help(help="cluster=training,namespace=research")],
    amount: Annotated[str, Help(name=("--amount", "--amount-usd"), help="USD")],
    purpose: str,
    justification: str,
    impact: Annotated[str, Help(name=("--impact", "--business-impact"), help="on the business")],
    until: Annotated[str, Help(help="2026-12-24 (at 00:00 UTC) or 2026-12-24T18:00:00Z")],
    beneficiary: Annotated[str | None, Help(help="a person's id, if it is for another")] = None,
    where: Where = _HERE,
) -> None:
    """Ask for spending beyond a policy; the people of its tiers are asked in turn."""
    try:
        parsed = Scope.parse(scope)
    except ScopeError as error:
        leave(Exit.WRONG_INPUT, [str(error)])
    body = {
        "policy": policy,
        "scope": {name.value: parsed[name] for name in parsed.dimensions},
        "amount_usd": amount,
        "purpose": purpose,
        "justification": justification,
        "business_impact": impact,
        "until": until,
    }
    where.call("POST", "", body | ({"beneficiary": beneficiary} if beneficiary else {}))


@app.command
def show(id_: Annotated[str, Help(name="id")], *, where: Where = _HERE) -> None:
    """The whole request, who has decided, and what is left of it."""
    where.call("GET", f"/{quote(id_, safe='')}")


@app.command
def decide(
    id_: Annotated[str, Help(name="id")],
    decision: Literal["approve", "deny"],
    *,
    version: Annotated[int, Help(help="that you have seen")],
    comment: str = "",
    where: Where = _HERE,
) -> None:
    """Say yes or no for the tier that is asked."""
    body = {"decision": decision, "version": version, "comment": comment}
    where.call("POST", f"/{quote(id_, safe='')}/decisions", body)


def _print(told: dict[str, Any]) -> None:
    """People's own words are shown as they are, and are no markup."""
    scope = ",".join(f"{name}={value}" for name, value in told["scope"].items())
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"[bold]{escape(told['id'])}[/bold]  version {told['version']}  {told['status']}"
    )
    lines = {
        "amount": f"{told['amount_usd']} USD for {scope}, until {told['until']}",
        "policy": told["policy"],
        "asked by": told["requester"],
        "purpose": told["purpose"],
        "because": told["justification"],
        "impact": told["business_impact"],
        "deadline": told["deadline"],
    }
    if allowance := told["allowance"]:
        lines["left"] = f"{allowance['remaining_usd']} USD"
    for name, value in lines.items():
        console.print(f"  {name:<9} {escape(_one_line(value))}")
    for note in told.get("notes", ()):
        console.print(f"  {'note':<9} {escape(_one_line(note))}")
    for tier in told["tiers"]:
        by = f" by {tier['decided_by']}" if tier["decided_by"] else ""
        console.print(f"  {escape(tier['name']):<22} {tier['status']}{escape(by)}")


def _one_line(text: str) -> str:
    """Without what a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
