"""A synthesis that runs beside the demo's past, which needs no template yet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


class SynthesisError(Exception):
    """The command failed, so there is no template to deploy; holds what it said."""


@contextmanager
def synthesizing(command: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Run a command; what this yields waits for it. Whatever ends us before ends it too."""
    with subprocess.Popen(  # noqa: S603 - the caller's own command
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:

        def wait() -> None:
            said, _ = process.communicate()
            if process.returncode:
                raise SynthesisError(said.strip() or f"exit code {process.returncode}")

        try:
            yield wait
        except BaseException:
            process.kill()
            raise
