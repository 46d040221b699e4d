"""Reading the bodies of requests: text, and JSON whose numbers lose no digit."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from bursar.web.api.problems import ProblemError

LONGEST_BODY_BYTES = 1_000_000
_MOST_TOLD = 5

M = TypeVar("M", bound=BaseModel)


def _number(told: Any) -> Any:
    if isinstance(told, str | bool):
        raise ValueError("is a number, and no text")
    return told


Whole = Annotated[int, BeforeValidator(_number)]  # 1 and 1.0, as JSON Schema's integers


def read_text(event: dict[str, Any], *, too_long: str = "") -> str:
    """The body as it was sent; `too_long` says what to do with a longer one.

    Raises:
        ProblemError: it is no text, or longer than 1 MB.
    """
    text: str = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            text = base64.b64decode(text, validate=True).decode()
        except ValueError:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no text") from None
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_BODY_BYTES:
        told = f"the body is longer than {LONGEST_BODY_BYTES} bytes{too_long}"
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told)
    return text


def read_json(event: dict[str, Any], model: type[M]) -> M:
    """The body as a model: amounts may be strings or numbers.

    Raises:
        ProblemError: it is no JSON, or not what the model takes; says where, and not what.
    """
    try:
        told = json.loads(read_text(event) or "{}", parse_float=Decimal)
        return model.model_validate(told)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:_MOST_TOLD]
        faults = [f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in found]
        by_member = {"/".join(map(str, each["loc"])): each["msg"] for each in found}
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(faults), errors=by_member
        ) from None
    except (ValueError, RecursionError):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body is no JSON") from None
