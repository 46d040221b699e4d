"""Files that are read more than once: their first bytes tell what they are."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import BinaryIO


def open_rereadable(path: Path) -> BinaryIO:
    """A file's bytes.

    Raises:
        OSError: it cannot be opened, or is a pipe; `filename` and `strerror` say so.
    """
    file = path.open("rb")
    if file.seekable():
        return file
    file.close()
    said = "is a pipe, and is read more than once: write it to a file first"
    raise OSError(errno.ESPIPE, said, str(path))
