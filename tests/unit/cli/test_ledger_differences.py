"""How a balance that is not the sum of its entries is told."""

from __future__ import annotations

from datetime import UTC, datetime

from bursar.cli.ledger_differences import difference_in_words, difference_json
from bursar.domain.ledger.entries import Leaf, LeafKey, Pricing
from bursar.domain.ledger.verification import Difference
from bursar.domain.usage.amounts import ClassAmounts
from bursar.domain.usage.records import TokenCounts

USD = 10**12
KEY = LeafKey(datetime(2026, 11, 20, 13, tzinfo=UTC), "search", "gpt-x")


def test_money_is_told_in_one_sum() -> None:
    wrong = Difference(KEY, Leaf(1, 1), Leaf(1, 1, amounts=ClassAmounts(2 * USD, output=3 * USD)))
    assert difference_in_words(wrong) == (
        "2026-11-20 13:00 search gpt-x: entries say 0 USD, the balance 5"
    )


def test_money_that_stands_under_another_class_is_told_by_class() -> None:
    wrong = Difference(
        KEY,
        Leaf(1, 1, amounts=ClassAmounts(2 * USD)),
        Leaf(1, 1, amounts=ClassAmounts(0, 2 * USD)),
    )
    assert difference_in_words(wrong) == (
        "2026-11-20 13:00 search gpt-x: entries say 2 USD for input, the balance 0;"
        " 0 USD for cached input, the balance 2"
    )
    told = difference_json(wrong)
    assert (told["entries_usd"], told["balance_usd"]) == ("2", "2")
    assert told["entries_usd_by_class"]["input"] == "2"
    assert told["balance_usd_by_class"]["cached_input"] == "2"


def test_tokens_are_told_by_class_and_so_is_which_leaf_it_is() -> None:
    key = KEY._replace(
        feature="answers", provider="vllm", pricing=Pricing.SELF_HOSTED, adjusts="2026-10"
    )
    wrong = Difference(key, Leaf(1, 1, TokenCounts(1000, 400)), Leaf(3, 1, TokenCounts(1000)))
    assert difference_in_words(wrong) == (
        "2026-11-20 13:00 search gpt-x answers vllm (adjusts 2026-10): entries say"
        " 400 cached input tokens, the balance 0; 1 entries, the balance 3"
    )
