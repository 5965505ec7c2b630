"""The door between programs on the sandbox's hosts and the model: who opens which device, which guest is frozen."""

from __future__ import annotations

import errno
import json
import socketserver
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from adapters.memory.linstor import LinstorModel, OpenRefused
from entrypoints.sandbox.guests import Guests
from entrypoints.sandbox.hosts import SandboxHosts

Question = dict[str, Any]
Answer = dict[str, Any]


class Door:
    """A TCP port of the loopback address: one JSON line asks, one answers.

    A device that was asked for stays open until the connection ends: a program that dies has closed its devices.
    """

    def __init__(self, model: LinstorModel, hosts: SandboxHosts, guests: Guests) -> None:
        self._model = model
        self._hosts = hosts
        self._guests = guests
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        door = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with ExitStack() as held:
                    question: Question = json.loads(self.rfile.readline() or b"{}")
                    self.wfile.write(json.dumps(door.answer(question, held)).encode() + b"\n")
                    self.rfile.read()

        return Handler

    def answer(self, question: Question, held: ExitStack) -> Answer:
        """The answer to one question; what it opens is closed with *held*."""
        answers: dict[str, Callable[[Question, ExitStack], Answer]] = {
            "open": self._open,
            "openers": self._openers,
            "freeze": lambda asked, _: {"done": self._guests.freeze(asked["domain"])},
            "thaw": lambda asked, _: {"done": self._guests.thaw(asked["domain"])},
        }
        return answers[question["ask"]](question, held)

    def _open(self, question: Question, held: ExitStack) -> Answer:
        """`{}` where the device may be opened, else the errno that the kernel gives."""
        host = question["host"]
        resource = self._hosts.resource_of(self._model, host, question["path"])
        if resource is None:
            return {"errno": errno.ENOENT}
        node, write = self._hosts.nodes[host], bool(question["write"])
        try:
            handle = self._model.devices.open(node, resource, write=write, label="program")
        except OpenRefused as refused:
            return {"errno": getattr(errno, refused.errno_name)}
        held.callback(handle.close)
        return {}

    def _openers(self, question: Question, _: ExitStack) -> Answer:
        host = question["host"]
        resource = self._hosts.resource_of(self._model, host, question["path"])
        count = len(self._model.devices.openers(self._hosts.nodes[host], resource)) if resource else 0
        return {"count": count}

    def close(self) -> None:
        """No more answers."""
        self._server.shutdown()
        self._server.server_close()
