"""Bursar's Slack app, as far as a function's settings and grants allow it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bursar.config.governance import SlackApp
from bursar.settings import HasPages, HasSlackFunction, Settings

if TYPE_CHECKING:
    from bursar.adapters.lambda_handover import LambdaHandover
    from bursar.adapters.slack import SlackChat

_NONCE_BYTES = 12


class Slack:
    """Each secret is read once by a container, where it is needed."""

    def __init__(self, app: SlackApp, settings: Settings, client: Callable[[str], Any]) -> None:
        self.app = app
        self._settings, self._client = settings, client

    def is_signed(self, body: str, timestamp: str, signature: str, at: datetime) -> bool:
        from bursar.adapters.slack_signature import is_signed

        return is_signed(self._signing_secret, body, timestamp, signature, at)

    def refuse_foreign(self, address: str) -> None:
        from bursar.adapters.slack import refuse_foreign

        refuse_foreign(address)

    def hand_over_question(
        self, exception_id: str, version: int, tier: str, at: datetime, *, again: bool = False
    ) -> None:
        """Have a tier asked. Each message has a nonce of its own, and none a task token."""
        from bursar.events.slack import SlackQuestion

        question = SlackQuestion(
            exception=exception_id,
            version=version,
            tier=tier,
            at=at,
            nonce=secrets.token_urlsafe(_NONCE_BYTES),
            again=again,
        )
        self.handover.hand_over(question.model_dump(mode="json"))

    @cached_property
    def chat(self) -> SlackChat:
        from bursar.adapters.slack import SlackChat

        pages = self._settings.pages_url if isinstance(self._settings, HasPages) else ""
        return SlackChat(self.app.channel_id, lambda: self._bot_token, pages_url=pages)

    @cached_property
    def handover(self) -> LambdaHandover:
        """Raises:
        LookupError: this function hands nothing over.
        """
        from bursar.adapters.lambda_handover import LambdaHandover

        if not isinstance(self._settings, HasSlackFunction):
            raise LookupError(f"{type(self._settings).__name__} hands nothing over to Slack")
        return LambdaHandover(self._client("lambda"), self._settings.slack_function_arn)

    @cached_property
    def _signing_secret(self) -> str:
        return self._secret(self.app.signing_secret)

    @cached_property
    def _bot_token(self) -> str:
        return self._secret(self.app.bot_token_secret)

    def _secret(self, name: str) -> str:
        found = self._client("secretsmanager").get_secret_value(SecretId=name)
        return str(found["SecretString"]).strip()
