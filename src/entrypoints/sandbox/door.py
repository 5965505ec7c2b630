"""The door between programs on the sandbox's hosts and the model: who opens which device."""

from __future__ import annotations

import itertools
import json
import socketserver
import threading
from pathlib import Path
from typing import Any

from adapters.memory.linstor import Handle, OpenRefused
from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.hosts import SandboxHosts


class Door:
    """A Unix socket; one JSON question and one JSON answer for each connection."""

    def __init__(self, path: Path, model: LinstorModel, hosts: SandboxHosts) -> None:
        self._model = model
        self._hosts = hosts
        self._held: dict[int, Handle] = {}
        self._numbers = itertools.count(1)
        door = self

        class Answers(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                question = json.loads(self.rfile.readline() or b"{}")
                self.wfile.write(json.dumps(door.answer(question)).encode() + b"\n")

        self._server = socketserver.ThreadingUnixStreamServer(str(path), Answers)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Open, close, or count the openers of a device."""
        if question.get("ask") == "close":
            handle = self._held.pop(question["handle"], None)
            if handle is not None:
                handle.close()
            return {}
        host = question["host"]
        resource = self._hosts.resource_of(self._model, host, question["path"])
        if resource is None:
            return {"errno": "No such file or directory", "count": 0}
        node = self._hosts.nodes[host]
        if question["ask"] == "openers":
            return {"count": len(self._model.devices.openers(node, resource))}
        try:
            opened = self._model.devices.open(node, resource, write=question["write"], label="program")
        except OpenRefused as refused:
            return {"errno": refused.errno_name}
        number = next(self._numbers)
        self._held[number] = opened
        return {"handle": number}

    def close(self) -> None:
        """No more answers."""
        self._server.shutdown()
        self._server.server_close()
