"""Memory of blocks is used again, and never while somebody looks at it."""

from __future__ import annotations

import numpy as np

from bursar.adapters.usage_files.block_memory import BlockMemory


def test_a_block_that_nobody_looks_at_is_used_again():
    memory = BlockMemory()
    first = memory.take(100)
    for size in (100, 60, 4000, 100):
        again = memory.take(size)
        assert again is first
        assert len(again) == size


def test_a_block_that_an_array_is_made_of_stays_as_it_is():
    memory = BlockMemory()
    block = memory.take(100)
    block[:] = b"a" * 100
    part = np.frombuffer(block, np.uint8)[10:20]
    del block
    for size in (100, 60, 4000):  # as many, fewer and more bytes
        memory.take(size)[:] = b"b" * size
    assert part.tobytes() == b"a" * 10


def test_two_blocks_take_turns_where_the_one_before_is_still_looked_at():
    memory = BlockMemory()
    looked_at = memoryview(memory.take(10))
    places = set()
    for _ in range(6):
        block = memory.take(10)
        assert block is not looked_at.obj
        looked_at = memoryview(block)
        places.add(id(block))
    assert len(places) == 2
