"""What `bursar gate` prints, of answers as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from bursar.domain.money import Money


def print_json(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


def print_table(answer: Mapping[str, Any]) -> None:
    """The verdict, what led to it line by line, and where an approval is asked for."""
    lines = [f"{answer['verdict'].replace('_', ' ')}: {answer['reason']}"]
    if answer["usd"] is not None:
        lines.append(f"estimated cost: {Money.of(answer['usd'])}")
    lines += [f"  {line}" for line in answer["arithmetic"]]
    if link := answer.get("link"):
        lines.append(f"ask for an approval: {link}")
    sys.stdout.write("\n".join(lines) + "\n")
