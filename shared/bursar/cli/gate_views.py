"""What `bursar gate` prints."""

from __future__ import annotations

import json
import sys

from bursar.domain.gate.verdicts import GateAnswer
from bursar.web.gate_answers import arithmetic, as_json


def print_json(answer: GateAnswer) -> None:
    sys.stdout.write(json.dumps(as_json(answer), indent=2) + "\n")


def print_table(answer: GateAnswer) -> None:
    """The verdict, what led to it line by line, and where an approval is asked for."""
    lines = [f"{answer.verdict.replace('_', ' ')}: {answer.reason}"]
    if answer.usd is not None:
        lines.append(f"estimated cost: {answer.usd}")
    lines += [f"  {line}" for line in arithmetic(answer)]
    if answer.link:
        lines.append(f"ask for an approval: {answer.link}")
    sys.stdout.write("\n".join(lines) + "\n")
