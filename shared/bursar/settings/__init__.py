"""The only reader and writer of environment names: one small class per function.

A class names what its function may touch; infra writes it, the function reads it, and the
composition root refuses a port whose settings the function was not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import get_annotations
from typing import Self, TypeVar, dataclass_transform

_PREFIX = "BURSAR_"
# else, at every start, pydantic reads the metadata of all installed packages for plugins of its
# own, and numpy begins threads that wait busily, of which a function could not run two at once
ALWAYS = {"PYDANTIC_DISABLE_PLUGINS": "__all__", "OPENBLAS_NUM_THREADS": "1"}


class MissingSettingError(LookupError):
    """The environment lacks a variable that this function needs."""


S = TypeVar("S", bound="type[Settings]")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def settings(kind: S) -> S:
    """Mark what is a dataclass to type checkers, and nothing more: all are made at every cold
    start, and generating their methods would cost it a hundredth."""
    return kind


@settings
class Settings:
    """What every function has. Fields are strings: they are environment variables."""

    config_file: str = "bursar.json"  # beside the code, in the function's working directory

    def __init__(self, **given: str) -> None:
        if unknown := given.keys() - set(self.names()):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        self.__dict__.update(given)
        if missing := [name for name in self.names() if not hasattr(self, name)]:
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of its fields, those of its bases first."""
        told = (name for each in reversed(cls.__mro__) for name in get_annotations(each))
        return tuple(dict.fromkeys(told))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read this class's variables.

        Raises:
            MissingSettingError: one without a default is not set.
        """
        found = {
            name: environ[variable(name)] for name in cls.names() if variable(name) in environ
        }
        missing = [
            variable(name) for name in cls.names() if name not in found and not hasattr(cls, name)
        ]
        if missing:
            raise MissingSettingError(f"{cls.__name__} needs {', '.join(missing)}")
        return cls(**found)

    def changed(self, **given: str) -> Self:
        return type(self)(**{name: getattr(self, name) for name in self.names()} | given)

    def as_environ(self) -> dict[str, str]:
        return {variable(name): getattr(self, name) for name in self.names()} | ALWAYS


def variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


TIME_FILE = variable("time_file")  # no function's: tells commands a simulated time


@settings
class HasTable(Settings):
    table_name: str


@settings
class HasSnapshots(Settings):
    snapshots_bucket: str


@settings
class HasTopics(Settings):
    alerts_topic_arn: str
    slack_topic_arn: str


@settings
class HasUsage(Settings):
    usage_bucket: str


@settings
class HasWorkflow(Settings):
    """Who may start executions: nobody else needs to know of what."""

    state_machine_arn: str = ""  # where nobody is configured who could ask


@settings
class HasPages(Settings):
    """Where people see requests and decide: every link that they are sent begins so."""

    pages_url: str = ""  # where nobody is configured who could ask


@settings
class HasSignIn(HasPages):
    """How the pages sign people in; nothing of it is secret."""

    sign_in_issuer: str = ""
    sign_in_client: str = ""
    sign_in_authorize_url: str = ""
    sign_in_token_url: str = ""
    sign_out_url: str = ""


@settings
class HasSlackFunction(Settings):
    """Who hands over to a function that talks with Slack."""

    slack_function_arn: str = ""  # where there is no app of Slack's


@settings
class HasAuditBucket(Settings):
    audit_bucket: str


class CollectSpendSettings(HasTable): ...


class ReconcileSpendSettings(HasTable): ...


class RecordNodeLifetimesSettings(HasTable): ...


class CheckBudgetsSettings(HasTable): ...


class CheckHealthSettings(HasTable): ...


@settings
class CollectPricesSettings(HasTable, HasSnapshots): ...


@settings
class SnapshotClusterSettings(HasTable, HasSnapshots): ...


@settings
class CloseHourSettings(HasTable, HasSnapshots): ...


@settings
class SendNotificationsSettings(HasTable, HasTopics, HasPages): ...


@settings
class IngestUsageSettings(HasTable, HasUsage):
    producer_queues: str  # name=queue ARN, by commas


@settings
class ServeApiSettings(HasTable, HasUsage, HasWorkflow, HasSignIn, HasSlackFunction): ...


class ReleaseExpiredSettings(HasTable): ...


class EnforceStopSettings(HasTable): ...


class AttributeCostsSettings(HasTable): ...


@settings
class CollectUsageMetricsSettings(HasTable, HasUsage): ...


@settings
class RollupUsageSettings(HasTable, HasUsage):
    athena_workgroup: str
    glue_database: str


class ForecastSpendSettings(HasTable): ...


class DetectAnomaliesSettings(HasTable): ...


@settings
class AskApproverSettings(HasTable, HasSlackFunction): ...


@settings
class AskInSlackSettings(HasTable, HasPages): ...


class DecideInSlackSettings(HasTable): ...


@settings
class RemindApproverSettings(HasTable, HasSlackFunction): ...


class ResolveTierSettings(HasTable): ...


@settings
class ResumeWorkflowsSettings(HasTable, HasWorkflow): ...


@settings
class ChainAuditSettings(HasTable, HasAuditBucket): ...
