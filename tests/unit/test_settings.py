"""Settings: what one function may touch, written by infra and read by the function."""

from __future__ import annotations

from typing import Any

import pytest

from bursar.settings import (
    ALWAYS,
    CloseHourSettings,
    MissingSettingError,
    SendNotificationsSettings,
)

GIVEN = {"table_name": "costs", "snapshots_bucket": "snapshots"}


def test_what_is_written_is_read_as_it_was() -> None:
    written = CloseHourSettings(**GIVEN).as_environ()
    assert written == {
        "BURSAR_CONFIG_FILE": "bursar.json",
        "BURSAR_TABLE_NAME": "costs",
        "BURSAR_SNAPSHOTS_BUCKET": "snapshots",
        **ALWAYS,
    }
    assert CloseHourSettings.from_environ(written | {"PATH": "/bin"}).as_environ() == written


def test_all_variables_that_lack_are_named_at_once() -> None:
    with pytest.raises(
        MissingSettingError, match="needs BURSAR_SNAPSHOTS_BUCKET, BURSAR_TABLE_NAME"
    ):
        CloseHourSettings.from_environ({"BURSAR_CONFIG_FILE": "other.json"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"table_name": "costs"}, "needs snapshots_bucket"),
        (GIVEN | {"audit_bucket": "audit"}, "has no audit_bucket"),
    ],
)
def test_nothing_else_and_nothing_less_is_taken(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        CloseHourSettings(**given)


def test_what_has_a_default_may_be_changed_later() -> None:
    """Nobody is configured who could ask: there are no pages, until there are."""
    topics = {"alerts_topic_arn": "alerts", "slack_topic_arn": "slack"}
    first = SendNotificationsSettings(table_name="costs", **topics)
    assert first.pages_url == ""
    changed = first.changed(pages_url="https://pages.example.com")
    assert (changed.pages_url, changed.table_name) == ("https://pages.example.com", "costs")
    assert first.pages_url == ""
