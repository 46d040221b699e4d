"""The only reader and writer of environment names: one small class per function.

A class names what its function may touch; infra writes it, the function reads it, and the
composition root refuses a port whose settings the function was not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

_PREFIX = "BURSAR_"


class MissingSettingError(LookupError):
    """The environment lacks a variable that this function needs."""


class Settings(BaseModel):
    """What every function has. Fields are strings: they are environment variables."""

    model_config = ConfigDict(frozen=True)

    config_file: str = "bursar.json"  # beside the code, in the function's working directory

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read this class's variables.

        Raises:
            MissingSettingError: one without a default is not set.
        """
        found = {
            name: environ[variable(name)] for name in cls.model_fields if variable(name) in environ
        }
        missing = [
            variable(name)
            for name, field in cls.model_fields.items()
            if field.is_required() and name not in found
        ]
        if missing:
            raise MissingSettingError(f"{cls.__name__} needs {', '.join(missing)}")
        return cls(**found)

    def as_environ(self) -> dict[str, str]:
        return {variable(name): str(value) for name, value in self}


def variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


class HasTable(Settings):
    table_name: str


class HasSnapshots(Settings):
    snapshots_bucket: str


class HasTopics(Settings):
    alerts_topic_arn: str
    slack_topic_arn: str


class CollectPricesSettings(HasTable, HasSnapshots): ...


class CollectSpendSettings(HasTable): ...


class SnapshotClusterSettings(HasTable, HasSnapshots): ...


class RecordNodeLifetimesSettings(HasTable): ...


class CloseHourSettings(HasTable, HasSnapshots): ...


class CheckBudgetsSettings(HasTable): ...


class SendNotificationsSettings(HasTable, HasTopics): ...


class CheckHealthSettings(HasTable): ...
