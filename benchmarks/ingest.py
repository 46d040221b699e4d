"""How many usage records a CPU-second takes in, beside `json.loads` of the same messages.

Messages of 100 records in Bursar's own format, one a line, as a producer's queue delivers
them, and of LiteLLM's payloads, in arrays. `read` is the format alone: strict JSON, every field
checked. `archive` adds plausibility, the memory archive's compressed bytes and the quarantine,
with a record in a hundred that is rejected. `ingest` is the whole job: its records are priced
too, and posted to the ledger in memory, each id once.

    python -m benchmarks.ingest [--records N]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.conflicts import MemoryConflictLog
from bursar.adapters.memory.ledger import MemoryLedger
from bursar.adapters.memory.quarantine import MemoryQuarantine
from bursar.adapters.memory.usage import MemoryUsageArchive
from bursar.adapters.token_prices.genai import GenaiTokenPrices
from bursar.adapters.usage_formats.reading import read
from bursar.domain.ledger.enforced_budgets import EnforcedBudgets
from bursar.domain.usage.price_books import LayeredTokenPrices, OwnTokenPrices
from bursar.domain.usage.producers import ProducerPolicy, UsageFormat
from bursar.domain.usage.routes import ModelRoutes
from bursar.jobs.bill_usage import UsageBilling
from bursar.jobs.ingest_usage import Message, Told, ingest
from bursar.jobs.post_usage import Patience
from bursar.jobs.take_usage import UsageIntake

RECORDS, IN_A_MESSAGE, RUNS = 60_000, 100, 3
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FORMATS = (UsageFormat.BURSAR, UsageFormat.LITELLM)


def measure(records: int = RECORDS, runs: int = RUNS) -> dict[str, Any]:
    """Records per CPU-second of each step and format; the best of the runs counts."""
    return {format_.value: _of_format(format_, records, runs) for format_ in FORMATS}


def _of_format(format_: UsageFormat, records: int, runs: int) -> dict[str, float]:
    messages = [_message(n, format_) for n in range(records // IN_A_MESSAGE)]
    producer = ProducerPolicy(name="gateway", format=format_, tenant="acme")
    steps: dict[str, Callable[[], None]] = {
        "json.loads": partial(_loads, messages, format_),
        "read": partial(_read, messages, producer),
        "archive": partial(_archive, messages, producer),
        "ingest": partial(_ingest, messages, producer),
    }
    done = len(messages) * IN_A_MESSAGE
    return {
        name: done / min(_cpu_seconds(step) for _ in range(runs)) for name, step in steps.items()
    }


def _loads(messages: list[Message], format_: UsageFormat) -> None:
    for message in messages:
        for document in _documents(message.body, format_):
            json.loads(document)


def _read(messages: list[Message], producer: ProducerPolicy) -> None:
    for message in messages:
        for _ in read(message.body, producer):
            pass


def _archive(messages: list[Message], producer: ProducerPolicy) -> None:
    for batch in _batches(messages):
        ingest(
            batch,
            producer,
            read=read,
            archive=MemoryUsageArchive(),
            quarantine=MemoryQuarantine(),
            post=lambda _: Told(),
            refuse=lambda _: None,  # no id comes twice
        )


def _ingest(messages: list[Message], producer: ProducerPolicy) -> None:
    intake = _intake(producer)
    for batch in _batches(messages):
        intake.take(batch)


def _batches(messages: list[Message]) -> Iterator[list[Message]]:
    """Of SQS, ten messages each."""
    return (messages[first : first + 10] for first in range(0, len(messages), 10))


def _intake(producer: ProducerPolicy) -> UsageIntake:
    """A new one, with a ledger that nothing was posted to."""
    ledger = MemoryLedger()
    return UsageIntake(
        producer=producer,
        read=read,
        archive=MemoryUsageArchive(),
        quarantine=MemoryQuarantine(),
        billing=UsageBilling(
            routes=ModelRoutes(),
            prices=LayeredTokenPrices(OwnTokenPrices(()), GenaiTokenPrices()),
            ledger=ledger,
            conflicts=MemoryConflictLog(MemoryOutbox()),
            windows=ledger,
            budgets=EnforcedBudgets((), "example", lambda _: ""),
            patience=Patience(time.sleep, lambda low, high: (low + high) / 2),
        ),
    )


def _documents(body: str, format_: UsageFormat) -> list[str]:
    return body.split("\n") if format_ is UsageFormat.BURSAR else [body]


def _message(number: int, format_: UsageFormat) -> Message:
    """One record of each message is rejected: its tokens are below zero."""
    make = _own if format_ is UsageFormat.BURSAR else _litellm
    items = [make(number * IN_A_MESSAGE + n, -1 if n == 0 else n) for n in range(IN_A_MESSAGE)]
    lines = "\n".join(json.dumps(item) for item in items)
    body = lines if format_ is UsageFormat.BURSAR else json.dumps(items)
    return Message(str(number), body, NOON + timedelta(hours=1))


def _own(number: int, tokens: int) -> dict[str, Any]:
    return {
        "id": f"req-{number:09}",
        "at": (NOON + timedelta(seconds=number % 3600)).isoformat(),
        "model": "gpt-4o",
        "provider": "openai",
        "feature": "search",
        "key": "search-prod",
        "input_tokens": tokens,
        "cached_input_tokens": 0,
        "output_tokens": 50,
        "latency_ms": 400,
    }


def _litellm(number: int, tokens: int) -> dict[str, Any]:
    started = NOON.timestamp() + number % 3600
    return {
        "id": f"chatcmpl-{number:09}",
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": "openai",
        "model": "gpt-4o",
        "prompt_tokens": tokens,
        "completion_tokens": 50,
        "startTime": started,
        "endTime": started + 0.4,
        "metadata": {
            "user_api_key_alias": "search-prod",
            "usage_object": {"prompt_tokens_details": {"cached_tokens": 0}},
        },
        "request_tags": ["feature:search"],
        "messages": [{"role": "user", "content": "What does it cost? " * 50}],
        "response": {"choices": [{"message": {"content": "Twelve dollars. " * 20}}]},
    }


def _cpu_seconds(step: Callable[[], None]) -> float:
    before = time.process_time()
    step()
    return time.process_time() - before


def table(found: dict[str, Any]) -> list[str]:
    lines = [f"{'records per CPU-second':24s}" + "".join(f"{name:>12s}" for name in found)]
    for step in next(iter(found.values())):
        rates = (f"{rates[step]:12,.0f}" for rates in found.values())
        lines.append(f"{step:24s}" + "".join(rates))
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    print("\n".join(table(measure(parser.parse_args().records))))
