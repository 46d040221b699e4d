"""Approvals in Slack: what is asked there, what a signed click decides, and what it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bursar.adapters.slack import ForeignAddressError, SlackRefusedError
from bursar.domain.governance.exceptions import UnknownExceptionError
from bursar.events.slack import SlackClick
from bursar.jobs.ask_in_slack import ask_in_slack
from bursar.jobs.decide_in_slack import decide_in_slack
from bursar.local.embedded.http_gateway import HttpRequest
from tests.contract.served_api import NOON, ServedApi, serving, slack_user
from tests.contract.slack_workspace import REPLY_TO, TOKEN, Workspace, clicked, signed, workspace

NONCE = "n-1"
HOSTILE = "<!channel> <https://evil.example|pay> & *bold*"
ESCAPED = "&lt;!channel&gt; &lt;https://evil.example|pay&gt; &amp; *bold*"
ASKED = {
    "policy": "training-job",
    "scope": {"cluster": "training", "namespace": "research"},
    "amount_usd": "120000",
    "purpose": HOSTILE,
    "justification": "why " * 1000,
    "business_impact": "launch",
    "until": (NOON + timedelta(days=30)).isoformat(),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, table_definition: Any) -> Iterator[ServedApi]:
    directory: Path = tmp_path_factory.mktemp("api")
    with serving(directory, table_definition) as api:
        yield api


@pytest.fixture(scope="module")
def loopback() -> Iterator[Workspace]:
    with workspace() as slack:
        yield slack


class Channel:
    """The API, the functions that talk with Slack, and Slack; what was handed over is kept."""

    def __init__(self, api: ServedApi, slack: Workspace) -> None:
        self.api, self.slack = api, slack
        self.of = api.ports.governance
        self.chat = slack.chat(pages_url="https://pages.example/")
        self.handed_over: list[Any] = []
        self.last: Any = None

    def hand_over(self, event: Any) -> None:
        self.handed_over.append(event)

    def ask(self, nonce: str = NONCE, **more: Any) -> dict[str, Any]:
        """A request of requester's, as it is posted."""
        status, told = self.api.call("requester", "POST /v1/exceptions", ASKED | more)
        assert status == 201
        return self.post(told["id"], nonce)

    def post(self, id_: str, nonce: str = NONCE, *, again: bool = False) -> dict[str, Any]:
        found = self.of.exceptions.find(id_)
        assert found.asked is not None
        tier = found.asked.tier.name
        exceptions = self.of.exceptions
        version = found.version
        at, chat = self.api.clock.now, self.chat
        assert ask_in_slack(
            id_, version, tier, nonce, at, exceptions=exceptions, chat=chat, again=again
        )
        return self.slack.posted[-1]

    def send(self, body: str, headers: dict[str, str]) -> int:
        """What Slack is answered at once."""
        request = HttpRequest("POST", "/v1/slack/actions", "", headers, body.encode())
        return self.api.answer(request).status

    def click(
        self, message: dict[str, Any], who: str, choice: str = "approve", **more: Any
    ) -> bool:
        """Whether a click was heard and decided."""
        body = clicked(message, choice, slack_user(who), **more)
        assert self.send(body, signed(body, self.api.clock.now)) == 200
        return self.decide()

    def decide(self) -> bool:
        self.last = self.handed_over.pop()
        return self.decide_again()

    def decide_again(self) -> bool:
        """What Lambda does with an event that failed."""
        event = SlackClick.model_validate(json.loads(json.dumps(self.last)))
        return decide_in_slack(
            event.shown,
            event.choice,
            event.user_id,
            event.reply_to,
            event.at,
            rules=self.of.rules,
            exceptions=self.of.exceptions,
            history=self.of.exceptions,
            tokens=self.of.exceptions,
            workflow=self.of.workflow,
            chat=self.chat,
        )


