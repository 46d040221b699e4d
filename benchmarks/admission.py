"""A reservation over three budgets through the API's handler, warm, beside its bare transaction.

Both on the same DynamoDB Local, which is a process of its own: what is measured is the CPU of
the client's side, in which the handler, boto3's serialisation and the parsing of answers are.
The bare side sends the five items that the handler would send, prepared before.

    python -m benchmarks.admission
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import boto3

from bursar.adapters.dynamodb.ledger import entries, holds, windows
from bursar.domain.admission.reservations import Reservation
from bursar.domain.ledger.budget_windows import BudgetWindow
from bursar.domain.money import Money
from bursar.domain.periods import month_of
from bursar.domain.scopes import Dimension
from tests.contract import dynamodb_local

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCOPES = {"all": "category=external_api", "search": "tenant=search", "model": "model=gpt-x"}
CONFIG = {
    "version": 1,
    "organisation": "acme",
    "account": "111122223333",
    "region": "eu-west-1",
    "budgets": [
        {"id": id_, "scope": scope, "limit": "1000000", "owner": "ana", "enforced": True}
        for id_, scope in SCOPES.items()
    ],
    "owners": {"ana": {"emails": ["ana@example.com"]}},
    "notifications": {"catch_all": ["ops@example.com"]},
    "usage": {
        "producers": [
            {
                "name": "gateway",
                "role_arns": ["arn:aws:iam::111122223333:role/gateway"],
                "tenants": ["*"],
            }
        ]
    },
}
KEYS = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi1",
            "KeySchema": [
                {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
CONTEXT = SimpleNamespace(
    function_name="serve_api",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:serve_api",
    aws_request_id="1",
)


@dataclass(frozen=True)
class Measured:
    """CPU milliseconds of one reservation, each the median of some rounds."""

    handler_ms: float
    bare_ms: float

    @property
    def ratio(self) -> float:
        return self.handler_ms / self.bare_ms


def measure(*, rounds: int = 9, each: int = 100) -> Measured:
    """Alternate between both sides, so that a busy machine slows both.

    Raises:
        dynamodb_local.NotHereError: there is no DynamoDB Local on this machine.
    """
    with tempfile.TemporaryDirectory() as where, _table(Path(where)) as table:
        numbers = iter(range(10**9))
        with contextlib.redirect_stdout(io.StringIO()):  # its logger keeps the stream
            handler = importlib.import_module("functions.serve_api.handler").handler
        sides: dict[Callable[[int], Any], list[float]] = {
            _through(handler): [],
            _bare(table): [],
        }
        for _ in range(rounds + 1):
            for side, took in sides.items():
                prepared = [next(numbers) for _ in range(each)]
                took.append(_cpu_ms(side, prepared) / each)
        handler_ms, bare_ms = (median(took[1:]) for took in sides.values())  # the first warms up
        return Measured(handler_ms, bare_ms)


def table(measured: Measured) -> list[str]:
    return [
        f"  through the handler   {measured.handler_ms:6.2f} ms CPU",
        f"  bare transaction      {measured.bare_ms:6.2f} ms CPU",
        f"  ratio                 {measured.ratio:6.2f} (at most 3)",
    ]


def _cpu_ms(side: Callable[[int], Any], numbers: list[int]) -> float:
    calls = [side(number) for number in numbers]  # a request each, made before the clock runs
    with contextlib.redirect_stdout(io.StringIO()):  # and its metrics
        started = time.process_time()
        for call in calls:
            call()
        return (time.process_time() - started) * 1000


def _through(handler: Callable[[Any, Any], Any]) -> Callable[[int], Callable[[], None]]:
    def prepare(number: int) -> Callable[[], None]:
        event = _event(number)

        def call() -> None:
            answer = handler(event, CONTEXT)
            assert answer["statusCode"] == 201, answer["body"]

        return call

    return prepare


def _bare(table: Any) -> Callable[[int], Callable[[], Any]]:
    start, amount = month_of(AT).start, Money.of("0.25")
    held = {BudgetWindow(id_, start): amount for id_ in SCOPES}
    client, own = table.meta.client, {"TableName": table.name}

    def prepare(number: int) -> Callable[[], Any]:
        reservation = Reservation(
            id=f"{number:040d}",
            principal="gateway",
            digest="0" * 32,
            facts={Dimension.TENANT: "search", Dimension.MODEL: "gpt-x"},
            amount=amount,
            held=held,
            created_at=AT,
            expires_at=AT + timedelta(minutes=5),
            usage_event_id=f"event-{number}",
        )
        mark = entries.mark(("gateway", f"event-{number}"), reservation.id)
        puts = [holds.item(reservation), mark]
        items = [
            *({"Put": {"Item": each, **entries.ABSENT, **own}} for each in puts),
            *({"Update": {**windows.reserve(each, amount), **own}} for each in held),
        ]
        return lambda: client.transact_write_items(TransactItems=items)

    return prepare


def _event(number: int) -> dict[str, Any]:
    body = {
        "idempotency_key": f"request-{number}",
        "scope": {"tenant": "search", "model": "gpt-x"},
        "amount_usd": "0.25",
        "usage_event_id": f"event-{number}",
        "expires_in_seconds": 300,
    }
    path = "/v1/reservations"
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST", "path": path},
            "requestId": f"q-{number}",
            "stage": "$default",
            "timeEpoch": int(AT.timestamp() * 1000),
            "authorizer": {
                "iam": {"userArn": "arn:aws:sts::111122223333:assumed-role/gateway/session"}
            },
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


@contextlib.contextmanager
def _table(where: Path) -> Iterator[Any]:
    config = where / "bursar.json"
    config.write_text(json.dumps(CONFIG))
    with dynamodb_local.running(dynamodb_local.jar(where), where) as url:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "BURSAR_CONFIG_FILE": str(config),
            "BURSAR_TABLE_NAME": "bursar",
            "BURSAR_USAGE_BUCKET": "none",
        }
        yield boto3.resource("dynamodb").create_table(
            TableName="bursar", BillingMode="PAY_PER_REQUEST", **KEYS
        )


if __name__ == "__main__":
    print(*table(measure()), sep="\n")
