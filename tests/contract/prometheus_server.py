"""An HTTP server that answers the queries that Bursar asks as Prometheus documents its API.

It knows a selector by a pattern of names, with a range or without, `min_over_time` of one, and a
subquery (a sample at each whole step); an instant query of a selector looks back five minutes.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from bursar.domain.usage.counters import Sample, Series

_LOOKBACK_SECONDS = 300.0
_SELECTOR = re.compile(r'\{__name__=~"(?P<names>[^"]+)"\}\[(?P<range>\d+)s\]')
_EARLIEST = re.compile(
    r"min_over_time\((?P<names>\w+)(?:\{(?P<where>[^}]*)\})?\[(?P<range>\d+)s\]\)"
)
_STEPPED = re.compile(r"(?P<names>\w+)(?:\{(?P<where>[^}]*)\})?\[(?P<range>\d+)s:(?P<step>\d+)s\]")
_MATCHER = re.compile(r'(\w+)(=|!=)"([^"]*)"')
_PLAIN = re.compile(r"(?P<names>[\w:]+)")
_EXPOSED = re.compile(r"(?P<name>[\w:]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Prometheus:
    """Serves `series` below `prefix`; `asked` are the requests, with their headers."""

    series: list[Series] = field(default_factory=list)
    prefix: str = ""
    says: dict[str, Any] = field(default_factory=dict)  # goes over what it would answer
    answers: list[tuple[int, bytes]] = field(default_factory=list)  # given first, in order
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def add(self, name: str, labels: Mapping[str, str], *samples: tuple[float, float]) -> None:
        told = tuple(Sample(at, value) for at, value in samples)
        self.series.append(Series({"__name__": name, **labels}, told))

    def scrape(self, exposition: str, at: float, **target: str) -> None:
        """Take in a page as a target exposes it, with the labels of the target."""
        for line in exposition.splitlines():
            if found := _EXPOSED.fullmatch(line):
                labels = dict(_LABEL.findall(found["labels"] or ""))
                self.add(found["name"], {**labels, **target}, (at, float(found["value"])))

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                status, body = outer.answers.pop(0) if outer.answers else outer.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str) -> tuple[int, bytes]:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.removeprefix(self.prefix):
            case "/api/v1/query":
                data = self._instant(asked["query"], float(asked["time"]))
            case "/api/v1/query_range":
                data = self._range(asked)
            case _:
                return 404, b'{"message": "no such page"}'
        return 200, json.dumps({"status": "success", "data": data, **self.says}).encode()

    def _instant(self, query: str, at: float) -> dict[str, Any]:
        if found := _SELECTOR.fullmatch(query):
            result = [
                {"metric": labels, "values": [[each.at, str(each.value)] for each in samples]}
                for labels, samples in self._select(found["names"], at - float(found["range"]), at)
            ]
            return {"resultType": "matrix", "result": result}
        if found := _STEPPED.fullmatch(query):
            result = self._stepped(found, at)
            return {"resultType": "matrix", "result": result}
        if found := _EARLIEST.fullmatch(query):
            start, where = at - float(found["range"]), found["where"] or ""
            chosen = self._select(found["names"], start, at, where)
            least = [(labels, min(each.value for each in samples)) for labels, samples in chosen]
        elif found := _PLAIN.fullmatch(query):
            chosen = self._select(found["names"], at - _LOOKBACK_SECONDS, at)
            least = [(labels, samples[-1].value) for labels, samples in chosen]
        else:
            raise AssertionError(f"a query that this server does not know: {query}")
        result = [{"metric": labels, "value": [at, str(value)]} for labels, value in least]
        return {"resultType": "vector", "result": result}

    def _stepped(self, found: re.Match[str], at: float) -> list[dict[str, Any]]:
        """At every whole step of the range, the value of the moment."""
        step, where = float(found["step"]), found["where"] or ""
        first = at - float(found["range"])
        steps = [n * step for n in range(int(first // step) + 1, int(at // step) + 1)]
        result = []
        for labels, samples in self._select(found["names"], first - 300, at, where):
            values = []
            for moment in steps:
                seen = [s for s in samples if moment - _LOOKBACK_SECONDS < s.at <= moment]
                values += [[moment, str(seen[-1].value)]] if seen else []
            result.append({"metric": labels, "values": values})
        return result

    def _range(self, asked: Mapping[str, str]) -> dict[str, Any]:
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        values: dict[str, tuple[Mapping[str, str], list[list[Any]]]] = {}
        at = start
        while at <= end:
            for labels, samples in self._select(asked["query"], at - _LOOKBACK_SECONDS, at):
                _, found = values.setdefault(json.dumps(labels), (labels, []))
                found.append([at, str(samples[-1].value)])
            at += step
        result = [{"metric": labels, "values": found} for labels, found in values.values()]
        return {"resultType": "matrix", "result": result}

    def _select(
        self, names: str, after: float, until: float, where: str = ""
    ) -> Iterable[tuple[Mapping[str, str], list[Sample]]]:
        for series in self.series:
            found = [each for each in series.samples if after < each.at <= until]
            named = re.fullmatch(names, series.labels["__name__"])
            matchers = _MATCHER.findall(where)
            fits = all(
                (series.labels.get(name, "") == value) is (operator == "=")
                for name, operator, value in matchers
            )
            if found and named and fits:
                yield series.labels, found
