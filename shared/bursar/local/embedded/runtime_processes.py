"""The processes in which functions run, as those see them who start and end them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

from bursar.local.embedded import runtime_parent

KILLED = -9
_ENVIRONMENT = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}


class RuntimeProcess:
    """One child of the parent of all of them."""

    def __init__(self, parent: RuntimeProcesses, its_id: str) -> None:
        self._parent, self._id = parent, its_id
        self.begun: Future[int] = Future()
        self.ended: Future[int] = Future()

    @property
    def pid(self) -> int:
        return self.begun.result()

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def wait(self) -> int:
        """The exit code, as `subprocess` has it: of a signal its number, negative."""
        return self.ended.result()

    def kill(self) -> None:
        self._parent.order(order="kill", id=self._id)


class RuntimeProcesses:
    """Begins processes that run awslambdaric with a function's handler.

    They end with this one, however it ends: each reads a pipe whose only write end is here.
    (PR_SET_PDEATHSIG would end them with the thread that started them, and is Linux only.)
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is what all functions have in common."""
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            **_ENVIRONMENT,
            **environment,
        }
        self._lock = threading.Lock()
        self._begun: dict[str, RuntimeProcess] = {}
        lifeline, self._lifeline_end = os.pipe()
        self._parent = subprocess.Popen(  # noqa: S603 - our own program
            # -P: what lies beside the program is not to be found by `import`
            [sys.executable, "-P", runtime_parent.__file__, str(lifeline)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(lifeline,),
        )
        os.close(lifeline)
        self._orders: IO[bytes] = self._parent.stdin  # type: ignore[assignment]
        self._told: IO[bytes] = self._parent.stdout  # type: ignore[assignment]
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def begin(
        self, handler: str, code: Path, log: Path, environment: Mapping[str, str]
    ) -> RuntimeProcess:
        """Order one; it need not be waited for."""
        process = RuntimeProcess(self, its_id := uuid.uuid4().hex)
        self._begun[its_id] = process
        self.order(
            order="begin",
            id=its_id,
            handler=handler,
            code=str(code.resolve()),
            log=str(log.resolve()),
            environment={**self._environment, "PYTHONPATH": str(code), **environment},
        )
        return process

    def order(self, **order: Any) -> None:
        with self._lock:
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()

    def close(self) -> None:
        """End all of them."""
        os.close(self._lifeline_end)
        for process in self._begun.values():
            process.wait()
        self._orders.close()
        self._parent.wait()
        self._listener.join()
        self._told.close()

    def _listen(self) -> None:
        for line in self._told:
            told = json.loads(line)
            process = self._begun[told["id"]]
            if "pid" in told:
                process.begun.set_result(told["pid"])
            else:
                process.ended.set_result(told["returncode"])
        for process in self._begun.values():  # without their parent nobody can tell any more
            process.begun.cancel()
            if process.alive:
                process.ended.set_result(KILLED)
