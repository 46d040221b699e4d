"""DynamoDB's calls for items, answered by moto's own operations and nothing around them.

Most of the time that moto takes to read an item goes into routing the request, and into walks
over the service's model to parse what is JSON already and to write what will be JSON again.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionContext, ActionResult
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler, DynamoResult
from werkzeug.exceptions import HTTPException

CONTENT_TYPE = "application/x-amz-json-1.0"
_VERSION = "DynamoDB_20120810."
_OPERATIONS = {
    "BatchGetItem": DynamoHandler.batch_get_item,
    "BatchWriteItem": DynamoHandler.batch_write_item,
    "DeleteItem": DynamoHandler.delete_item,
    "GetItem": DynamoHandler.get_item,
    "PutItem": DynamoHandler.put_item,
    "Query": DynamoHandler.query,
    "TransactWriteItems": DynamoHandler.transact_write_items,
    "UpdateItem": DynamoHandler.update_item,
}
_REGION = re.compile(r"Credential=[^/]+/\d+/([^/]+)/")


class PlainWhenWritten(ActionResult):
    """A DynamoResult that becomes plain values only where moto's own serializer writes it."""

    def execute_result(self, context: ActionContext) -> Any:
        return DynamoResult(self.result).execute_result(context)


class ItemCall(DynamoHandler):
    """One call for items: what moto's operation looks at when it runs."""

    def __init__(self, target: str, authorization: str, body: bytes, account: str) -> None:
        super().__init__()
        self._operation = _OPERATIONS[target.removeprefix(_VERSION)]
        found = _REGION.search(authorization)
        self.region = found[1] if found else self.default_region
        self.current_account = account
        self.headers = {"x-amz-target": target, "Content-Type": CONTENT_TYPE}
        self.querystring: dict[str, Any] = {}
        self.response_headers: dict[str, str] = {}
        # the hook costs more than all the rest: few requests hold a binary
        hook = _bytes_of_binaries if b'"B"' in body else None
        self.body = self.params = json.loads(body, object_hook=hook)

    @staticmethod
    def takes(target: str) -> bool:
        return target.removeprefix(_VERSION) in _OPERATIONS

    def answer(self) -> tuple[int, bytes]:
        """Status and body, as DynamoDB gives them."""
        try:
            answered = self._operation(self)
        except ServiceException as error:
            status, _, body = self.serialized(ActionResult(error))
            return status, body.encode() if isinstance(body, str) else body
        except HTTPException as error:
            return error.code or 400, (error.description or "").encode()
        return 200, json.dumps(answered.result, default=_plain).encode()


def _bytes_of_binaries(read: dict[str, Any]) -> dict[str, Any]:
    if len(read) == 1 and isinstance(read.get("B"), str):
        return {"B": base64.b64decode(read["B"])}
    return read


def _plain(value: Any) -> Any:
    if isinstance(value, DynamoType):
        return {value.type: value.value}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no value of DynamoDB's")
