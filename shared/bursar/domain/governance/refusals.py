"""The ways in which governance says no. A caller that speaks HTTP answers by these kinds.

Where several apply, the first in this order is told: not entitled (403), expired (410),
conflict (409), invalid (422). Each refusal of its own kind lives beside what raises it.
"""

from __future__ import annotations


class RefusalError(Exception):
    """Governance does not allow this. Nothing was changed."""


class NotEntitledError(RefusalError):
    """This person may not do this, whatever the state of the request: 403."""


class ExpiredError(RefusalError):
    """Nobody answered before the deadline; the request is over: 410."""


class ConflictError(RefusalError):
    """The request is no longer as the caller saw it: 409."""


class InvalidRequestError(RefusalError):
    """What is asked for cannot be granted by anybody, as it is asked: 422."""
