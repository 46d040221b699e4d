"""Windows of the ledger as people write them: UTC days, or full UTC hours."""

from __future__ import annotations

from datetime import UTC, date, datetime

from bursar.domain.periods import HOUR, Window, hour_of, midnight, month_of


class WindowError(ValueError):
    """The ends are no days or full hours, or contradict each other."""


def read_window(from_: str | None, to: str | None, now: datetime) -> Window:
    """[from, to): by default this month so far, the hour that runs included.

    Raises:
        WindowError: an end is no UTC day or full hour, or `to` is not after `from`.
    """
    start = _instant("--from", from_) if from_ else month_of(now).start
    end = _instant("--to", to) if to else hour_of(now).end
    if end <= start:
        raise WindowError("--to is the first instant after the window: it must be after --from")
    return Window(start, end)


def read_hour(text: str) -> Window:
    """One full UTC hour.

    Raises:
        WindowError: it is none.
    """
    if len(text) <= len("2026-11-01"):
        raise WindowError(f"--hour {text!r} is no hour, such as 2026-11-01T06")
    return hour_of(_instant("--hour", text))


def _instant(option: str, text: str) -> datetime:
    try:
        if len(text) == len("2026-11-01"):
            return midnight(date.fromisoformat(text))
        at = datetime.fromisoformat(text)
    except ValueError:
        told = f"{option} {text!r} is no day or hour, such as 2026-11-01 or 2026-11-01T06:00"
        raise WindowError(told) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if (at - midnight(at.date())) % HOUR:
        raise WindowError(f"{option} {text!r} is not a full hour: the ledger is kept by the hour")
    return at
