"""LiteLLM's StandardLoggingPayload, as its proxy sends it to a callback (one, or an array).

Fields by docs.litellm.ai, "StandardLoggingPayload Specification". `prompt_tokens` includes what
was read from the provider's cache and written to it.

- An answer from LiteLLM's own cache (`cache_hit`) cost the provider nothing: a request without
  tokens. So is a failure; LiteLLM logs no tokens for one. Any other that tells none is rejected.
- A provider's batch has one id, which creating it, every retrieval, cancelling and listing tell.
  LiteLLM tells tokens, those of all its requests, when a finished one is retrieved; what tells
  none manages batches, and is no usage. A batch is of the time at which it was completed (or
  else created), as `response` has it, and not of the retrieval: retrieved again, it is the same.
  Of how many requests it was is told by `hidden_params` since August 2026, and by `response`.
- `response_cost` is LiteLLM's own estimate and is not read.
- A gateway that is trusted to name tenants names the team of the key; with a tenant of its own,
  the team says nothing here.
- A request tag `feature:search` names the feature.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
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


def _record(item: Mapping[str, Any], producer: ProducerPolicy) -> UsageRecord | None:
    item = part(item, "standard_logging_object") or item
    metadata = part(item, "metadata")
    batch = "batch" in text(item, "call_type")
    served = text(item, "status") != "failure" and not _from_cache(item.get("cache_hit"))
    if batch and not (served and _tells_tokens(item)):
        return None
    started = instant(item, "startTime")
    took = instant(item, "endTime", "startTime") - started
    return usage_record(
        producer,
        id=text(item, "id"),
        at=_time_of_batch(item, started) if batch else started,
        tenant=_team(metadata) if producer.names_tenants else "",
        model=text(item, "model") or _model_of_batch(item),
        provider=text(item, "custom_llm_provider"),
        feature=_feature(item.get("request_tags")),
        user=text(item, "end_user") or text(metadata, "user_api_key_user_id"),
        key=text(metadata, "user_api_key_alias"),
        requests=_requests_of_batch(item) if batch else 1,
        tokens=_tokens(item, part(metadata, "usage_object")) if served else TokenCounts(),
        batch=batch,
        latency_ms=None if batch else max(0, round(took.total_seconds() * _MILLISECOND)),
    )


def _tells_tokens(item: Mapping[str, Any]) -> bool:
    """Whether a call about batches has used any.

    Raises:
        FieldError: it tells how many, and not whether they were input or output.
    """
    if count(item, "prompt_tokens") or count(item, "completion_tokens"):
        return True
    if count(item, "total_tokens"):
        raise FieldError("prompt_tokens and completion_tokens are 0, and total_tokens are not")
    return False


def _requests_of_batch(item: Mapping[str, Any]) -> int:
    """Those that were served; 0 where it is not told, as some providers count none."""
    batch = item.get("response")
    if served := count(part(item, "hidden_params"), "batch_successful_requests"):
        return served
    return count(part(batch, "request_counts"), "completed") if isinstance(batch, dict) else 0


def _time_of_batch(item: Mapping[str, Any], retrieved_at: datetime) -> datetime:
    """When the provider completed the batch, or else was given it, where `response` tells."""
    batch = item.get("response")
    if not isinstance(batch, dict):  # redacted
        return retrieved_at
    told = [name for name in ("completed_at", "created_at") if batch.get(name) is not None]
    return instant(batch, *told) if told else retrieved_at


def _model_of_batch(item: Mapping[str, Any]) -> str:
    """That of its requests, where it is one: retrieving a batch by its id names none."""
    models = part(item, "hidden_params").get("batch_models")
    only = models[0] if isinstance(models, list) and len(models) == 1 else ""
    return only if isinstance(only, str) else ""


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
