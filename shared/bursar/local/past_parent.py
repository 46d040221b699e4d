"""What the processes of the past are forked from: it imports once what all of them need."""

from __future__ import annotations

from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext


def begin_parent() -> ForkServerContext:
    """Begin to import, and do not wait for it. Twice is once."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["bursar.local.past_processes"])
    forkserver.ensure_running()
    return context
