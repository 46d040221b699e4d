"""What runs beside the demo's past, and is waited for."""

from __future__ import annotations

import sys

import pytest

from bursar.local.synthesis import SynthesisError, synthesizing


def test_it_runs_meanwhile_and_is_waited_for(tmp_path):
    made = tmp_path / "made"
    with synthesizing([sys.executable, "-c", f"open({str(made)!r}, 'w')"]) as wait:
        wait()
        assert made.exists()


def test_what_a_failure_said_is_told():
    command = [sys.executable, "-c", "raise SystemExit('no node here')"]
    with synthesizing(command) as wait, pytest.raises(SynthesisError, match="no node here"):
        wait()


def test_whatever_ends_us_before_ends_it_too(tmp_path):
    made = tmp_path / "made"
    late = [sys.executable, "-c", f"import time; time.sleep(5); open({str(made)!r}, 'w')"]
    with pytest.raises(KeyboardInterrupt), synthesizing(late):
        raise KeyboardInterrupt
    assert not made.exists()
