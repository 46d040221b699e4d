"""The Lambda service around real runtime processes: environments, and their Runtime API.

The parser knows only what the runtime client sends: on the hot path every microsecond is paid
twice per invocation, and the standard library's request parser takes hundreds.
"""

from __future__ import annotations

import io
import socketserver
import tempfile
import threading
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bursar.local.embedded.execution_environment import (
    ExecutionEnvironment,
    Job,
    Message,
    Report,
)
from bursar.local.embedded.functions import LambdaFunction
from bursar.local.embedded.runtime_processes import RuntimeProcesses

_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"


class LambdaRuntime:
    """Runs functions, each in as many environments as it is busy in at once; reuses idle ones."""

    def __init__(self, environment: Mapping[str, str], directory: Path | None = None) -> None:
        self._temporary = None if directory else tempfile.TemporaryDirectory(prefix="bursar-")
        self._directory = directory or Path(self._temporary.name)  # type: ignore[union-attr]
        self._lock = threading.Lock()
        self._environments: dict[str, ExecutionEnvironment] = {}
        self._idle: dict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._code: dict[str, Path] = {}
        self._closed = False
        self.reports: list[Report] = []
        self._processes = RuntimeProcesses(environment)
        self._server = _RuntimeApiServer(self._environments)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def start(self, function: LambdaFunction, environments: int) -> None:
        """Let so many environments be idle: new ones begin, and need not be waited for."""
        with self._lock:
            idle = self._idle[function.arn]
            idle += [self._begin(function) for _ in range(environments - len(idle))]

    def invoke(self, function: LambdaFunction, payload: bytes) -> tuple[bytes, Report]:
        """Run one event in a warm environment, or in a new one."""
        environment = self._checkout(function)
        body, report = environment.invoke(str(uuid.uuid4()), payload)
        with self._lock:
            self.reports.append(report)
            if environment.alive and report.ending in ("response", "error"):
                self._idle[function.arn].append(environment)
            else:
                del self._environments[environment.id]
        return body, report

    def log_file(self, function: LambdaFunction) -> Path:
        folder = self._directory / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{function.name}.log"

    @property
    def process_ids(self) -> tuple[int, ...]:
        return tuple(environment.pid for environment in self._environments.values())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            environments = list(self._environments.values())
        for environment in environments:
            environment.close()
        self._server.shutdown()
        self._server.server_close()
        self._processes.close()
        if self._temporary:
            self._temporary.cleanup()

    def _checkout(self, function: LambdaFunction) -> ExecutionEnvironment:
        with self._lock:
            idle = self._idle[function.arn]
            while idle:
                environment = idle.pop()
                if environment.alive:
                    return environment
                del self._environments[environment.id]
            return self._begin(function)

    def _begin(self, function: LambdaFunction) -> ExecutionEnvironment:
        if self._closed:
            raise RuntimeError("the embedded Lambda service is closed")
        environment = ExecutionEnvironment(
            function,
            self._unpacked(function),
            self.log_file(function),
            self._server.address,
            self._processes,
        )
        self._environments[environment.id] = environment
        return environment

    def _unpacked(self, function: LambdaFunction) -> Path:
        """The function's code, unpacked once; the first import leaves bytecode for the next."""
        if function.code_sha256 not in self._code:
            folder = self._directory / "code" / uuid.uuid4().hex
            with zipfile.ZipFile(io.BytesIO(function.code_zip)) as archive:
                archive.extractall(folder)
            self._code[function.code_sha256] = folder
        return self._code[function.code_sha256]


class _RuntimeApiServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, environments: Mapping[str, ExecutionEnvironment]) -> None:
        self.environments = environments
        super().__init__(("127.0.0.1", 0), _RuntimeApiConnection)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _RuntimeApiConnection(socketserver.StreamRequestHandler):
    server: _RuntimeApiServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while self._handle_request():
                pass
        except ConnectionError:
            return  # the environment is gone; whoever waits for it learns so from its exit

    def _handle_request(self) -> bool:
        request = self.rfile.readline()
        if not request:
            return False
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.rfile.read(length) if length else b""
        path = request.split(b" ")[1].decode()
        _, environment_id, _, _, *call = path.split("/")
        environment = self.server.environments.get(environment_id)
        if environment is None:
            self.wfile.write(_GONE)
            return False
        if call[-1] == "next":
            return self._next(environment)
        kinds: dict[str, Message] = {
            "response": Message("response", body),
            "error": Message("init_error" if call[0] == "init" else "error", body),
        }
        # answer before waking the invoker: the environment asks for its next event meanwhile
        self.wfile.write(_ACCEPTED)
        environment.messages.put(kinds[call[-1]])
        return True

    def _next(self, environment: ExecutionEnvironment) -> bool:
        environment.note_ready()
        job = environment.jobs.get()
        self.wfile.write(_event(environment.function, job) if job else _GONE)
        return job is not None


def _event(function: LambdaFunction, job: Job) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(job.payload)}\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {job.request_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {job.deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {function.arn}\r\n"
        "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0\r\n\r\n"
    )
    return head.encode() + job.payload
