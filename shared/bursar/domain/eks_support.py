"""Whether EKS bills a Kubernetes version as standard or as extended support, by date.

Dates are those of the release calendar in the EKS user guide
(https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html; before 1.29, of
its earlier editions): billing for
extended support starts at the beginning of the day, in UTC, on which standard support ends.
A cluster's upgrade policy is a wish for the future and says nothing of what is billed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType


class Support(StrEnum):
    STANDARD = "standard"
    EXTENDED = "extended"


END_OF_STANDARD_SUPPORT: Mapping[str, date] = MappingProxyType(
    {
        "1.23": date(2023, 10, 11),
        "1.24": date(2024, 1, 31),
        "1.25": date(2024, 5, 1),
        "1.26": date(2024, 6, 11),
        "1.27": date(2024, 7, 24),
        "1.28": date(2024, 11, 26),
        "1.29": date(2025, 3, 23),
        "1.30": date(2025, 7, 23),
        "1.31": date(2025, 11, 26),
        "1.32": date(2026, 3, 23),
        "1.33": date(2026, 7, 29),
        "1.34": date(2026, 12, 2),
        "1.35": date(2027, 3, 27),
        "1.36": date(2027, 8, 2),
    }
)


def support_of(version: str | None, at: datetime) -> Support | None:
    """The support that is billed for `1.33` (or `v1.33.4-eks-1a2b3c`) at a time.

    None when the version is not known, or is one that the calendar above does not have yet.
    """
    found = re.match(r"v?(\d+\.\d+)(?!\d)", version or "")
    ends = END_OF_STANDARD_SUPPORT.get(found[1]) if found else None
    if ends is None:
        return None
    return Support.EXTENDED if at.astimezone(UTC).date() >= ends else Support.STANDARD
