"""What others wrote reaches a terminal as text, and never as a command to it."""

from __future__ import annotations

import pytest

from bursar.cli.exits import Exit, leave
from bursar.cli.shown_text import harmless, shown_text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("search · <b>", "search · <b>"),
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("a\x9b2Jb\u202ec", "a\ufffd2Jb\ufffdc"),  # the one-byte escape, and turned writing
        ("\ud800", "\ufffd"),
    ],
)
def test_a_name_is_shown_without_what_a_terminal_obeys(name: str, shown: str) -> None:
    assert harmless(name) == shown
    assert shown_text(name).plain == shown


def test_a_problem_is_one_line_whatever_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        leave(Exit.WRONG_INPUT, ["no tenant '\x1b]0;x\x07'\nbursar: all is well"])
    told = capsys.readouterr().err
    assert told == "bursar: no tenant '\ufffd]0;x\ufffd' bursar: all is well\n"
