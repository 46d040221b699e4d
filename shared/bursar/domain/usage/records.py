"""One telling of model usage: who used which model, when, and how many tokens of each class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import add, neg

LONGEST_NAME_BYTES = 128  # of a tenant, model, feature, ...
LONGEST_NAMES_BYTES = 384  # of those that an entry keeps, as JSON: it stays below 1 KB
LONGEST_ID_BYTES = 256
MOST_TOKENS = 10**9  # of one request that is asked about: contexts end at some two million
OURS = "__"  # `__idle__`, `__unattributed__`: nobody can be told from them by the same name


class UsageRecordError(ValueError):
    """A record contradicts itself: a count below zero, more cached tokens than input, no name."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenSums:
    """Tokens by class, as OpenTelemetry's GenAI conventions count them, summed over records.

    `input` counts all of the prompt: what was read from a cache and what was written to one
    are parts of it. `output` counts all that was generated: `reasoning` is a part of it. What
    corrects a sum may be below zero, and a part of it more than its whole.
    """

    input: int = 0
    cached_input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def uncached_input(self) -> int:
        """Prompt tokens at the full price: neither read from a cache nor written to one."""
        return self.input - self.cached_input - self.cache_write_5m - self.cache_write_1h

    @property
    def total(self) -> int:
        return self.input + self.output

    @property
    def counts(self) -> tuple[int, ...]:
        """In the order of the fields."""
        written = self.cache_write_5m, self.cache_write_1h
        return self.input, self.cached_input, *written, self.output, self.reasoning

    def __eq__(self, other: object) -> bool:
        """The counts of one record are a sum, too."""
        return isinstance(other, TokenSums) and self.counts == other.counts

    def __hash__(self) -> int:
        return hash(self.counts)

    def __add__(self, other: TokenSums) -> TokenSums:
        return TokenSums(*map(add, self.counts, other.counts))

    def __neg__(self) -> TokenSums:
        return TokenSums(*map(neg, self.counts))


@dataclass(frozen=True, slots=True, eq=False)
class TokenCounts(TokenSums):
    """What a record tells: no count is below zero, and no part more than its whole."""

    def __post_init__(self) -> None:
        """Refuse parts that are more than their whole.

        Raises:
            UsageRecordError: a count is negative, or the parts exceed the whole.
        """
        if min(*self.counts, self.uncached_input) >= 0 and self.reasoning <= self.output:
            return
        for name in TokenSums.__slots__:
            if getattr(self, name) < 0:
                raise UsageRecordError(f"{name} tokens are below zero")
        if self.uncached_input < 0:
            raise UsageRecordError("more tokens cached than input: input includes the cached")
        if self.reasoning > self.output:
            raise UsageRecordError("more reasoning tokens than output: output includes them")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """Usage as its producer told it.

    `(producer, id)` names it for ever: `producer` is who was authenticated, `id` is theirs.
    `requests` is above 1 where the producer tells sums (counters, metrics, batches), and 0 where
    it does not tell of how many. `key` is the alias
    of an API key, never the key. `source` is the kind of telemetry, such as `litellm`. `told_as`
    are tenant, model, provider and feature as they were told, where our configuration made
    others of them.
    """

    producer: str
    id: str
    at: datetime
    tenant: str
    model: str
    provider: str = ""
    feature: str = ""
    user: str = ""
    key: str = ""
    requests: int = 1
    tokens: TokenCounts = field(default_factory=TokenCounts)
    batch: bool = False
    latency_ms: int | None = None
    source: str = ""
    told_as: tuple[str, str, str, str] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be kept.

        Raises:
            UsageRecordError: a name is missing or one of ours, one or all of them are too long,
                a count is below zero, or `at` has no time zone.
        """
        if self.at.tzinfo is None:
            raise UsageRecordError("at has no time zone")
        if not (self.producer and self.id and self.tenant and self.model):
            names = ("producer", "id", "tenant", "model")
            missing = next(name for name in names if not getattr(self, name))
            raise UsageRecordError(f"{missing} is missing")
        own = (self.producer, self.tenant, self.model)
        kept = (*own, self.provider, self.feature, self.user, self.key)
        # one look at all of them: millions of records have short names of plain letters
        if not (_are_plain("".join(kept)) and max(map(len, kept)) <= LONGEST_NAME_BYTES):
            for name in ("producer", "tenant", "model", "provider", "feature", "user", "key"):
                _refuse_unkeepable(name, getattr(self, name), LONGEST_NAME_BYTES)
            _refuse_long_together((self.tenant, self.model, self.provider, self.feature, self.key))
        _refuse_unkeepable("id", self.id, LONGEST_ID_BYTES)
        if OURS in (self.tenant[:2], self.model[:2], self.feature[:2]):
            refused = ("tenant", "model", "feature")
            ours = next(name for name in refused if getattr(self, name).startswith(OURS))
            raise UsageRecordError(f"{ours} begins with {OURS}, as only Bursar's own rows do")
        if self.requests < 0:
            raise UsageRecordError("requests are below zero")
        if self.latency_ms is not None and self.latency_ms < 0:
            raise UsageRecordError("latency is below zero")

    @property
    def digest(self) -> str:
        """Of what the producer told, and nothing of ours: the same body has the same digest."""
        from hashlib import sha256  # slow to import, where only tokens are counted

        at = self.at.astimezone(UTC).isoformat()
        named = self.told_as or (self.tenant, self.model, self.provider, self.feature)
        names = (*named, self.user, self.key)
        told = (self.requests, *self.tokens.counts, self.batch, self.latency_ms, self.source)
        text = json.dumps([self.producer, self.id, at, *names, *told], separators=(",", ":"))
        return sha256(text.encode()).hexdigest()[:32]

    def of_tenant(self, tenant: str) -> UsageRecord:
        return replace(self, tenant=tenant)


def _are_plain(names: str) -> bool:
    """Whether JSON writes them all in as many bytes, or two for a quote, and that is little."""
    return names.isascii() and names.isprintable() and 2 * len(names) <= LONGEST_NAMES_BYTES


def _refuse_long_together(names: Sequence[str]) -> None:
    size = sum(len(json.dumps(name, ensure_ascii=False).encode()) - 2 for name in names)
    if size > LONGEST_NAMES_BYTES:
        raise UsageRecordError(
            f"tenant, model, provider, feature and key are {size} bytes long together, as JSON;"
            f" {LONGEST_NAMES_BYTES} are kept"
        )


def _refuse_unkeepable(name: str, text: str, longest_bytes: int) -> None:
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise UsageRecordError(f"{name} holds half a character (a lone surrogate)") from None
    if size > longest_bytes:
        raise UsageRecordError(f"{name} is {size} bytes long; {longest_bytes} are kept")
