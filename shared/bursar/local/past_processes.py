"""The past, lived through in processes of its own while the stack is deployed.

One process for each cluster tells of its days as they end, one has the ledger and tells what it
says of them, one follows both. In the end the last two write what they know to the deployed stack.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import active_children, parent_process
from multiprocessing.connection import Connection
from typing import Any

from bursar.adapters.memory.budgets import MemoryOutbox
from bursar.adapters.memory.costs import MemoryCostHistory
from bursar.config import Config
from bursar.domain.periods import Window, days
from bursar.domain.prices import PriceRow
from bursar.local.backfill import live_cluster, live_through
from bursar.local.embedded.clock import Clock
from bursar.local.long_lived import collect_rarely
from bursar.local.past_parent import begin_parent
from bursar.local.scenario import Scenario
from bursar.local.seeding import seed, seed_ledger
from bursar.local.services import Services
from bursar.local.stores import Address, stores_at
from bursar.local.usage_past import UsagePast


@dataclass(frozen=True, slots=True)
class _Pipe:
    read: Connection
    write: Connection


@dataclass(frozen=True, slots=True)
class _Pipes:
    """Each cluster's days, for the ledger and for who follows; the ledger's days; and where the
    stack is in which the past is to be stored, told to both that store it."""

    hours: Mapping[str, _Pipe]
    days: Mapping[str, _Pipe]
    usage: _Pipe
    stacks: tuple[_Pipe, _Pipe]


_pipes: _Pipes  # of this process, if it is one of the pool's


@contextmanager
def living_through(
    config: Config,
    scenario: Scenario,
    window: Window,
    prices: Sequence[PriceRow],
    since: datetime,
) -> Iterator[Callable[[Address], None]]:
    """Begin to run the jobs over the window as if it were passing. What this yields waits for the
    end of the past, and writes it to a stack, where hours from `since` on may be stated anew."""
    context, names = begin_parent(), [cluster.name for cluster in config.clusters]

    def pipe() -> _Pipe:
        return _Pipe(*context.Pipe(duplex=False))

    pipes = _Pipes(
        hours={name: pipe() for name in names},
        days={name: pipe() for name in names},
        usage=pipe(),
        stacks=(pipe(), pipe()),
    )
    given = config, scenario, window, prices
    with ProcessPoolExecutor(len(names) + 2, context, _begin, (pipes,)) as pool:
        try:
            tasks = [pool.submit(_tell_days, name, *given) for name in names]
            tasks.append(pool.submit(_tell_usage_and_store, config, scenario, window, since))
            tasks.append(pool.submit(_follow_and_store, *given, since))

            def store(stack: Address) -> None:
                for each in pipes.stacks:
                    each.write.send(stack)
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
    collect_rarely()
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
        _pipes.hours[name].write.send(day.hours)  # first: who follows waits for the ledger's day
        _pipes.days[name].write.send(day)


def _tell_usage_and_store(
    config: Config, scenario: Scenario, window: Window, since: datetime
) -> None:
    history = MemoryCostHistory()
    usage = UsagePast(config, scenario, history, MemoryOutbox())
    for day in days(window):
        for cluster in config.clusters:
            for closed in _pipes.hours[cluster.name].read.recv():
                history.put_hour(closed)
        _pipes.usage.write.send(usage.live_day(day))
    seed_ledger(usage, stores_at(_pipes.stacks[0].read.recv()), Window(since, window.end))


def _follow_and_store(
    config: Config,
    scenario: Scenario,
    window: Window,
    prices: Sequence[PriceRow],
    since: datetime,
) -> None:
    with closing(Services(scenario, config, Clock(window.start))) as services:
        clusters = [_told(_pipes.days[cluster.name]) for cluster in config.clusters]
        past = live_through(config, window, prices, clusters, _told(_pipes.usage), services.bill)
    stores = stores_at(_pipes.stacks[1].read.recv())
    seed(past, config, scenario, stores, Window(since, window.end))


def _told(pipe: _Pipe) -> Iterator[Any]:
    while True:
        yield pipe.read.recv()
