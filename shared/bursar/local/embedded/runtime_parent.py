"""What every function's runtime is forked from. A program of its own, run by its path.

It has imported what nearly all functions import, as Lambda's SnapStart restores what it took a
snapshot of. It reads orders from standard input, a line of JSON each, and tells on standard output
what becomes of its children. Nothing of Bursar is imported here: a function is to find its own
code, the deployed one.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import sys
import threading
import traceback
from typing import Any, NoReturn

IN, OUT, ERR = 0, 1, 2
SERVICES = "dynamodb", "s3"  # of which nearly all functions make clients
Order = dict[str, Any]


def main() -> None:
    """Fork and reap until nobody can order any more; the children see that by themselves."""
    lifeline = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: who orders decides
    _import_ahead()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, str] = {}
    unread = b""
    with selectors.DefaultSelector() as selector:
        selector.register(IN, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if woken in ready:
                os.read(woken, 4096)
                _reap(children)
            if IN in ready:
                if not (read := os.read(IN, 1 << 16)):
                    return
                *lines, unread = (unread + read).split(b"\n")
                for line in lines:
                    _obey(json.loads(line), children, lifeline)


def _import_ahead() -> None:
    import boto3
    import boto3.dynamodb.types
    import boto3.s3.transfer
    import pydantic  # noqa: F401

    for service in SERVICES:
        boto3.client(service, region_name=os.environ.get("AWS_REGION", "us-east-1"))
    gc.freeze()  # what is shared with the children is not to be written to


def _obey(order: Order, children: dict[int, str], lifeline: int) -> None:
    if order["order"] == "kill":
        for pid, its_id in children.items():
            if its_id == order["id"]:
                os.kill(pid, signal.SIGKILL)  # it is not reaped yet, so this is still its pid
        return
    if (pid := os.fork()) == 0:
        _become(order, lifeline)
    children[pid] = order["id"]
    _tell(order["id"], pid=pid)


def _reap(children: dict[int, str]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell(children.pop(pid), returncode=os.waitstatus_to_exitcode(status))


def _tell(its_id: str, **told: int) -> None:
    os.write(OUT, json.dumps({"id": its_id, **told}).encode() + b"\n")


def _become(order: Order, lifeline: int) -> NoReturn:
    """Be the runtime of one function, for ever."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        for source, target in ((os.open(os.devnull, os.O_RDONLY), IN), (log, OUT), (log, ERR)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["code"])
        sys.path.insert(0, order["code"])
        threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
        from awslambdaric.__main__ import main as run

        run(["awslambdaric", order["handler"]])
    except SystemExit as exited:
        code = exited.code if isinstance(exited.code, int) else int(exited.code is not None)
    except BaseException:  # noqa: BLE001 - the process's edge: told to its log
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with(lifeline: int) -> None:
    """The read end of a pipe, whose only write end the guard holds, sees the guard's end."""
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
