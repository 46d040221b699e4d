from decimal import Decimal
from fractions import Fraction

import pytest

from bursar.domain.money import Money
from bursar.domain.usage.comparisons import Measured, Workload, compare_models
from bursar.domain.usage.conversations import Conversation, conversation_cost
from bursar.domain.usage.prices import ContextTier, TokenPrice, TokenRates


def price(input_usd: str, output_usd: str, *more: ContextTier, **rates: Decimal) -> TokenPrice:
    base = TokenRates(Decimal(input_usd), Decimal(output_usd), **rates)
    return TokenPrice("p", "m", "test", (ContextTier(0, base), *more))


def test_each_turn_sends_the_whole_history_again() -> None:
    found = conversation_cost(Conversation(3, 100, 200, 50), price("1", "2"), caching=False)
    assert [turn.tokens.input for turn in found.turns] == [150, 450, 750]
    # millionths: 150 + 400, 450 + 400, 750 + 400
    assert [turn.usd.plain() for turn in found.turns] == ["0.00055", "0.00085", "0.00115"]
    assert found.total == Money.of("0.00255")
    assert found.growth == Fraction(115, 55)


def test_with_caching_only_what_is_new_is_written_and_the_rest_read() -> None:
    rates = price("10", "20", cached_input=Decimal(1), cache_write_5m=Decimal("12.5"))
    found = conversation_cost(Conversation(2, 100, 200), rates, caching=True)
    second = found.turns[1].tokens
    assert (second.input, second.cached_input, second.cache_write_5m) == (400, 100, 300)
    # 100 read at 1, 300 written at 12.50, 200 generated at 20
    assert found.turns[1].usd == Money.of("0.00785")


def test_a_turn_whose_prompt_outgrows_a_tier_costs_the_next_one() -> None:
    longer = ContextTier(300, TokenRates(Decimal(2), Decimal(4)))
    found = conversation_cost(Conversation(3, 100, 0), price("1", "2", longer), caching=False)
    assert [turn.usd.plain() for turn in found.turns] == ["0.0001", "0.0002", "0.0003"]
    found = conversation_cost(Conversation(4, 100, 0), price("1", "2", longer), caching=False)
    assert found.turns[3].usd == Money.of("0.0008")  # 400 tokens at 2


def test_a_free_model_has_no_growth() -> None:
    assert conversation_cost(Conversation(2, 1, 1), price("0", "0"), caching=False).growth is None


@pytest.mark.parametrize(
    "wrong", [(0, 1, 1), (1, -1, 1), (1, 1, -1), (10_001, 1, 1), (1, 10**60, 1)]
)
def test_a_conversation_has_turns_and_tokens(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"turn|tokens"):
        Conversation(*wrong)


def test_models_are_ranked_by_what_the_workload_costs_on_them() -> None:
    workload = Workload(requests=1000, input_tokens=1000, output_tokens=100)
    found = compare_models(
        workload,
        {
            "dear": price("10", "20"),
            "unknown": None,
            "cheap": price("1", "2"),
            "same": price("1", "2"),
        },
        {"cheap": Measured(Decimal("0.9"), 250)},
    )
    assert [(each.model, each.rank) for each in found] == [
        ("cheap", 1),
        ("same", 1),
        ("dear", 3),
        ("unknown", None),
    ]
    # a million tokens at 1, a hundred thousand at 2
    assert found[0].total == Money.of("1.2")
    assert found[0].per_request == Money.of("0.0012")
    assert found[0].input_share == Fraction(10, 12)
    assert found[0].output_share == Fraction(2, 12)
    assert found[0].measured.latency_ms == 250
    assert found[3].total is None and found[3].input_share is None


def test_the_cached_share_of_the_input_costs_what_cached_input_does() -> None:
    rates = price("10", "20", cached_input=Decimal(1))
    workload = Workload(10, 1000, 0, cached_share=Fraction(3, 4))
    (found,) = compare_models(workload, {"m": rates})
    assert found.total == Money.of("0.0325")  # 2,500 at 10 and 7,500 at 1


@pytest.mark.parametrize("wrong", [(10**13, 1, 1), (1, 10**60, 1), (1, 1, 10**60)])
def test_what_no_amount_could_pay_is_no_workload(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at most"):
        Workload(*wrong)


@pytest.mark.parametrize("share", [Fraction(-1, 10), Fraction(11, 10)])
def test_a_share_is_between_none_and_all(share: Fraction) -> None:
    with pytest.raises(ValueError, match="share"):
        Workload(1, 1, 1, share)
