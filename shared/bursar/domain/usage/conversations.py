"""What a conversation costs when its whole history is sent again with every turn.

The history of turn n is n - 1 questions and answers, so that input grows with the square of the
turns. With prompt caching, what the turn before sent and heard is read from the cache, and the
new question is written to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bursar.domain.money import Money
from bursar.domain.usage.prices import TokenPrice, cost
from bursar.domain.usage.records import MOST_TOKENS, TokenCounts

MOST_TURNS = 10_000  # each is a row of the answer


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns of equal length behind one system prompt, in tokens."""

    turns: int
    question_tokens: int
    answer_tokens: int
    system_tokens: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no conversation.

        Raises:
            ValueError: there is no turn, a count is below zero, or one is beyond reason.
        """
        if not 1 <= self.turns <= MOST_TURNS:
            raise ValueError("a conversation has at least one turn, and at most 10,000")
        tokens = self.question_tokens, self.answer_tokens, self.system_tokens
        if min(tokens) < 0 or max(tokens) > MOST_TOKENS:
            raise ValueError("tokens are zero or more, and at most 10^9")


@dataclass(frozen=True, slots=True)
class Turn:
    number: int
    tokens: TokenCounts
    usd: Money


@dataclass(frozen=True, slots=True)
class ConversationCost:
    """`growth` is how often the first turn's cost the last one is; None where that is zero."""

    turns: Sequence[Turn]
    total: Money

    @property
    def growth(self) -> Fraction | None:
        return self.turns[-1].usd.over(self.turns[0].usd)


def conversation_cost(
    conversation: Conversation, price: TokenPrice, *, caching: bool
) -> ConversationCost:
    """Each turn priced in the context tier that its own prompt reaches.

    With caching the first prompt is written to the cache (for five minutes), and each later one
    reads what came before from it and writes what is new: the last answer and the question. The
    cache neither expires between turns nor has a least length here: it is the best case.
    """
    turns = [
        Turn(number, tokens, cost(tokens, 1, price.rates_for(tokens.input, batch=False)).usd)
        for number in range(1, conversation.turns + 1)
        for tokens in (_tokens(conversation, number, caching),)
    ]
    return ConversationCost(turns, Money.sum(turn.usd for turn in turns))


def _tokens(conversation: Conversation, number: int, caching: bool) -> TokenCounts:
    prompt = _prompt(conversation, number)
    if not caching:
        return TokenCounts(prompt, output=conversation.answer_tokens)
    cached = _prompt(conversation, number - 1) if number > 1 else 0
    return TokenCounts(
        prompt, cached, cache_write_5m=prompt - cached, output=conversation.answer_tokens
    )


def _prompt(conversation: Conversation, number: int) -> int:
    """System prompt, every question so far, and every answer but the one to come."""
    exchanged = conversation.question_tokens + conversation.answer_tokens
    history = (number - 1) * exchanged
    return conversation.system_tokens + history + conversation.question_tokens
