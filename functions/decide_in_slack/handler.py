"""When somebody has clicked: decide, and tell them what came of it."""

from typing import Any

from bursar.entrypoint import entrypoint
from bursar.events.slack import SlackClick
from bursar.jobs.decide_in_slack import decide_in_slack
from bursar.settings import DecideInSlackSettings
from bursar.wiring import Ports


@entrypoint(SlackClick.model_validate, DecideInSlackSettings)
def handler(click: SlackClick, ports: Ports) -> dict[str, Any]:
    of = ports.governance
    decided = decide_in_slack(
        click.shown,
        click.choice,
        click.user_id,
        click.reply_to,
        click.at,
        rules=of.rules,
        exceptions=of.exceptions,
        history=of.exceptions,
        tokens=of.exceptions,
        workflow=of.workflow,
        chat=of.approver_chat,
    )
    return {"exception": click.shown.exception, "decided": decided}
