"""Reading ahead: in order, no further than asked, and what fails is raised in its turn."""

from __future__ import annotations

from threading import Barrier

import pytest

from bursar.adapters.read_ahead import read_ahead


def test_answers_come_in_order() -> None:
    assert list(read_ahead(lambda n: n * n, range(50), at_once=4)) == [n * n for n in range(50)]
    assert list(read_ahead(str, [7], at_once=4)) == ["7"]
    assert list(read_ahead(str, [], at_once=4)) == []


def test_that_many_are_asked_for_at_once() -> None:
    met = Barrier(3, timeout=30)  # it breaks unless three wait together
    assert list(read_ahead(lambda _: met.wait() >= 0, range(9), at_once=3)) == [True] * 9


def test_no_more_are_begun_than_are_waited_for() -> None:
    begun: list[int] = []
    answers = read_ahead(begun.append, range(100), at_once=5)
    next(answers)
    answers.close()
    assert len(begun) <= 6


def test_what_fails_is_raised_in_its_turn() -> None:
    answers = read_ahead(lambda n: 1 // n, [2, 1, 0, 1], at_once=4)
    assert [next(answers), next(answers)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(answers)
