"""`bursar audit`, from the command line to a table and a bucket in moto and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from bursar.adapters.dynamodb.governance.audit import DynamoAudit
from bursar.adapters.dynamodb.governance.audit import put as put_intent
from bursar.adapters.dynamodb.transactions import transact
from bursar.adapters.s3_audit_anchors import S3AuditAnchors
from bursar.cli.main import app
from bursar.domain.governance.audit import intent
from bursar.jobs.chain_audit import anchor_audit, chain_audit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BUCKET = "heads"


@pytest.fixture
def audit(table: Any) -> DynamoAudit:
    """Three records, the third of them beyond the anchored head."""
    s3 = boto3.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    audit = DynamoAudit(table)
    for number in range(3):
        told = intent(
            f"i-{number}", NOON, "exception.opened", "rita", {"n": number, "x": "a\u2028b"}
        )
        assert transact(table, [put_intent(told)])
        chain_audit(audit, audit)
        if number == 1:
            anchor_audit(audit, S3AuditAnchors(s3, BUCKET), NOON)
    return audit


def run(table: Any, capsys: Any, command: str) -> tuple[int, str]:
    where = ["--table", table.name, "--region", "eu-west-1", "--bucket", BUCKET]
    if command == "export":
        where = where[:4]
    with pytest.raises(SystemExit) as ended:
        app(["audit", command, *where])
    return int(ended.value.code or 0), capsys.readouterr().out


def test_a_whole_chain_is_said_to_be_whole(table, audit, capsys):
    code, told = run(table, capsys, "verify")
    assert (code, told) == (0, f"whole: 3 records, ending in {audit.head().hash.hex()}\n")


def test_a_change_is_found_and_ends_with_1(table, audit, capsys):
    [item] = [i for i in table.scan()["Items"] if b'"n": 1' in bytes(i.get("body", b""))]
    key = {"pk": item["pk"], "sk": item["sk"]}
    table.put_item(Item=item | {"body": bytes(item["body"]).replace(b"rita", b"rosa")})
    assert table.get_item(Key=key)["Item"]["body"] != item["body"]
    code, told = run(table, capsys, "verify")
    assert code == 1
    assert told.startswith("record 2: ")


def test_the_export_is_a_record_a_line(table, audit, capsys):
    code, told = run(table, capsys, "export")
    lines = [json.loads(line) for line in told.splitlines()]
    assert code == 0
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert lines[-1]["hash"] == audit.head().hash.hex()
    assert json.loads(lines[0]["body"])["actor"] == "rita"


def test_a_bucket_that_is_not_there_is_wrong_input(table, audit, capsys):
    where = ["--table", table.name, "--region", "eu-west-1", "--bucket", "nowhere"]
    with pytest.raises(SystemExit) as ended:
        app(["audit", "verify", *where])
    assert ended.value.code == 2
    assert "--bucket" in capsys.readouterr().err


def exported(table: Any, capsys: Any, file: Path) -> list[str]:
    lines = run(table, capsys, "export")[1].splitlines(keepends=True)
    file.write_text("".join(lines))
    return lines


def verified(capsys: Any, *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        app(["audit", "verify", *words])
    return int(ended.value.code or 0), capsys.readouterr().out


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda lines: lines, ""),
        (lambda lines: [line.replace("rita", "rosa") for line in lines], "record 1: its hash"),
        (lambda lines: [lines[0], lines[2]], "record 2: record 3 follows record 1"),
        (lambda lines: [lines[1], lines[0], lines[2]], "record 1: record 2 follows record 0"),
        (lambda lines: lines[1:], "record 1: record 2 follows record 0"),
    ],
)
def test_an_export_shows_what_was_changed_in_it(table, audit, capsys, tmp_path, harm, told):
    lines = exported(table, capsys, tmp_path / "audit.jsonl")
    (tmp_path / "audit.jsonl").write_text("".join(harm(lines)))
    code, found = verified(capsys, str(tmp_path / "audit.jsonl"))
    assert code == (1 if told else 0)
    assert found.startswith(told or "whole: 3 records, ending in ")


def test_what_was_cut_off_an_export_is_seen_beside_the_chain(table, audit, capsys, tmp_path):
    """The second of three records was anchored."""
    file = tmp_path / "audit.jsonl"
    lines = exported(table, capsys, file)
    where = ["--table", table.name, "--region", "eu-west-1", "--bucket", BUCKET]
    assert verified(capsys, str(file), *where)[0] == 0
    for kept, gone in ((2, ["3"]), (1, ["2", "3"]), (0, ["2", "3"])):
        file.write_text("".join(lines[:kept]))
        told = "".join(f"record {n}: it was anchored, and is gone\n" for n in gone)
        assert verified(capsys, str(file), *where) == (1, told)
        assert verified(capsys, str(file))[1].endswith("cut off after it was not looked for\n")


def test_what_is_no_export_is_wrong_input(tmp_path, capsys):
    (tmp_path / "other").write_text('{"number": 1}\n')
    for file in ("other", "nowhere"):
        assert verified(capsys, str(tmp_path / file)) == (2, "")
