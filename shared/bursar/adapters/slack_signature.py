"""Whether Slack has sent a request: its v0 signature, not older than five minutes."""

from __future__ import annotations

from datetime import datetime

from slack_sdk.signature import Clock, SignatureVerifier

_DIGITS = 12  # of seconds since 1970


class _At(Clock):
    """The time that a request came at: a retry is judged as it was."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> float:
        return self._at.timestamp()


def is_signed(secret: str, body: str, timestamp: str, signature: str, at: datetime) -> bool:
    """`timestamp` and `signature` are the headers X-Slack-Request-Timestamp and -Signature."""
    seconds = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _DIGITS
    if not seconds or not signature.isascii():
        return False
    verifier = SignatureVerifier(secret, clock=_At(at))
    return verifier.is_valid(body=body, timestamp=timestamp, signature=signature)
