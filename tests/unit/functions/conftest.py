"""A function run as Lambda runs it, on ports in memory."""

from __future__ import annotations

import pytest

from bursar import entrypoint
from tests.unit.functions.world import CONTEXT, MemoryPorts, handler_of


@pytest.fixture
def ports(monkeypatch) -> MemoryPorts:
    ports = MemoryPorts()
    monkeypatch.setattr(entrypoint, "ports_for", lambda _settings: ports)
    return ports


@pytest.fixture
def run(ports):
    return lambda function, event: handler_of(function)(event, CONTEXT)
