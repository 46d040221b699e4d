"""Bursar's own Slack app: it asks in a channel, and answers whoever clicked."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import urllib3
from slack_sdk.errors import SlackApiError
from slack_sdk.web import WebClient
from urllib3.exceptions import HTTPError

from bursar.adapters.slack_messages import escaped, question, title
from bursar.domain.governance.exceptions import SpendException

API = "https://slack.com/api/"
_REPLIES = "hooks.slack.com"
_SECONDS = 10


class SlackRefusedError(Exception):
    """Slack did not take what it was told; says its word for why."""


class ForeignAddressError(ValueError):
    """An answer was to go somewhere that is not Slack's."""


class SlackChat:
    """ApproverChat. The token is read when it is needed, and stands in no message."""

    def __init__(
        self,
        channel_id: str,
        token: Callable[[], str],
        *,
        pages_url: str = "",
        api_url: str = API,
        pool: urllib3.PoolManager | None = None,
    ) -> None:
        self._channel, self._token, self._api = channel_id, token, api_url
        self._pages = pages_url.rstrip("/")
        self._pool = pool or urllib3.PoolManager(num_pools=1)

    def ask(self, exception: SpendException, nonce: str, *, again: bool = False) -> None:
        """Post the question.

        Raises:
            SlackRefusedError: it says why, such as `ratelimited` or `not_in_channel`.
        """
        client = WebClient(self._token(), base_url=self._api, timeout=_SECONDS)
        try:
            client.chat_postMessage(
                channel=self._channel,
                text=title(exception, again=again),
                blocks=question(exception, nonce, self._pages, again=again),
                unfurl_links=False,
                unfurl_media=False,
            )
        except SlackApiError as error:
            raise SlackRefusedError(str(error.response.get("error"))) from None
        except OSError as error:
            raise SlackRefusedError(f"cannot be reached: {type(error).__name__}") from None

    def reply(self, to: str, text: str, *, closes: bool) -> None:
        """Put the text in the question's place, or show it to whoever clicked.

        Raises:
            ForeignAddressError: `to` is not Slack's.
            SlackRefusedError: it did not answer 200, or not at all.
        """
        refuse_foreign(to)
        how = {"replace_original": True} if closes else {"response_type": "ephemeral"}
        try:
            answer = self._pool.request(
                "POST",
                to,
                body=json.dumps({"text": escaped(text), "replace_original": False} | how),
                headers={"Content-Type": "application/json"},
                timeout=_SECONDS,
                redirect=False,
                retries=urllib3.Retry(total=1, redirect=0, raise_on_redirect=False),
            )
        except HTTPError as error:  # its text holds the address, which lets anybody answer
            raise SlackRefusedError(f"cannot be reached: {type(error).__name__}") from None
        if answer.status != 200:
            raise SlackRefusedError(f"the answer was answered with {answer.status}")


def refuse_foreign(address: str) -> None:
    """Answers go to hooks.slack.com over TLS, and nowhere else.

    Raises:
        ForeignAddressError: the address is another.
    """
    try:
        where = urlsplit(address)
        right = (where.scheme, where.netloc) == ("https", _REPLIES)
    except ValueError:
        right = False
    if not right or not address.isascii() or not address.isprintable() or "\\" in address:
        raise ForeignAddressError("answers go to hooks.slack.com over https alone")
