"""The embedded cloud behaves as the services of AWS that Bursar relies on."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from bursar.local.embedded.cloud import EmbeddedCloud
from bursar.local.embedded.errors import UnknownFunctionError, UnsupportedResourceError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _small_assembly():
    spec = importlib.util.spec_from_file_location(
        "small_assembly", Path(__file__).with_name("small_assembly.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return _small_assembly().write(tmp_path_factory.mktemp("assembly") / "small")


@pytest.fixture(scope="module")
def cloud(small):
    with EmbeddedCloud(now=NOON) as opened:
        opened.deploy(small)
        yield opened


@pytest.fixture
def failed(cloud):
    """Takes what is in the failure queue."""
    url = cloud.deployment.resources["Failed"]
    sqs = cloud.client("sqs")

    def take():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    assert take() == []
    return take


@pytest.fixture
def seen(cloud):
    """What a recording function was given, from now on."""
    table = cloud.resource("dynamodb").Table(cloud.deployment.outputs["TableName"])

    def read(logical_id):
        name = cloud.deployment.function(logical_id).name
        found = table.query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"SEEN#{name}"}
        )["Items"]
        return {item["sk"]: json.loads(item["event"]) for item in found}

    before = {id_: read(id_).keys() for id_ in ("Record", "Follower", "StreamReader", "Worker")}
    return lambda id_: [event for key, event in read(id_).items() if key not in before[id_]]


def put(cloud, pk, sk="1", **values):
    table = cloud.resource("dynamodb").Table(cloud.deployment.outputs["TableName"])
    table.put_item(Item={"pk": pk, "sk": sk, **values})


def test_every_resource_of_the_template_is_there(cloud):
    deployed = cloud.deployment
    template = _small_assembly().RESOURCES
    assert deployed.resources.keys() == template.keys()
    described = cloud.client("dynamodb").describe_time_to_live(
        TableName=deployed.outputs["TableName"]
    )
    assert described["TimeToLiveDescription"]["AttributeName"] == "ttl"
    assert "AWS::EKS::AccessEntry" in [entry.type for entry in deployed.recorded]


def test_a_warm_function_answers_from_the_same_process(cloud):
    first, second = (cloud.invoke("Echo", {"n": n}).response for n in (1, 2))
    assert (first["event"], second["event"]) == ({"n": 1}, {"n": 2})
    assert first["pid"] == second["pid"]
    assert [report.cold for report in cloud.reports[-2:]] == [True, False]


def test_a_function_knows_its_deadline_and_its_prints_are_kept(cloud):
    left = cloud.invoke("Wait", {"id": "k7"}).response["left_ms"]
    assert 8_000 < left <= 10_000
    assert "arrived k7" in cloud.log("Wait")


def test_the_lambda_api_runs_the_same_handlers(cloud):
    name = cloud.deployment.function("Echo").name
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b'{"by": "api"}')
    assert json.loads(answer["Payload"].read())["event"] == {"by": "api"}
    fail = cloud.deployment.function("Fail").name
    answer = cloud.client("lambda").invoke(FunctionName=fail, Payload=b'{"id": 1}')
    assert answer["FunctionError"] == "Unhandled"


def test_success_reaches_the_next_function_with_the_request(cloud, seen):
    cloud.send_event("Record", {"id": 1})
    (envelope,) = seen("Follower")
    assert envelope["requestContext"]["condition"] == "Success"
    assert envelope["requestPayload"] == {"id": 1}
    assert envelope["responsePayload"] == {"seen_by": cloud.deployment.function("Record").name}
    assert envelope["timestamp"] == "2026-11-20T12:00:00.000Z"


def test_an_event_that_fails_three_times_is_kept_with_its_error(cloud, failed):
    cloud.send_event("Fail", {"id": "e1"})
    (envelope,) = failed()
    assert envelope["version"] == "1.0"
    assert envelope["requestContext"]["condition"] == "RetriesExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 3
    assert envelope["requestPayload"] == {"id": "e1"}
    assert envelope["responseContext"]["functionError"] == "Unhandled"
    assert envelope["responsePayload"]["errorType"] == "ValueError"
    assert envelope["responsePayload"]["errorMessage"] == "cannot take e1"


def test_a_function_that_takes_too_long_is_ended(cloud, failed):
    started = time.monotonic()
    cloud.send_event("Sleep", {})
    assert time.monotonic() - started < 5
    (envelope,) = failed()
    assert "Task timed out after 1.00 seconds" in envelope["responsePayload"]["errorMessage"]
    assert envelope["requestContext"]["approximateInvokeCount"] == 1


def test_a_process_that_leaves_fails_its_event_and_not_the_next(cloud, failed):
    cloud.send_event("Leave", {})
    (envelope,) = failed()
    assert envelope["responsePayload"]["errorType"] == "Runtime.ExitError"
    assert "exit status 7" in envelope["responsePayload"]["errorMessage"]
    assert cloud.invoke("Echo", 1).succeeded


def test_a_stream_delivers_what_its_filter_lets_through_in_batches(cloud, seen):
    for number in range(3):
        put(cloud, f"OUTBOX#{number}")
    put(cloud, "OUTBOX#0", changed=True)  # MODIFY
    put(cloud, "ALERT#1")
    cloud.settle()
    batches = seen("StreamReader")
    assert sorted(len(batch["Records"]) for batch in batches) == [1, 2]
    keys = {
        record["dynamodb"]["Keys"]["pk"]["S"] for batch in batches for record in batch["Records"]
    }
    assert keys == {"OUTBOX#0", "OUTBOX#1", "OUTBOX#2"}


def test_a_batch_that_keeps_failing_is_told_with_its_place_in_the_stream(cloud, failed):
    put(cloud, "POISON")
    cloud.settle()
    (envelope,) = failed()
    assert envelope["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 2
    assert envelope["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_queue_feeds_its_function_in_batches_and_takes_back_only_what_failed(cloud, seen):
    sqs, url = cloud.client("sqs"), cloud.deployment.resources["Work"]
    before = len(cloud.reports)
    for body in ["bad", *(f"good {n}" for n in range(29))]:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    cloud.settle()
    taken = seen("Worker")
    assert sorted(each["body"] for each in taken) == sorted(f"good {n}" for n in range(29))
    assert {each["attributes"]["SentTimestamp"] for each in taken} == {
        str(int(cloud.clock.now.timestamp() * 1000))
    }
    assert len(cloud.reports) - before == 2  # 25, then 5 with the bad one again
    poisoned = cloud.deployment.resources["Poisoned"]  # received twice, as its queue allows
    found = sqs.receive_message(QueueUrl=poisoned)["Messages"]
    assert [message["Body"] for message in found] == ["bad"]


def test_a_rule_can_put_its_events_into_a_queue(cloud, seen):
    assert cloud.put_event("example.work", "Done", {"n": 1}, cloud.clock.now) == 1
    (message,) = seen("Worker")
    assert json.loads(message["body"])["detail"] == {"n": 1}


def test_a_cancelled_transaction_leaves_no_item_and_nothing_in_the_stream(cloud, seen):
    name = cloud.deployment.outputs["TableName"]
    put(cloud, "LIMIT")
    writes = [
        {"Put": {"TableName": name, "Item": {"pk": {"S": "OUTBOX#tx"}, "sk": {"S": "1"}}}},
        {
            "Put": {
                "TableName": name,
                "Item": {"pk": {"S": "LIMIT"}, "sk": {"S": "1"}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
    ]
    with pytest.raises(ClientError, match="TransactionCanceled"):
        cloud.client("dynamodb").transact_write_items(TransactItems=writes)
    cloud.settle()
    assert seen("StreamReader") == []
    cloud.client("dynamodb").transact_write_items(TransactItems=writes[:1])
    cloud.settle()
    assert len(seen("StreamReader")) == 1


def test_a_query_reads_one_partition_or_one_entry_of_a_sparse_index_in_order(cloud):
    for sk in ("3", "1", "2"):
        put(cloud, "ROWS", sk, number=int(sk), known=True, tags={"a", "b"}, deep={"x": [1, None]})
    put(cloud, "ROWS", "4", state="open")
    put(cloud, "OTHER", "0", state="open")
    put(cloud, "OTHER", "5", state="closed")
    table = cloud.resource("dynamodb").Table(cloud.deployment.outputs["TableName"])

    def query(condition, values, **more):
        return table.query(
            KeyConditionExpression=condition, ExpressionAttributeValues=values, **more
        )["Items"]

    rows = query("pk = :pk AND sk < :end", {":pk": "ROWS", ":end": "4"})
    assert [row["sk"] for row in rows] == ["1", "2", "3"]
    assert rows[0] == {
        "pk": "ROWS",
        "sk": "1",
        "number": 1,
        "known": True,
        "tags": {"a", "b"},
        "deep": {"x": [1, None]},
    }
    (last,) = query("pk = :pk", {":pk": "ROWS"}, Limit=1, ScanIndexForward=False)
    assert last["sk"] == "4"
    opened = query(
        "#s = :s", {":s": "open"}, IndexName="by_state", ExpressionAttributeNames={"#s": "state"}
    )
    assert [row["sk"] for row in opened] == ["0", "4"]
    assert query("pk = :pk", {":pk": "NOBODY"}) == []


def test_an_update_that_creates_a_row_is_one_insert_with_its_values(cloud, seen):
    cloud.client("dynamodb").update_item(
        TableName=cloud.deployment.outputs["TableName"],
        Key={"pk": {"S": "OUTBOX#up"}, "sk": {"S": "1"}},
        UpdateExpression="SET colour = :c",
        ExpressionAttributeValues={":c": {"S": "red"}},
    )
    cloud.settle()
    (batch,) = seen("StreamReader")
    (record,) = batch["Records"]
    assert record["dynamodb"]["NewImage"]["colour"] == {"S": "red"}


def test_schedules_fire_in_order_and_say_when_they_were_due(cloud, seen):
    when = []
    fired = cloud.run(NOON, NOON + HOUR, lambda step: when.append((step.due, cloud.clock.now)))
    assert fired == 5
    minutes = [due.minute for due, _ in when]
    assert minutes == [0, 10, 15, 30, 45]
    assert all(due == clock for due, clock in when)
    events = sorted((event["scheduled_at"], event["what"]) for event in seen("Follower"))
    assert events[:2] == [
        ("2026-11-20T12:00:00Z", "quarterly"),
        ("2026-11-20T12:10:00Z", "hourly"),
    ]


def test_an_instance_that_starts_wakes_the_function_of_the_rule(cloud, seen):
    detail = {"instance-id": "i-1", "state": "running"}
    at = NOON + 2 * HOUR
    kind = "EC2 Instance State-change Notification"
    assert cloud.put_event("aws.ec2", kind, detail, at) == 1
    assert cloud.put_event("aws.rds", kind, detail, at) == 0
    (event,) = seen("Follower")
    assert (event["time"], event["detail"]) == ("2026-11-20T14:00:00Z", detail)


def test_a_message_goes_to_those_whom_the_filter_policy_names(cloud):
    topic = cloud.deployment.resources["Topic"]
    cloud.client("sns").publish(
        TopicArn=topic,
        Message="over budget",
        Subject="Search is over budget",
        MessageAttributes={"recipient": {"DataType": "String", "StringValue": "search"}},
    )
    (delivery,) = cloud.sent(topic)
    assert (delivery.protocol, delivery.endpoint) == ("email", "search@example.com")
    assert (delivery.subject, delivery.message) == ("Search is over budget", "over budget")


@pytest.mark.parametrize("subject", ["two\nlines", "x" * 100, "café"])
def test_a_subject_that_sns_refuses_is_refused(cloud, subject):
    topic = cloud.deployment.resources["Topic"]
    with pytest.raises(ClientError, match="Subject"):
        cloud.client("sns").publish(TopicArn=topic, Message="m", Subject=subject)


def test_a_service_that_is_not_embedded_says_so(cloud):
    with pytest.raises(ClientError, match="not embedded"):
        cloud.client("pricing").get_products(ServiceCode="AmazonEC2")


def test_a_name_of_no_function_is_an_error(cloud):
    with pytest.raises(UnknownFunctionError, match="Nobody"):
        cloud.invoke("Nobody", {})


def test_a_closed_cloud_leaves_no_process_and_the_next_one_is_empty(small, tmp_path, cloud):
    """Last: it closes the cloud of the other tests."""
    alive = cloud.process_ids
    assert alive
    cloud.close()
    assert not any(_runs(pid) for pid in alive)
    with EmbeddedCloud(now=NOON) as other:
        assert other.client("dynamodb").list_tables()["TableNames"] == []
        odd = {"Type": "AWS::QLDB::Ledger", "Properties": {}}
        assembly = _small_assembly().write(tmp_path / "odd", Odd=odd)
        with pytest.raises(UnsupportedResourceError, match=r"Odd \(AWS::QLDB::Ledger\)"):
            other.deploy(assembly)
        other.deploy(small)
        assert other.invoke("Echo", 1).succeeded


def test_closing_does_not_wait_for_a_handler_that_hangs(small):
    with EmbeddedCloud(now=NOON) as other:
        deployed = other.deploy(small)
        name = deployed.function("Linger").name
        other.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        deadline = time.monotonic() + 5
        while "lingering" not in other.log("Linger") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "lingering" in other.log("Linger")
        started = time.monotonic()
    assert time.monotonic() - started < 5


_GUARD = """
import io, sys, zipfile
from bursar.local.embedded.functions import LambdaFunction
from bursar.local.embedded.runtime_api import LambdaRuntime

code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("index.py", "def echo(event, context): return event")
runtime = LambdaRuntime({})
echo = LambdaFunction(
    "Echo", "echo", "arn:echo", "index.echo", "python3.13", 3, 128, {}, code.getvalue(), "sha"
)
runtime.invoke(echo, b"1")
print(*runtime.process_ids, flush=True)
sys.stdin.read()
"""


def test_no_process_outlives_a_guard_that_was_killed():
    guard = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", _GUARD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with guard:
        pids = [int(word) for word in guard.stdout.readline().split()]
        guard.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pids
    assert not any(_runs(pid) for pid in pids)


def _runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not (status.exists() and "\nState:\tZ" in status.read_text())
