"""A pipe with a path, as a shell's `<(command)` has one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IS_A_PIPE = "is a pipe, and is read more than once: write it to a file first"


@contextmanager
def a_pipe_of(text: str) -> Iterator[Path]:
    end, start = os.pipe()
    os.write(start, text.encode())
    os.close(start)  # who reads on finds the end, and waits for nobody
    try:
        yield Path(f"/dev/fd/{end}")
    finally:
        os.close(end)
