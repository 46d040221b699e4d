"""What can go wrong with a deployment to the embedded cloud."""

from __future__ import annotations


class DeploymentError(RuntimeError):
    """The stack could not be created whole."""


class UnsupportedResourceError(DeploymentError):
    """The template has a resource type that the embedded cloud cannot create."""


class UnknownFunctionError(LookupError):
    """No deployed function has that name, ARN or logical id."""


class UnsupportedTargetError(RuntimeError):
    """A schedule, rule or destination points to a service that is not embedded."""


class StreamBlockedError(RuntimeError):
    """A stream batch keeps failing, without a retry limit: AWS would block the shard."""
