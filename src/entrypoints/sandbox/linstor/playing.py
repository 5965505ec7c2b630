"""Sends what a scenario recorded to a simulated controller, and lets its events happen."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from adapters.memory.linstor import Handle, OpenRefused
from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.linstor.likeness import differences
from entrypoints.sandbox.linstor.server import LinstorServer

POLLS = 5
"""How often a repeated request is sent until the recorded answer comes."""


class Player:
    """One connection to a controller, and the programs that have devices of its cluster open."""

    def __init__(self, model: LinstorModel, server: LinstorServer) -> None:
        self._model = model
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        self._handles: dict[tuple[str, str], Handle] = {}

    def __enter__(self) -> Player:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def happen(self, line: dict[str, Any]) -> bool:
        """Let an event of the recording happen; whether it is one that we know."""
        events = self._model.events
        known: dict[str, Callable[[], None]] = {
            "open": lambda: self._open(line["node"], line["resource"], write=not line.get("read_only", False)),
            "close": lambda: self._close(line["node"], line["resource"]),
            "fail": lambda: events.fail(line["node"], line["command"]),
            "heal": lambda: events.heal(line["node"]),
            "satellite-down": lambda: events.satellite_down(line["node"]),
            "satellite-up": lambda: events.satellite_up(line["node"]),
            "cut-network": lambda: events.cut_network(line["node"]),
            "heal-network": lambda: events.heal_network(line["node"]),
        }
        event = known.get(line["event"])
        if event is not None:
            event()
        return event is not None

    def _open(self, node: str, resource: str, *, write: bool) -> None:
        """A device that cannot be opened stays closed, as it did when this was recorded."""
        with suppress(OpenRefused):
            self._handles[node, resource] = self._model.devices.open(node, resource, write=write, label="recorded")

    def _close(self, node: str, resource: str) -> None:
        handle = self._handles.pop((node, resource), None)
        if handle is not None:
            handle.close()

    def compare(self, request: dict[str, Any], expected: dict[str, Any], *, until: bool) -> list[str]:
        """What differs; a repeated request gets some tries to reach the recorded answer."""
        found: list[str] = []
        for _ in range(POLLS if until else 1):
            status, body = self.ask(request)
            found = differences(expected["status"], expected.get("body") or None, status, body or None)
            if not found:
                break
        return found

    def ask(self, request: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and body of the answer to a recorded request."""
        query = urlencode(request.get("query") or {}, doseq=True)
        target = request["path"] + (f"?{query}" if query else "")
        body = _body(request.get("body"))
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(request["method"], target, body, headers | (request.get("headers") or {}))
        response = self._connection.getresponse()
        return response.status, _json(response.read())


def _body(body: Any) -> bytes | None:
    if isinstance(body, dict) and "__raw__" in body:
        return str(body["__raw__"]).encode()
    return None if body is None else json.dumps(body).encode()


def _json(data: bytes) -> Any:
    try:
        return json.loads(data) if data.strip() else None
    except ValueError:
        return data.decode(errors="replace")
