"""Resume workflows: see to it that every pending exception has its execution."""

from __future__ import annotations

from bursar.jobs.open_exception import start
from bursar.ports import ExceptionHistory, Workflow


def resume_workflows(history: ExceptionHistory, workflow: Workflow) -> int:
    """Start those that a crash kept from being started; the number that is pending.

    One that runs or has run stays as it is: its name is the request's id and version.
    """
    pending = history.pending()
    for exception in pending:
        start(exception, workflow)
    return len(pending)
