"""Memory that blocks of a file are read into."""

from __future__ import annotations

_MOST_KEPT = 2  # whoever asks for a block still has the one before


class BlockMemory:
    """Blocks that are used again once nobody looks at them any more: new ones would have to be
    cleared by the system first, and to be in no cache."""

    def __init__(self) -> None:
        self._blocks: list[bytearray] = []

    def take(self, size: int) -> bytearray:
        """So many bytes, whatever they are."""
        for block in self._blocks:
            try:
                block += bytes(max(size - len(block), 1))
            except BufferError:  # an array or a view has its bytes
                continue
            del block[size:]
            return block
        block = bytearray(size)
        self._blocks = [block, *self._blocks[: _MOST_KEPT - 1]]
        return block
