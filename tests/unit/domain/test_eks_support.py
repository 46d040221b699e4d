"""Standard or extended support, by Kubernetes version and date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bursar.domain.eks_support import Support, support_of

LAST_STANDARD = datetime(2026, 7, 28, 23, 59, 59, tzinfo=UTC)
FIRST_EXTENDED = datetime(2026, 7, 29, tzinfo=UTC)


def test_extended_support_begins_with_the_utc_day_on_which_standard_support_ends() -> None:
    assert support_of("1.33", LAST_STANDARD) is Support.STANDARD
    assert support_of("1.33", FIRST_EXTENDED) is Support.EXTENDED


def test_the_day_is_that_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    at = datetime(2026, 7, 29, 8, tzinfo=tokyo)  # 28 July, 23:00 UTC
    assert support_of("1.33", at) is Support.STANDARD


@pytest.mark.parametrize("written", ["1.34", "v1.34", "1.34+", "v1.34.2-eks-1a2b3c"])
def test_a_version_is_understood_however_it_is_written(written: str) -> None:
    assert support_of(written, FIRST_EXTENDED) is Support.STANDARD


@pytest.mark.parametrize("unknown", [None, "", "1.3", "1.99", "latest"])
def test_a_version_that_the_calendar_does_not_have_is_unknown(unknown: str | None) -> None:
    assert support_of(unknown, FIRST_EXTENDED) is None