@pytest.fixture
def channel(served: ServedApi, loopback: Workspace, monkeypatch: pytest.MonkeyPatch) -> Channel:
    served.clock.set(NOON)
    loopback.error, loopback.reply_status = "", 200
    channel = Channel(served, loopback)
    monkeypatch.setitem(channel.of.slack.__dict__, "handover", channel)
    return channel


def id_of(message: dict[str, Any]) -> str:
    return str(json.loads(message["blocks"][-1]["elements"][0]["value"])["exception"])


def shown(channel: Channel, message: dict[str, Any]) -> Any:
    return channel.api.call("viewer", f"GET /v1/exceptions/{id_of(message)}")[1]


def test_a_tier_is_asked_with_all_of_the_request_and_a_button_for_each_answer(
    channel: Channel,
) -> None:
    message = channel.ask()
    text = "\n".join(block["text"]["text"] for block in message["blocks"][:-1])
    assert "$120,000.00 beyond policy needs engineering-manager" in text
    assert ESCAPED in text
    assert "<!channel>" not in json.dumps(message)
    assert f"<https://pages.example/exceptions/{id_of(message)}|" in text
    assert all(len(block["text"]["text"]) < 3000 for block in message["blocks"][:-1])
    assert all(block["text"]["verbatim"] for block in message["blocks"][:-1])
    values = [json.loads(each["value"]) for each in message["blocks"][-1]["elements"]]
    assert (
        values[0]
        == values[1]
        == {
            "exception": id_of(message),
            "version": 1,
            "tier": "engineering-manager",
            "amount": "120000",
            "nonce": NONCE,
        }
    )
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    assert channel.slack.tokens == {f"Bearer {TOKEN}"}


def test_clicks_of_the_right_people_approve_and_the_question_gives_way_to_the_answer(
    channel: Channel,
) -> None:
    message = channel.ask()
    assert channel.click(message, "manager")
    id_ = id_of(message)
    assert channel.slack.told == (
        f"manager@example.com approved {id_}, version 1:"
        " $120,000.00 for cluster=training,namespace=research,"
        " as engineering-manager. Next it needs director."
    )
    path, reply = channel.slack.replies[-1]
    assert (path, reply["replace_original"]) == ("/actions/T0EXAMPLE/1/abc", True)
    for who in ("director", "vp"):
        assert channel.click(channel.post(id_), who)
    told = shown(channel, message)
    assert told["status"] == "approved"
    assert [each["comment"] for each in told["decisions"]] == ["in Slack"] * 3


def test_a_click_of_no_denies(channel: Channel) -> None:
    message = channel.ask()
    assert channel.click(message, "manager2", "deny")
    assert channel.slack.told.endswith("The request is denied.")
    assert shown(channel, message)["status"] == "denied"


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("requester", "requester@example.com is a party to this request"),
        ("viewer", "is not asked about"),
        ("vp", "is not asked about"),
        ("stranger", "this Slack user is nobody who may ask or decide here"),
    ],
)
def test_who_may_not_decide_is_told_so_alone(channel: Channel, who: str, why: str) -> None:
    message = channel.ask()
    assert not channel.click(message, who)
    reply = channel.slack.replies[-1][1]
    assert why in reply["text"]
    assert (reply["response_type"], reply["replace_original"]) == ("ephemeral", False)
    assert shown(channel, message)["status"] == "pending"


def test_the_same_click_again_is_nothing_new(channel: Channel) -> None:
    message = channel.ask()
    body = clicked(message, "approve", slack_user("manager"))
    headers = signed(body, NOON)
    assert [channel.send(body, headers) for _ in range(3)] == [200] * 3
    later = signed(body, NOON + timedelta(seconds=30))  # sent anew, and signed anew
    assert channel.send(body, later) == 200
    assert len(channel.handed_over) == 1
    assert channel.decide()


