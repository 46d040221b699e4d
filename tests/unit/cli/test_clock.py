"""What time it is for commands: this machine's, or that of the guard that they ask."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bursar.cli import clock
from bursar.local.serve import write_environment, write_time
from bursar.settings import TIME_FILE

ROOT = Path(__file__).resolve().parents[3]
SIMULATED = datetime(2026, 10, 23, 7, tzinfo=UTC)


def test_it_is_the_time_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TIME_FILE, raising=False)
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)


def test_a_guard_that_simulates_its_time_tells_it_to_commands_as_it_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_time(SIMULATED, tmp_path)
    environment = write_environment({"AWS_REGION": "us-east-1"}, tmp_path)
    shown = subprocess.run(  # noqa: S603 - our own file
        ["/bin/sh", "-c", f'. "$0" && echo "${TIME_FILE}"', environment],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    monkeypatch.setenv(TIME_FILE, shown.strip())
    assert clock.now() == SIMULATED
    write_time(SIMULATED + timedelta(hours=1), tmp_path)
    assert clock.now() == datetime(2026, 10, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize("told", ["", "soon", "2026-10-23T07:00:00"])  # the last has no time zone
def test_a_file_that_tells_no_time_is_never_taken_for_now(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "now").write_text(told)
    for path in (tmp_path / "now", tmp_path / "gone"):
        monkeypatch.setenv(TIME_FILE, str(path))
        with pytest.raises(SystemExit) as left:
            clock.now()
        assert left.value.code == 2
        assert "tells no time" in capsys.readouterr().err


def test_no_command_asks_another_clock() -> None:
    asking = {
        path.name
        for path in (ROOT / "shared/bursar/cli").glob("*.py")
        if "datetime.now(" in path.read_text()
    }
    assert asking == {"clock.py"}
