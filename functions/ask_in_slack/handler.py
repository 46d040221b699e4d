"""When a tier is asked, or reminded: ask it in Slack, too."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.slack import SlackQuestion
from bursar.jobs.ask_in_slack import ask_in_slack
from bursar.settings import AskInSlackSettings
from bursar.wiring import Ports


@entrypoint(SlackQuestion.model_validate, AskInSlackSettings)
def handler(told: SlackQuestion, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    asked = ask_in_slack(
        told.exception,
        told.version,
        told.tier,
        told.nonce,
        told.at,
        exceptions=of.exceptions,
        chat=of.approver_chat,
        again=told.again,
    )
    return {"exception": told.exception, "tier": told.tier, "asked": asked}