def test_who_is_asked_again_sees_that_it_is_still_open_and_answers_as_before(
    channel: Channel,
) -> None:
    first = channel.ask()
    message = channel.post(id_of(first), "n-2", again=True)
    title = "Still open: $120,000.00 beyond policy needs engineering-manager"
    assert (message["text"], message["blocks"][0]["text"]["text"]) == (title, f"*{title}*")
    assert message["blocks"][1:-1] == first["blocks"][1:-1]
    assert channel.click(message, "manager")
    assert not channel.click(first, "manager2")


def test_a_decision_that_could_not_be_told_is_told_when_it_is_tried_again(
    channel: Channel,
) -> None:
    message = channel.ask()
    channel.slack.reply_status = 500
    with pytest.raises(SlackRefusedError):
        channel.click(message, "manager")
    assert shown(channel, message)["tiers"][0]["status"] == "approved"
    channel.slack.reply_status = 200
    assert channel.decide_again()
    assert channel.slack.told.startswith(
        f"manager@example.com approved {id_of(message)}, version 1:"
    )
    assert channel.slack.told.endswith("Next it needs director.")
    assert len(shown(channel, message)["decisions"]) == 1


def test_a_second_click_on_the_same_question_decides_nothing(channel: Channel) -> None:
    message = channel.ask()
    assert channel.click(message, "manager")
    channel.api.clock.set(NOON + timedelta(seconds=1))
    assert not channel.click(message, "manager")
    assert "manager@example.com has had a say" in channel.slack.told
    assert not channel.click(message, "manager2")
    assert "does not ask that tier now" in channel.slack.told
    assert channel.slack.replies[-1][1]["replace_original"] is True
    assert shown(channel, message)["tiers"][1]["status"] == "pending"


def test_an_edit_makes_the_buttons_stale(channel: Channel) -> None:
    message = channel.ask()
    route = f"PATCH /v1/exceptions/{id_of(message)}"
    edit = {"version": 1, "amount_usd": "90000"}
    assert channel.api.call("requester", route, edit)[0] == 200
    assert not channel.click(message, "manager")
    assert "Nothing was decided by this" in channel.slack.told
    told = shown(channel, message)
    assert (told["version"], told["tiers"][0]["status"]) == (2, "pending")


def test_an_answer_is_for_the_amount_that_was_shown(channel: Channel) -> None:
    message = channel.ask()
    button = message["blocks"][-1]["elements"][0]
    button["value"] = json.dumps(json.loads(button["value"]) | {"amount": "6"})
    assert not channel.click(message, "manager")
    assert "asks for $120,000.00, not for $6.00" in channel.slack.told


def test_at_the_deadline_it_is_too_late(channel: Channel) -> None:
    message = channel.ask()
    channel.api.clock.set(datetime.fromisoformat(shown(channel, message)["deadline"]))
    assert not channel.click(message, "manager")
    assert "expired at" in channel.slack.told
    assert channel.slack.replies[-1][1]["replace_original"] is True


@pytest.mark.parametrize("wrong", ["old", "early", "secret", "body", "none", "nonsense", "other"])
def test_what_slack_has_not_signed_now_is_401_and_nothing_is_done(
    channel: Channel, wrong: str
) -> None:
    body = clicked(channel.ask(), "approve", slack_user("manager"))
    headers = signed(body, NOON)
    match wrong:
        case "old":
            headers = signed(body, NOON - timedelta(seconds=301))
        case "early":
            headers = signed(body, NOON + timedelta(seconds=301))
        case "secret":
            headers = signed(body, NOON, "another secret")
        case "body":
            body += "&more=1"
        case "none":
            headers = {}
        case "nonsense":
            headers |= {"x-slack-request-timestamp": "9" * 5000, "x-slack-signature": "v0=\xe9"}
        case "other":
            headers |= {"x-slack-signature": headers["x-slack-signature"].replace("v0", "v1")}
    assert channel.send(body, headers) == 401
    assert channel.handed_over == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"team": {"id": "T0OTHER"}}, 403),
        ({"response_url": "https://evil.example/actions"}, 422),
        ({"response_url": "http://hooks.slack.com/actions"}, 422),
        ({"response_url": "https://hooks.slack.com@evil.example/"}, 422),
        ({"response_url": "https://hooks.slack.com:8443/"}, 422),
        ({"response_url": "https://hooks.slack.com\\@evil.example/"}, 422),
        ({"response_url": "https://[hooks"}, 422),
        ({"type": "view_submission"}, 422),
        ({"actions": []}, 422),
        ({"user": None}, 422),
    ],
    ids=str,
)
def test_a_signed_request_that_is_no_click_of_ours_is_refused(
    channel: Channel, more: Any, status: int
) -> None:
    body = clicked(channel.ask(), "approve", slack_user("manager"), **more)
    assert channel.send(body, signed(body, NOON)) == status
    assert channel.handed_over == []


