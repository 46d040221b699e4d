"""Slack: who asks in its channel, who does what was clicked there, and who reads which secret."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from bursar import settings
from bursar.config import Config
from infra.constructs.function import Function, Shared


class SlackApp(Construct):
    """Nothing at all where no app is configured.

    No heartbeats: people click when they like, and a run that fails lies in FailedEvents.
    """

    def __init__(
        self, scope: Construct, id_: str, *, config: Config, shared: Shared, table_name: str
    ) -> None:
        super().__init__(scope, id_)
        self.app = config.governance.slack
        self.functions: list[Function] = []
        self.deciders: list[Function] = []
        self.ask_arn = self.decide_arn = ""
        if self.app is None:
            return
        self.ask = Function(
            self,
            "ask_in_slack",
            settings.AskInSlackSettings(table_name=table_name),
            shared=shared,
        )
        self.decide = Function(
            self,
            "decide_in_slack",
            settings.DecideInSlackSettings(table_name=table_name),
            shared=shared,
        )
        self.functions, self.deciders = [self.ask, self.decide], [self.decide]
        self.ask_arn = self.ask.lambda_function.function_arn
        self.decide_arn = self.decide.lambda_function.function_arn
        for function in self.functions:
            function.may_read_secrets([self.app.bot_token_secret])

    def let_ask(self, function: Function) -> None:
        if self.app:
            self.ask.lambda_function.grant_invoke(function.lambda_function)

    def hear(self, functions: Sequence[Function], pages_url: str) -> None:
        """These take clicks, and check that Slack has signed them; questions link to the pages."""
        if self.app is None:
            return
        for function in functions:
            self.decide.lambda_function.grant_invoke(function.lambda_function)
            function.may_read_secrets([self.app.signing_secret])
        self.ask.lambda_function.add_environment(settings.variable("pages_url"), pages_url)
