"""`GET /v1/audit`: the chained records, oldest first, for everybody who is configured."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from bursar.domain.governance.audit import AuditRecord
from bursar.web.api.callers import signed_in_person
from bursar.web.api.problems import ProblemError, answer_json
from bursar.wiring import Ports

_A_PAGE = 100

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # powertools has no hint here


@router.get("/v1/audit")
def get_audit() -> Response[str]:
    """At most 100 records after number `after`, and the head; hashes are hexadecimal.

    `body` is the text that was hashed: sha256 of the hash before and of these bytes is `hash`.
    """
    ports: Ports = router.context["ports"]
    of = ports.governance
    signed_in_person(of.rules.directory, router.current_event.raw_event)
    after = router.current_event.query_string_parameters.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= 12):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "after is the number of a record")
    head = of.audit.head()
    page = [_as_json(record) for record in of.audit.records(int(after), _A_PAGE)]
    told = {"head": {"number": head.number, "hash": head.hash.hex()}, "records": page}
    return answer_json(HTTPStatus.OK, told)


def _as_json(record: AuditRecord) -> dict[str, Any]:
    return {"number": record.number, "hash": record.hash.hex(), "body": record.text}
