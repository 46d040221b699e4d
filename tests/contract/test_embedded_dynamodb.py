"""The embedded cloud's DynamoDB, whose way is shorter, answers as moto does that it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bursar.local.embedded.aws_server import serve_aws

TABLE = "things"
MANY = [{"pk": {"S": "many"}, "sk": {"S": f"{number:02}"}} for number in range(30)]
KEY = {"pk": {"S": "one"}, "sk": {"S": "a"}}
EVERY_TYPE = {
    **KEY,
    "text": {"S": "größer"},
    "empty": {"S": ""},
    "number": {"N": "1.50"},
    "bytes": {"B": b"\x00\xff"},
    "B": {"M": {"B": {"S": "a map of one B"}}},
    "list": {"L": [{"N": "1"}, {"B": b"x"}, {"M": {"deep": {"NULL": True}}}]},
    "set": {"SS": ["a", "b"]},
    "binaries": {"BS": [b"a", b"b"]},
    "yes": {"BOOL": True},
}
SPANS = ["sk < :a", "sk <= :a", "sk > :a", "sk >= :a", "sk = :a", "begins_with(sk, :a)"]

Calls = list[tuple[str, dict[str, Any]]]


@contextmanager
def a_table(**where: str) -> Iterator[Any]:
    keys = {"aws_access_key_id": "embedded", "aws_secret_access_key": "embedded"}
    client = boto3.client("dynamodb", region_name="us-east-1", **keys, **where)
    names = ("pk", "HASH"), ("sk", "RANGE"), ("due", "HASH")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names[:2]],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_due",
                "KeySchema": [
                    {"AttributeName": "due", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    yield client
    client.close()


def said(client: Any, calls: Calls) -> list[Any]:
    """What is answered to each call: the answer without its metadata, or the error."""
    answers = []
    for operation, request in calls:
        named = {} if operation.startswith(("batch", "transact")) else {"TableName": TABLE}
        try:
            answer = getattr(client, operation)(**(named | request))
        except ClientError as error:
            answer = {**error.response, "status": _status(error.response)}
        answer.pop("ResponseMetadata")
        answers.append(answer)
    return answers


def _status(response: Any) -> int:
    return int(response["ResponseMetadata"]["HTTPStatusCode"])


def put(**attributes: Any) -> tuple[str, dict[str, Any]]:
    return "put_item", {"Item": {**KEY, **attributes}}


def query(condition: str, **more: Any) -> tuple[str, dict[str, Any]]:
    values = {":pk": {"S": "many"}} | ({":a": {"S": "1"}} if ":a" in condition else {})
    asked = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
    return "query", asked | more


def update(expression: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "update_item", {"Key": KEY, "UpdateExpression": expression, **more}


def values(**named: Any) -> dict[str, Any]:
    return {f":{name}": value for name, value in named.items()}


FILLED: tuple[str, dict[str, Any]] = (
    "batch_write_item",
    {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}} for item in MANY[:25]]}},
)
BETWEEN = {":pk": {"S": "many"}, ":a": {"S": "03"}, ":b": {"S": "11"}}
ONE_MORE = {"ExpressionAttributeValues": values(one={"N": "1"}, was={"N": "1"})}
CASES: dict[str, Calls] = {
    "an item of every type comes back": [
        ("put_item", {"Item": EVERY_TYPE}),
        ("get_item", {"Key": KEY}),
        ("get_item", {"Key": {**KEY, "sk": {"S": "b"}}}),
        ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY]}}}),
        ("put_item", {"Item": KEY, "ReturnValues": "ALL_OLD"}),
        ("delete_item", {"Key": KEY, "ReturnValues": "ALL_OLD"}),
    ],
    "a span of keys": [
        FILLED,
        *(query(f"pk = :pk AND {span}") for span in SPANS),
        query("pk = :pk AND sk BETWEEN :a AND :b", ExpressionAttributeValues=BETWEEN),
        query("pk = :pk AND sk >= :a", ScanIndexForward=False, Limit=3),
        query("pk = :pk AND sk <= :a", Limit=4, ExclusiveStartKey=MANY[5]),
        query("pk = :pk", ExclusiveStartKey=MANY[20], ProjectionExpression="sk"),
        query("pk = :pk", Select="COUNT"),
    ],
    "an index": [
        put(due={"S": "now"}),
        ("put_item", {"Item": {**KEY, "sk": {"S": "0"}, "due": {"S": "now"}}}),
        put_elsewhere := ("put_item", {"Item": {"pk": {"S": "z"}, "sk": {"S": "z"}}}),
        (
            "query",
            {
                "IndexName": "by_due",
                "KeyConditionExpression": "due = :due",
                "ExpressionAttributeValues": values(due={"S": "now"}),
            },
        ),
    ],
    "an update counts, and stops at its condition": [
        update("ADD seen :one", ExpressionAttributeValues=values(one={"N": "1"})),
        update("SET seen = seen + :one", ConditionExpression="seen = :was", **ONE_MORE),
        update("SET seen = seen + :one", ConditionExpression="seen = :was", **ONE_MORE),
        update(
            "SET #n = if_not_exists(#n, :one) REMOVE seen",
            ExpressionAttributeNames={"#n": "name"},
            ExpressionAttributeValues=values(one={"N": "1"}),
            ReturnValues="ALL_NEW",
        ),
        ("get_item", {"Key": KEY}),
        update("SET pk = :one", ExpressionAttributeValues=values(one={"N": "1"})),
        update("SET nonsense"),
    ],
    "a transaction is whole or not at all": [
        put(version={"N": "1"}),
        *(
            (
                "transact_write_items",
                {
                    "TransactItems": [
                        {"Put": {"TableName": TABLE, "Item": {**KEY, "sk": {"S": "b"}}}},
                        {
                            "Update": {
                                "TableName": TABLE,
                                "Key": KEY,
                                "UpdateExpression": "SET version = version + :one",
                                "ConditionExpression": "version = :was",
                                **ONE_MORE,
                            }
                        },
                    ]
                },
            ),
        )
        * 2,
        ("get_item", {"Key": KEY}),
        put_elsewhere,
    ],
    "an item of more than 400 KB is refused": [
        put(long={"S": "x" * 404_000}),
        put(long={"S": "x" * 410_000}),
    ],
    "a table that is not there": [("get_item", {"TableName": "other", "Key": KEY})],
}


@pytest.mark.parametrize("calls", CASES.values(), ids=CASES)
def test_the_embedded_dynamodb_answers_as_moto_does(calls):
    with mock_aws(), a_table() as client:
        expected = said(client, calls)
    with serve_aws() as url, a_table(endpoint_url=url) as client:
        assert said(client, calls) == expected
    assert expected
