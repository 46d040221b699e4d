"""How a command ends when it cannot do what was asked: one line a problem, and a code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NoReturn

from bursar.cli.shown_text import harmless

NOTHING_STATED = "nothing of that window is stated in the ledger: unknown, which is not zero"


class Exit(IntEnum):
    DONE = 0
    WRONG_INPUT = 2
    NO_PRICE = 3
    UNREADABLE = 4


def leave(code: int, problems: Sequence[str]) -> NoReturn:
    """Say each problem in one line of stderr, and end with the code."""
    warn(problems)
    raise SystemExit(int(code))


def warn(problems: Sequence[str]) -> None:
    lines = (harmless(" ".join(line.split())) for line in problems)
    sys.stderr.write("".join(f"bursar: {line}\n" for line in lines))
