"""Reading many things at a time, in their order: what waits for a network waits together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def read_ahead(read: Callable[[T], R], each: Iterable[T], *, at_once: int) -> Iterator[R]:
    """`read` of each, in order; no more than `at_once` answers are waited for or kept.

    What `read` raises is raised in its turn, and nothing more is begun.
    """
    rest = iter(each)
    first = list(islice(rest, at_once))
    if len(first) < 2:  # no thread is worth starting for it
        yield from map(read, first)
        return
    with ThreadPoolExecutor(at_once) as pool:
        begun: deque[Future[R]] = deque()
        try:
            begun.extend(pool.submit(read, one) for one in first)
            while begun:
                yield begun.popleft().result()
                begun.extend(pool.submit(read, one) for one in islice(rest, 1))
        finally:
            for future in begun:
                future.cancel()
