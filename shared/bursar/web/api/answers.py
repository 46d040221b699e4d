"""What the API answers, as JSON Schema has it."""

from __future__ import annotations

from typing import Any

from bursar.domain.gate.verdicts import GateVerdict
from bursar.domain.governance.exceptions import Status

Schema = dict[str, Any]

ANYTHING: Schema = {"type": "object"}
_TEXT: Schema = {"type": "string"}
_NAME_OR_NULL: Schema = {"type": ["string", "null"]}
_TIME: Schema = {"type": "string", "format": "date-time"}
_USD: Schema = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_STATUS: Schema = {"type": "string", "enum": [each.value for each in Status]}


def _object(more: Schema | None = None, **members: Schema) -> Schema:
    """All of `members` are there; those of `more` may be. Programs must bear others."""
    return {
        "type": "object",
        "properties": members | (more or {}),
        "required": list(members),
    }


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


_SCOPE: Schema = {"type": "object", "additionalProperties": _TEXT}
PROBLEM = _object(
    {
        "title": _TEXT,
        "budget": _TEXT,
        "available_usd": _USD,
        "errors": _list(_object(pointer=_TEXT, detail=_TEXT)),
    },
    type=_TEXT,
    status={"type": "integer"},
    detail=_TEXT,
)
USAGE = _object(
    accepted=_COUNT,
    billed=_COUNT,
    shadow=_COUNT,
    duplicates=_COUNT,
    conflicts=_COUNT,
    held=_COUNT,
    dropped=_COUNT,
    rejected=_list(_object(where=_TEXT, places=_list(_TEXT), reason=_TEXT, times=_COUNT)),
)
RESERVATION = _object(id=_TEXT, status=_TEXT, amount_usd=_USD, expires_at=_TIME)
LEASE = _object(id=_TEXT, status=_TEXT, amount_usd=_USD, expires_at=_TIME, usable_until=_TIME)
BUDGETS = _list(
    _object(
        {"exceptions": _list(_object(id=_TEXT, remaining_usd=_USD, until=_TIME))},
        id=_TEXT,
        scope=_SCOPE,
        enforced=_FLAG,
        window=_object(starts_at=_TIME, ends_at=_TIME),
        limit_usd=_USD,
        spent_usd=_USD,
        reserved_usd=_USD,
        available_usd=_USD,
        as_of=_TIME,
    )
)
_USD_OR_NULL: Schema = {**_USD, "type": ["string", "null"]}
_OBJECT_OR_NULL: Schema = {"type": ["object", "null"]}
GATED_JOBS = _object(
    {"exception": _TEXT, "link": _TEXT},
    verdict={"type": "string", "enum": [each.value for each in GateVerdict]},
    policy=_NAME_OR_NULL,
    reason=_TEXT,
    usd=_USD_OR_NULL,
    hours=_NAME_OR_NULL,
    pods={"type": ["integer", "null"]},
    per_pod=_OBJECT_OR_NULL,
    instance_type=_NAME_OR_NULL,
    arithmetic=_list(_TEXT),
    jobs=_list(ANYTHING),
)
_RULES = _list(_object(when=_TEXT, then=_TEXT))
_TOUCHED_BUDGET = _object(
    id=_TEXT,
    scope=_SCOPE,
    enforced=_FLAG,
    window=_object(starts_at=_TIME, ends_at=_TIME),
    limit_usd=_USD,
    spent_usd=_USD_OR_NULL,
    reserved_usd=_USD,
    available_usd=_USD_OR_NULL,
    as_of=_TIME_OR_NULL,
    projected_usd=_USD_OR_NULL,
    forecast={
        "anyOf": [
            _object(month=_TEXT, as_of=_TIME, expected_usd=_USD, low80_usd=_USD, high80_usd=_USD),
            {"type": "null"},
        ]
    },
)
_SUMMARY: dict[str, Schema] = {
    "id": _TEXT,
    "version": {"type": "integer", "minimum": 1},
    "status": _STATUS,
    "tiers": _list(_object(name=_TEXT, status=_STATUS, decided_by=_NAME_OR_NULL)),
    "deadline": _TIME,
    "policy": _TEXT,
    "scope": _SCOPE,
    "amount_usd": _USD,
    "purpose": _TEXT,
    "until": _TIME,
    "requester": _TEXT,
    "opened_at": _TIME,
}
EXCEPTIONS = _list(_object(**_SUMMARY))
EXCEPTION = _object(
    {
        "as_of": _TIME,
        "you": _TEXT,
        "why_not": _NAME_OR_NULL,
        "asked": _NAME_OR_NULL,
        "policy_rules": _RULES,
        "counted_beside_usd": _USD,
        "budgets": _list(_TOUCHED_BUDGET),
        "others": _list(_object(**_SUMMARY)),
        "justification": _TEXT,
        "business_impact": _TEXT,
        "beneficiary": _NAME_OR_NULL,
        "team": _TEXT,
        "decisions": _list(
            _object(
                version=_COUNT,
                tier=_TEXT,
                decision=_TEXT,
                decided_by=_TEXT,
                decided_at=_TIME,
                comment=_TEXT,
            )
        ),
        "allowance": {
            "anyOf": [
                _object(amount_usd=_USD, remaining_usd=_USD, until=_TIME),
                {"type": "null"},
            ]
        },
        "may_edit": _FLAG,
        "may_decide": _FLAG,
        "notes": _list(_TEXT),
    },
    **_SUMMARY,
)
POLICIES = _object(
    as_of=_TIME,
    you=_TEXT,
    may_ask=_FLAG,
    dimensions=_list(_TEXT),
    policies=_list(_object(name=_TEXT, kind=_TEXT, rules=_RULES)),
    tiers=_list(_object(name=_TEXT, at_least_usd=_USD)),
)
AUDIT = _object(
    head=_object(number=_COUNT, hash=_TEXT),
    records=_list(_object(number=_COUNT, hash=_TEXT, body=_TEXT)),
)
