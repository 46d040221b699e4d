"""The past, lived through in processes of its own while the stack is deployed.

One process for each cluster tells of its days as they end; one follows them, and in the end
writes what it knows to the deployed stack.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import Connection

from bursar.config import Config
from bursar.domain.periods import Window
from bursar.domain.prices import PriceRow
from bursar.local.backfill import ClusterDay, live_cluster, live_through
from bursar.local.embedded.clock import Clock
from bursar.local.scenario import Scenario
from bursar.local.seeding import seed
from bursar.local.services import Services
from bursar.local.stores import Address, stores_at


@dataclass(frozen=True, slots=True)
class _Pipe:
    read: Connection
    write: Connection


@dataclass(frozen=True, slots=True)
class _Pipes:
    """A cluster's days, by its name; and where the stack is in which the past is to be stored."""

    days: Mapping[str, _Pipe]
    stack: _Pipe


_pipes: _Pipes  # of this process, if it is one of the pool's


@contextmanager
def living_through(
    config: Config, scenario: Scenario, window: Window, prices: Sequence[PriceRow]
) -> Iterator[Callable[[Address], None]]:
    """Begin to run the jobs over the window as if it were passing. What this yields waits for the
    end of the past, and writes it to a stack."""
    context, names = get_context("spawn"), [cluster.name for cluster in config.clusters]
    days = {name: _Pipe(*context.Pipe(duplex=False)) for name in names}
    pipes = _Pipes(days, _Pipe(*context.Pipe(duplex=False)))
    given = config, scenario, window, prices
    with ProcessPoolExecutor(len(names) + 1, context, _begin, (pipes,)) as pool:
        try:
            tasks = [pool.submit(_tell_days, name, *given) for name in names]
            tasks.append(pool.submit(_follow_and_store, *given))

            def store(stack: Address) -> None:
                pipes.stack.write.send(stack)
                for task in as_completed(tasks):
                    task.result()

            yield store
        except BaseException:
            for process in active_children():
                process.kill()
            raise


def _begin(pipes: _Pipes) -> None:
    """What each process does first: it is to end at once with whatever ends the one before."""
    global _pipes
    _pipes = pipes
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: the parent decides

    def wait() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _tell_days(
    name: str, config: Config, scenario: Scenario, window: Window, prices: Sequence[PriceRow]
) -> None:
    for day in live_cluster(config, scenario, name, window, prices):
        _pipes.days[name].write.send(day)


def _follow_and_store(
    config: Config, scenario: Scenario, window: Window, prices: Sequence[PriceRow]
) -> None:
    with closing(Services(scenario, config, Clock(window.start))) as services:
        clusters = [_days_of(cluster.name) for cluster in config.clusters]
        past = live_through(config, scenario, window, prices, clusters, services.bill)
    seed(past, config, scenario, stores_at(_pipes.stack.read.recv()), window.end)


def _days_of(cluster: str) -> Iterator[ClusterDay]:
    while True:
        yield _pipes.days[cluster].read.recv()
