"""Prices and volumes asked of AWS at this moment, for a look at a cluster without a deployment.

A source that cannot be asked leaves its things unpriced, and is named in `problems`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bursar.adapters.ec2_api import Ec2SpotHistory, Ec2VolumeCatalogue
from bursar.adapters.efs_api import EfsFileSystemCatalogue
from bursar.adapters.fsx_api import FsxFileSystemCatalogue
from bursar.adapters.pricing_api import LivePriceBook, pricing_client
from bursar.domain.cluster.storage import EbsSnapshots, FileSystem, VolumeSpec
from bursar.domain.periods import Window
from bursar.domain.price_list_errors import PriceListUnavailableError
from bursar.domain.prices import PriceKey, PriceRow, spot_parts
from bursar.domain.spot import SpotUnavailableError, by_zone, time_weighted_mean
from bursar.ports import FileSystemCatalogue

_LAST_HOUR = timedelta(hours=1)
_IMPATIENT = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=5)


class LivePrices:
    """A PriceBook and a VolumeCatalogue of one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self.problems: list[str] = []

    def prices_at(self, keys: Collection[PriceKey], at: datetime) -> Mapping[PriceKey, PriceRow]:
        spot_keys = {key: parts for key in keys if (parts := spot_parts(key))}
        listed = [key for key in keys if key not in spot_keys]
        try:
            rows = dict(LivePriceBook(pricing_client(), self._region).prices_at(listed, at))
        except (PriceListUnavailableError, BotoCoreError) as error:
            self.problems.append(f"no prices: {error}")
            rows = {}
        return rows | self._spot(spot_keys, at)

    def describe(self, volume_ids: Collection[str]) -> Mapping[str, VolumeSpec]:
        if not volume_ids:
            return {}
        try:
            return Ec2VolumeCatalogue(self._ec2(self._region)).describe(volume_ids)
        except (BotoCoreError, ClientError) as error:
            self.problems.append(f"volumes are priced as their StorageClass says: {error}")
            return {}

    def snapshots(self, volume_ids: Collection[str]) -> EbsSnapshots | None:
        if not volume_ids:
            return {}
        try:
            return Ec2VolumeCatalogue(self._ec2(self._region)).snapshots(volume_ids)
        except (BotoCoreError, ClientError) as error:
            self.problems.append(f"EBS snapshots are not counted: {error}")
            return None

    @property
    def file_systems(self) -> FileSystemCatalogue:
        efs = EfsFileSystemCatalogue(lambda: self._client("efs"))
        return _Forgiving(efs, "EFS", self.problems)

    @property
    def fsx(self) -> FileSystemCatalogue:
        fsx = FsxFileSystemCatalogue(lambda: self._client("fsx"))
        return _Forgiving(fsx, "FSx", self.problems)

    def _spot(
        self, keys: Mapping[PriceKey, tuple[str, str]], at: datetime
    ) -> dict[PriceKey, PriceRow]:
        if not keys:
            return {}
        window = Window(at - _LAST_HOUR, at)
        types = {instance_type for instance_type, _ in keys.values()}
        try:
            zones = by_zone(Ec2SpotHistory(self._ec2).points(self._region, types, window))
        except (SpotUnavailableError, BotoCoreError) as error:
            self.problems.append(f"no spot prices: {error}")
            return {}
        means = {key: time_weighted_mean(zones.get(of, ()), window) for key, of in keys.items()}
        return {
            key: PriceRow(
                key=key,
                usd=mean,
                unit="hour",
                source="EC2 spot price history",
                effective_from=window.start,
            )
            for key, mean in means.items()
            if mean is not None
        }

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=self._region, config=_IMPATIENT)

    def _ec2(self, region: str) -> Any:
        return boto3.client("ec2", region_name=region, config=_IMPATIENT)


class _Forgiving:
    """A FileSystemCatalogue whose troubles go to `problems`."""

    def __init__(self, asked: FileSystemCatalogue, name: str, problems: list[str]) -> None:
        self._asked, self._name = asked, name
        self._problems = problems

    def describe(self, file_system_ids: Collection[str]) -> Mapping[str, FileSystem]:
        try:
            return self._asked.describe(file_system_ids)
        except (BotoCoreError, ClientError) as error:
            self._problems.append(f"no sizes of {self._name} file systems: {error}")
            return {}