@pytest.mark.parametrize("body", ["", "payload=", "payload=%7B", "payload=[]", "a=1&" * 50])
def test_a_signed_body_without_a_click_is_refused(channel: Channel, body: str) -> None:
    assert channel.send(body, signed(body, NOON)) == 422


def test_what_slack_refuses_is_said_without_the_token(channel: Channel) -> None:
    channel.slack.error = "not_in_channel"
    with pytest.raises(SlackRefusedError, match=r"^not_in_channel$"):
        channel.ask()


def test_an_answer_follows_no_redirect_and_goes_nowhere_else(channel: Channel) -> None:
    message = channel.ask()
    channel.slack.reply_status = 302
    with pytest.raises(SlackRefusedError, match="302"):
        channel.click(message, "manager")
    assert channel.slack.replies[-1][0] != "/elsewhere"
    with pytest.raises(ForeignAddressError):
        channel.chat.reply("https://evil.example/", "text", closes=True)


def test_where_nothing_listens_the_address_of_an_answer_is_not_told() -> None:
    nowhere = Workspace(1).chat()
    with pytest.raises(SlackRefusedError) as told:
        nowhere.reply(REPLY_TO, "text", closes=False)
    assert "actions" not in str(told.value)
    assert told.value.__cause__ is None


def test_what_was_answered_meanwhile_is_not_asked(channel: Channel) -> None:
    id_ = id_of(channel.ask())
    body = {"decision": "deny", "version": 1}
    assert channel.api.call("manager", f"POST /v1/exceptions/{id_}/decisions", body)[0] == 200
    before = len(channel.slack.posted)
    exceptions = channel.of.exceptions
    tier = "engineering-manager"
    assert not ask_in_slack(id_, 1, tier, NONCE, NOON, exceptions=exceptions, chat=channel.chat)
    with pytest.raises(UnknownExceptionError):
        ask_in_slack("none", 1, tier, NONCE, NOON, exceptions=exceptions, chat=channel.chat)
    assert len(channel.slack.posted) == before


def test_nobody_is_asked_again_when_it_is_too_late(channel: Channel) -> None:
    """Who asks until tomorrow is reminded of at the deadline: there is nothing left to answer."""
    message = channel.ask()
    late = datetime.fromisoformat(shown(channel, message)["deadline"])
    before, chat = len(channel.slack.posted), channel.chat
    exceptions, tier = channel.of.exceptions, "engineering-manager"
    asked = ask_in_slack(
        id_of(message), 1, tier, NONCE, late, exceptions=exceptions, chat=chat, again=True
    )
    assert (asked, len(channel.slack.posted)) == (False, before)


def test_a_click_on_what_is_not_there_is_told_so(channel: Channel) -> None:
    message = channel.ask()
    gone = json.loads(json.dumps(message).replace(id_of(message), "0" * 26))
    assert not channel.click(gone, "manager")
    assert channel.slack.told == f"There is no request {'0' * 26}."
