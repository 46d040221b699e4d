"""Three requests of the demo, over the API as people make them: signed, denied, left to expire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.http_gateway import HttpGateway, HttpRequest
from bursar.local.issuer import LocalIssuer

_CREATED, _DONE = 201, 200
_ASKS, _LOOKS = "requester", "viewer"


class RequestNotTakenError(Exception):
    """The API refused what the demo asked of it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    policy: str
    scope: Mapping[str, str]
    amount_usd: str
    purpose: str
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class _Answer:
    """Given so long after the demo's live days began, to the request of that number."""

    after: timedelta
    who: str
    number: int
    decision: str = "approve"


_FILED = timedelta(hours=1)
REQUESTS = (
    _Asked("team-month", {"tenant": "acme"}, "120000", "a launch", timedelta(days=30)),
    _Asked(
        "training-job",
        {"cluster": "training", "namespace": "research"},
        "20000",
        "a sweep over learning rates",
        timedelta(days=7),
    ),
    _Asked("training-job", {"cluster": "inference"}, "30000", "a load test", timedelta(hours=8)),
)
ANSWERS = (
    _Answer(timedelta(hours=2), "manager", 0),
    _Answer(timedelta(hours=3), "director", 0),
    _Answer(timedelta(hours=3), "manager2", 1, "deny"),
    _Answer(timedelta(hours=4), "vp", 0),
)


class ExceptionRequests:
    """Goes on with the clock; nobody answers the last request."""

    def __init__(self, cloud: EmbeddedCloud, account: str, began: datetime) -> None:
        self._issuer = LocalIssuer(account)
        self._gateway = HttpGateway(cloud, self._issuer.authorize)
        self._began = began
        self._ids: list[str] = []
        self._answers = list(ANSWERS)

    def go_on(self, now: datetime) -> None:
        """Do what is due by now."""
        if not self._ids and now >= self._began + _FILED:
            self._ids = [self._file(each, now) for each in REQUESTS]
        while self._ids and self._answers and now >= self._began + self._answers[0].after:
            self._decide(self._answers.pop(0))

    def shown(self) -> list[dict[str, Any]]:
        """Each request as a viewer sees it now."""
        return [self._call(_LOOKS, "GET", f"/{id_}", _DONE) for id_ in self._ids]

    def _file(self, asked: _Asked, now: datetime) -> str:
        body = {
            "policy": asked.policy,
            "scope": dict(asked.scope),
            "amount_usd": asked.amount_usd,
            "purpose": asked.purpose,
            "justification": "more than the budget holds",
            "business_impact": "the date slips without it",
            "until": (now + asked.lasts).isoformat(),
        }
        return str(self._call(_ASKS, "POST", "", _CREATED, body)["id"])

    def _decide(self, answer: _Answer) -> None:
        body = {"decision": answer.decision, "version": 1}
        self._call(answer.who, "POST", f"/{self._ids[answer.number]}/decisions", _DONE, body)

    def _call(
        self, who: str, method: str, path: str, expected: int, body: Any = None
    ) -> dict[str, Any]:
        token = self._issuer.token(f"{who}@example.com")
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        text = b"" if body is None else json.dumps(body).encode()
        asked = HttpRequest(method, f"/v1/exceptions{path}", "", headers, text)
        answer = self._gateway.answer(asked)
        if answer.status != expected:
            raise RequestNotTakenError(f"{method} {path} by {who}: {answer.body.decode()}")
        told: dict[str, Any] = json.loads(answer.body)
        return told
