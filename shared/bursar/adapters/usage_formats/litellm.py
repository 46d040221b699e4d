"""LiteLLM's StandardLoggingPayload, as its proxy sends it to a callback (one, or an array).

Fields by docs.litellm.ai, "StandardLoggingPayload Specification". `prompt_tokens` includes what
was read from the provider's cache and written to it.

- An answer from LiteLLM's own cache (`cache_hit`) cost the provider nothing: a request without
  tokens. So is a failure; LiteLLM logs no tokens for one. Any other that tells none is rejected.
- `response_cost` is LiteLLM's own estimate and is not read.
- A gateway that is trusted to name tenants names the team of the key; with a tenant of its own,
  the team says nothing here.
- A request tag `feature:search` names the feature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bursar.adapters.usage_formats.documents import Payload, Told, attempt, documents, each
from bursar.adapters.usage_formats.fields import (
    FieldError,
    count,
    flag,
    instant,
    part,
    require_a_count,
    text,
)
from bursar.domain.usage.producers import ProducerPolicy
from bursar.domain.usage.records import TokenCounts, UsageRecord
from bursar.domain.usage.told_records import usage_record

_FEATURE_TAGS = ("feature:", "feature=")
_TRUTH = {"true": True, "false": False, "none": None, "": None}
_MILLISECOND = 1000


def read(payload: Payload, producer: ProducerPolicy) -> Iterator[Told]:
    for where, document in documents(payload):
        for place, item in each(where, document):
            yield from attempt(place, _record, item, producer)


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord:
    item = part(item, "standard_logging_object") or item
    metadata = part(item, "metadata")
    started = instant(item, "startTime")
    ended = instant(item, "endTime", "startTime")
    served = text(item, "status") != "failure" and not _from_cache(item.get("cache_hit"))
    return usage_record(
        producer,
        id=text(item, "id"),
        at=started,
        tenant=_team(metadata) if producer.names_tenants else "",
        model=text(item, "model"),
        provider=text(item, "custom_llm_provider"),
        feature=_feature(item.get("request_tags")),
        user=text(item, "end_user") or text(metadata, "user_api_key_user_id"),
        key=text(metadata, "user_api_key_alias"),
        tokens=_tokens(item, part(metadata, "usage_object")) if served else TokenCounts(),
        batch="batch" in text(item, "call_type"),
        latency_ms=max(0, round((ended - started).total_seconds() * _MILLISECOND)),
    )


def _from_cache(told: Any) -> bool:
    """`cache_hit`, which some versions and callbacks write as Python's text."""
    if told.__class__ is str:
        told = _TRUTH.get(told.lower(), told)
    return flag({"cache_hit": told}, "cache_hit")


def _team(metadata: Mapping[str, Any]) -> str:
    return text(metadata, "user_api_key_team_alias", "user_api_key_team_id")


def _tokens(item: Mapping[str, Any], usage: Mapping[str, Any]) -> TokenCounts:
    require_a_count(item, "prompt_tokens", "completion_tokens")
    prompt = part(usage, "prompt_tokens_details")
    written = count(usage, "cache_creation_input_tokens")
    for_an_hour = count(part(prompt, "cache_creation_token_details"), "ephemeral_1h_input_tokens")
    return TokenCounts(
        input=count(item, "prompt_tokens"),
        cached_input=count(prompt, "cached_tokens") or count(usage, "cache_read_input_tokens"),
        cache_write_5m=max(0, written - for_an_hour),
        cache_write_1h=for_an_hour,
        output=count(item, "completion_tokens"),
        reasoning=count(part(usage, "completion_tokens_details"), "reasoning_tokens"),
    )


def _feature(tags: Any) -> str:
    if tags is None:
        return ""
    if not isinstance(tags, list):
        raise FieldError("request_tags is not a list")
    for tag in tags:
        if isinstance(tag, str) and tag.startswith(_FEATURE_TAGS):
            return tag[len(_FEATURE_TAGS[0]) :]
    return ""
