"""A question to approvers as a Slack message. What people wrote stays what they wrote."""

from __future__ import annotations

from typing import Any

from bursar.domain.governance.decisions import Choice
from bursar.domain.governance.exceptions import SpendException
from bursar.domain.governance.shown import Shown

_LONGEST = 600  # characters of one thing that a person wrote; a section takes 3000


def escaped(text: str) -> str:
    """Slack's three: without them nobody is mentioned and nothing is linked by a name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def question(
    exception: SpendException, nonce: str, pages_url: str = "", *, again: bool = False
) -> list[dict[str, Any]]:
    """Blocks: the request in full, and a button for each answer, bound to what is shown.

    Raises:
        ValueError: nobody's answer is awaited.
    """
    request, asked = exception.request, exception.asked
    if asked is None:
        raise ValueError(f"{exception.id} asks nobody")
    shown = Shown(
        exception=exception.id,
        version=exception.version,
        tier=asked.tier.name,
        amount=request.amount,
        nonce=nonce,
    )
    told = {
        "For": str(request.scope),
        "Policy": request.policy,
        "Asked by": exception.requester,
        "For whom": request.beneficiary or exception.requester,
        "Purpose": request.purpose,
        "Why": request.justification,
        "Impact": request.business_impact,
        "To be spent until": f"{request.until:%Y-%m-%d %H:%M} UTC",
        "Signed so far": ", ".join(sorted(exception.used)) or "by nobody",
        "Answer before": f"{exception.deadline:%Y-%m-%d %H:%M} UTC",
        "Request": f"{exception.id}, version {exception.version}",
    }
    lines = [f"*{name}:* {escaped(_shortened(text))}" for name, text in told.items()]
    if pages_url:
        lines.append(f"<{pages_url}/exceptions/{exception.id}|Its budgets and history>")
    return [
        _section(f"*{title(exception, again=again)}*"),
        *(_section("\n".join(lines[n : n + 4])) for n in range(0, len(lines), 4)),
        {"type": "actions", "elements": [_button(choice, shown) for choice in Choice]},
    ]


def title(exception: SpendException, *, again: bool = False) -> str:
    """One line, escaped."""
    tier = exception.asked.tier.name if exception.asked else ""
    still = "Still open: " if again else ""
    return escaped(f"{still}{exception.request.amount} beyond policy needs {tier}")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _section(text: str) -> dict[str, Any]:
    # verbatim: addresses and names that stand in it become no links and mention nobody
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(choice: Choice, shown: Shown) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": choice.value,
        "text": {"type": "plain_text", "text": choice.value.capitalize()},
        "style": "primary" if choice is Choice.APPROVE else "danger",
        "value": shown.model_dump_json(),
    }
