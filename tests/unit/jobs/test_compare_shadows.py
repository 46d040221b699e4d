"""What other sources told of a model, beside what is billed: compared, never added."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

from bursar.domain.ledger.shadows import ShadowedModel
from bursar.domain.periods import HOUR, Window
from bursar.jobs.compare_shadows import compare_shadows
from tests.contract.ledger_books import ONE_PM, Books, books_on, entry

WINDOW = Window(ONE_PM, ONE_PM + 2 * HOUR)


def models(*told: dict) -> list[ShadowedModel]:
    books: Books = books_on(None)
    for n, each in enumerate(told):
        books.post(entry(str(n), **each))
    return compare_shadows(WINDOW, books.ledger)


def compared(*told: dict) -> dict[str, dict[str, Fraction | None]]:
    return {
        each.model: {source: found.difference for source, found in each.sources.items()}
        for each in models(*told)
    }


def test_a_source_is_compared_by_its_tokens_over_all_tenants_and_hours() -> None:
    found = compared(
        {"input_tokens": 90},  # and 10 of output: 100
        {"input_tokens": 90, "at": ONE_PM + HOUR, "tenant": "ads"},
        {"input_tokens": 99, "shadow": "prometheus:prod"},
        {"input_tokens": 90, "shadow": "prometheus:prod", "at": ONE_PM + HOUR},  # 209 of 200
        {"input_tokens": 80, "shadow": "litellm"},
        {"input_tokens": 80, "shadow": "litellm", "at": ONE_PM + HOUR},  # 180 of 200
    )
    assert found == {"gpt-x": {"prometheus:prod": Fraction(9, 200), "litellm": Fraction(-1, 10)}}


def test_a_source_that_is_billed_before_or_after_is_not_compared_with_itself() -> None:
    """litellm is billed until two o'clock, the logs from then on."""
    [found] = models(
        {"input_tokens": 190},  # by litellm: 200
        {"input_tokens": 200, "shadow": "logs"},  # 210
        {"input_tokens": 390, "at": ONE_PM + HOUR},  # by the logs: 400
        {"input_tokens": 350, "at": ONE_PM + HOUR, "shadow": "litellm"},  # 360
    )
    told = {source: each.difference for source, each in found.sources.items()}
    assert told == {"logs": Fraction(10, 200), "litellm": Fraction(-40, 400)}
    assert found.billed.tokens.total == 600
    assert (found.billed_without("logs"), found.billed_without("litellm")) == (400, 200)


def test_what_is_billed_in_hours_that_a_source_told_nothing_of_stands_beside_it() -> None:
    [found] = models(
        {"input_tokens": 90},
        {"input_tokens": 290, "at": ONE_PM + HOUR},
        {"input_tokens": 90, "shadow": "logs"},
    )
    assert found.sources["logs"].difference == 0
    assert found.billed_without("logs") == 300


def test_a_model_is_one_under_all_the_names_that_sources_give_it() -> None:
    found = compared(
        {"input_tokens": 90, "provider": "openai"},  # 100
        {"input_tokens": 40, "model": "openai/gpt-x", "provider": "openai", "shadow": "logs"},
        {"input_tokens": 50, "model": "GPT-X", "shadow": "logs"},  # 50 + 60 = 110
        {"model": "us.anthropic.claude-x-v1:0", "shadow": "logs"},
    )
    assert found == {
        "gpt-x": {"logs": Fraction(1, 10)},
        "us.anthropic.claude-x-v1:0": {"logs": None},
    }


def test_where_nothing_is_billed_there_is_no_share() -> None:
    assert compared({"model": "m", "shadow": "litellm"}) == {"m": {"litellm": None}}


def test_models_that_nobody_else_told_of_and_other_hours_are_left_out() -> None:
    assert compared({"model": "alone"}, {"at": ONE_PM + 2 * HOUR, "shadow": "litellm"}) == {}


def test_a_window_holds_the_hours_that_it_touches() -> None:
    books: Books = books_on(None)
    books.post(entry("1"), entry("2", shadow="litellm"))
    part = Window(ONE_PM + timedelta(minutes=50), ONE_PM + timedelta(minutes=55))
    [found] = compare_shadows(part, books.ledger)
    assert found.sources["litellm"].difference == 0
