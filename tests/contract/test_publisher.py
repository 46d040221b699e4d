"""SNS: both channels are told, owners get their own, and no name suppresses its own alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from bursar.adapters.memory.notices import MemoryPublisher
from bursar.adapters.sns import SnsPublisher
from bursar.domain.alerts import Alert, NotPublishedError, Severity
from bursar.ports import Publisher
from tests.contract.alerts_and_states import alert

REGION = "eu-west-1"
HOSTILE = [
    "x" * 300,
    "a\nSubject: you have won\r\n\r\nbody",
    "\x00\x07\x1b[31mred\x7f",
    "Überraschung in 東京 🚀",
    "\u202egnp.exe\u2028\u2029",
    " " * 40 + "leading",
    "<!channel> *bold* `code` <https://evil.example|click>",
    '"}],"version":"2"',
    "🚀" * 120,
]


class Queues(NamedTuple):
    """What everyone hears: the catch-all, one owner, and the chat."""

    publisher: SnsPublisher
    sqs: Any
    urls: dict[str, str]

    def heard(self, name: str) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(
            QueueUrl=self.urls[name], MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [json.loads(message["Body"]) for message in found.get("Messages", ())]


@pytest.fixture
def queues() -> Iterator[Queues]:
    with mock_aws():
        sns, sqs = boto3.client("sns", region_name=REGION), boto3.client("sqs", region_name=REGION)
        topics = {name: sns.create_topic(Name=name)["TopicArn"] for name in ("alerts", "slack")}
        urls = {}
        for name, topic, owners in (
            ("catch-all", "alerts", None),
            ("search", "alerts", ["search", "ranking"]),
            ("slack", "slack", None),
        ):
            urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = f"arn:aws:sqs:{REGION}:123456789012:{name}"
            policy = {"FilterPolicy": json.dumps({"owner": owners})} if owners else {}
            sns.subscribe(TopicArn=topics[topic], Protocol="sqs", Endpoint=arn, Attributes=policy)
        yield Queues(SnsPublisher(sns, topics["alerts"], topics["slack"]), sqs, urls)


@pytest.fixture(params=["memory", "sns"])
def publisher(request: pytest.FixtureRequest) -> Publisher:
    if request.param == "memory":
        return MemoryPublisher()
    found: Queues = request.getfixturevalue("queues")
    return found.publisher


@pytest.mark.parametrize("severity", Severity)
def test_an_alert_of_any_severity_is_taken(publisher: Publisher, severity: Severity) -> None:
    publisher.publish(alert(severity=severity, drivers=(), link="https://x.example/1"))


def test_both_channels_are_told_with_the_same_attributes(queues: Queues) -> None:
    queues.publisher.publish(alert())
    (mail,), (chat,) = queues.heard("catch-all"), queues.heard("slack")
    attributes = {name: one["Value"] for name, one in mail["MessageAttributes"].items()}
    assert attributes == {"owner": "search", "severity": "warning", "kind": "budget.threshold"}
    assert chat["MessageAttributes"] == mail["MessageAttributes"]
    assert mail["Subject"] == "[Warning] $80.00 of $100.00: search (BR-1)"
    assert "$61.00  search/llama" in mail["Message"]


def test_a_link_to_our_pages_is_whole_and_one_to_elsewhere_stays(queues: Queues) -> None:
    sns = queues.publisher
    pages = SnsPublisher(sns._client, sns._alerts, sns._slack, "https://bursar.example.com")
    pages.publish(alert(link="/exceptions/01ABC"))
    pages.publish(alert(link="https://x.example/1"))
    sent = {each["Message"] for each in queues.heard("catch-all")}
    links = sorted(word for text in sent for word in text.split() if "://" in word)
    assert links == ["https://bursar.example.com/exceptions/01ABC", "https://x.example/1"]
    assert "https://bursar.example.com/exceptions/01ABC" in str(queues.heard("slack"))


def test_an_owner_hears_of_its_own_and_the_catch_all_of_everything(queues: Queues) -> None:
    for id_, owner in (("BR-1", "search"), ("BR-2", "platform"), ("BR-3", "ranking")):
        queues.publisher.publish(alert(id_, owner=owner))

    def ids(name: str) -> list[str]:
        return sorted(each["Subject"][-5:-1] for each in queues.heard(name))

    assert ids("catch-all") == ["BR-1", "BR-2", "BR-3"]
    assert ids("search") == ["BR-1", "BR-3"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_does_not_suppress_its_alert(queues: Queues, name: str) -> None:
    queues.publisher.publish(alert("BR-7F00", title=f"$80.00 of {name}", policy=name, action=name))
    (mail,), (chat,) = queues.heard("catch-all"), queues.heard("slack")
    subject = mail["Subject"]
    assert 0 < len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    assert subject.startswith("[Warning] $80.00 of")
    assert subject.endswith("(BR-7F00)")
    card = json.loads(chat["Message"])
    assert (card["version"], card["source"]) == ("1.0", "custom")
    assert name in card["content"]["title"]


def test_a_card_for_slack_has_the_shape_of_a_custom_notification(queues: Queues) -> None:
    queues.publisher.publish(alert())
    (chat,) = queues.heard("slack")
    card = json.loads(chat["Message"])
    assert set(card) == {"version", "source", "content", "metadata"}
    content = card["content"]
    assert set(content) == {"textType", "title", "description", "nextSteps", "keywords"}
    assert content["textType"] == "client-markdown"
    order = ["80% of the limit.", "Since 2026-11-17", "search/llama", "Owner: *search*"]
    places = [content["description"].index(part) for part in order]
    assert places == sorted(places)
    assert card["metadata"]["threadId"] == "BR-1"


class OneDown:
    """SNS, of which one topic refuses."""

    def __init__(self, refuses: str) -> None:
        self._refuses = refuses
        self.told: list[str] = []

    def publish(self, *, TopicArn: str, **_: Any) -> None:  # noqa: N803
        if TopicArn == self._refuses:
            raise EndpointConnectionError(endpoint_url=TopicArn)
        self.told.append(TopicArn)


@pytest.mark.parametrize(("down", "told"), [("alerts", ["slack"]), ("slack", ["alerts"])])
def test_one_channel_down_is_an_error_and_the_other_is_still_told(
    down: str, told: list[str]
) -> None:
    client = OneDown(down)
    with pytest.raises(NotPublishedError, match=down):
        SnsPublisher(client, "alerts", "slack").publish(alert())
    assert client.told == told


def test_the_memory_publisher_says_what_was_published() -> None:
    publisher = MemoryPublisher()
    told: list[Alert] = [alert("BR-1"), alert("BR-2")]
    for each in told:
        publisher.publish(each)
    assert publisher.published == told
