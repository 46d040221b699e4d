"""The only reader and writer of environment names: one small class per function.

A class names what its function may touch; infra writes it, the function reads it, and the
composition root refuses a port whose settings the function was not given. All of them are made at
every cold start: what `dataclass` would generate besides `__init__` is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Self

_PREFIX = "BURSAR_"


class MissingSettingError(LookupError):
    """The environment lacks a variable that this function needs."""


@dataclass(kw_only=True, eq=False, repr=False)
class Settings:
    """What every function has. Fields are strings: they are environment variables."""

    config_file: str = "bursar.json"  # beside the code, in the function's working directory

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read this class's variables.

        Raises:
            MissingSettingError: one without a default is not set.
        """
        found = {
            field.name: environ[variable(field.name)]
            for field in fields(cls)
            if variable(field.name) in environ
        }
        missing = [
            variable(field.name)
            for field in fields(cls)
            if field.default is MISSING and field.name not in found
        ]
        if missing:
            raise MissingSettingError(f"{cls.__name__} needs {', '.join(missing)}")
        return cls(**found)

    def as_environ(self) -> dict[str, str]:
        return {variable(name): value for name, value in asdict(self).items()}


def variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


@dataclass(kw_only=True, eq=False, repr=False)
class HasTable(Settings):
    table_name: str


@dataclass(kw_only=True, eq=False, repr=False)
class HasSnapshots(Settings):
    snapshots_bucket: str


@dataclass(kw_only=True, eq=False, repr=False)
class HasTopics(Settings):
    alerts_topic_arn: str
    slack_topic_arn: str


@dataclass(kw_only=True, eq=False, repr=False)
class HasUsage(Settings):
    usage_bucket: str


@dataclass(kw_only=True, eq=False, repr=False)
class HasWorkflow(Settings):
    """Who may start executions: nobody else needs to know of what."""

    state_machine_arn: str = ""  # where nobody is configured who could ask


@dataclass(kw_only=True, eq=False, repr=False)
class HasPages(Settings):
    """Where people see requests and decide: every link that they are sent begins so."""

    pages_url: str = ""  # where nobody is configured who could ask


@dataclass(kw_only=True, eq=False, repr=False)
class HasSignIn(HasPages):
    """How the pages sign people in; nothing of it is secret."""

    sign_in_issuer: str = ""
    sign_in_client: str = ""
    sign_in_authorize_url: str = ""
    sign_in_token_url: str = ""
    sign_out_url: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class HasSlackFunction(Settings):
    """Who hands over to a function that talks with Slack."""

    slack_function_arn: str = ""  # where there is no app of Slack's


@dataclass(kw_only=True, eq=False, repr=False)
class HasAuditBucket(Settings):
    audit_bucket: str


class CollectSpendSettings(HasTable): ...


class ReconcileSpendSettings(HasTable): ...


class RecordNodeLifetimesSettings(HasTable): ...


class CheckBudgetsSettings(HasTable): ...


class CheckHealthSettings(HasTable): ...


@dataclass(kw_only=True, eq=False, repr=False)
class CollectPricesSettings(HasTable, HasSnapshots): ...


@dataclass(kw_only=True, eq=False, repr=False)
class SnapshotClusterSettings(HasTable, HasSnapshots): ...


@dataclass(kw_only=True, eq=False, repr=False)
class CloseHourSettings(HasTable, HasSnapshots): ...


@dataclass(kw_only=True, eq=False, repr=False)
class SendNotificationsSettings(HasTable, HasTopics, HasPages): ...


@dataclass(kw_only=True, eq=False, repr=False)
class IngestUsageSettings(HasTable, HasUsage):
    producer_queues: str  # name=queue ARN, by commas


@dataclass(kw_only=True, eq=False, repr=False)
class ServeApiSettings(HasTable, HasUsage, HasWorkflow, HasSignIn, HasSlackFunction): ...


class ReleaseExpiredSettings(HasTable): ...


class EnforceStopSettings(HasTable): ...


class AttributeCostsSettings(HasTable): ...


@dataclass(kw_only=True, eq=False, repr=False)
class CollectUsageMetricsSettings(HasTable, HasUsage): ...


@dataclass(kw_only=True, eq=False, repr=False)
class RollupUsageSettings(HasTable, HasUsage):
    athena_workgroup: str
    glue_database: str


class ForecastSpendSettings(HasTable): ...


class DetectAnomaliesSettings(HasTable): ...


@dataclass(kw_only=True, eq=False, repr=False)
class AskApproverSettings(HasTable, HasSlackFunction): ...


@dataclass(kw_only=True, eq=False, repr=False)
class AskInSlackSettings(HasTable, HasPages): ...


class DecideInSlackSettings(HasTable): ...


@dataclass(kw_only=True, eq=False, repr=False)
class RemindApproverSettings(HasTable, HasSlackFunction): ...


class ResolveTierSettings(HasTable): ...


@dataclass(kw_only=True, eq=False, repr=False)
class ResumeWorkflowsSettings(HasTable, HasWorkflow): ...


@dataclass(kw_only=True, eq=False, repr=False)
class ChainAuditSettings(HasTable, HasAuditBucket): ...
