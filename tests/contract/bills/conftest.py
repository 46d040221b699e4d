"""`bursar import bill`, as it is run, and its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.cli.main import app
from tests.contract.bills.written_bills import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            app(["import", "bill", *map(str, words)])
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return command


@pytest.fixture
def told(run: Run) -> Callable[..., dict[str, Any]]:
    def command(*words: str | Path) -> dict[str, Any]:
        code, out, err = run(*words, "--json")
        assert (code, err) == (0, "")
        summary: dict[str, Any] = json.loads(out)
        return summary

    return command


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    def command(*words: str | Path) -> str:
        code, out, err = run(*words)
        assert (code, out) == (2, "")
        assert "Traceback" not in err
        return err

    return command
