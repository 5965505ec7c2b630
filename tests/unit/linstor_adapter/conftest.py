"""A server that says what a test tells it to, and plays recorded exchanges of a real controller."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.certificates import self_signed, server_side

from adapters.linstor.clusters import RestClusters
from domain.ports import Cluster
from domain.settings import Limits, StorageSettings

EXCHANGES = Path(__file__).parents[2] / "captures" / "linstor-1.33.3" / "exchanges"
LIMITS = Limits(connect=0.5, read=0.5, change=0.5, copy=0.5)


@dataclass
class Said:
    """One answer; *cut* ends the connection instead, *wait* delays, *raw* replaces the JSON."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    cut: bool = False


@dataclass(frozen=True)
class Heard:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    headers: dict[str, str]

    @property
    def line(self) -> str:
        """Method and path, as scripts name requests."""
        return f"{self.method} {self.path}"


class Script:
    """What is answered: by request line, in order; the last one stays."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.url = ""
        self._answers: dict[str, list[Said]] = {}
        self.say("GET /v1/controller/version", body={"version": "1.33.3", "rest_api_version": "1.27.0"})

    def say(self, line: str, status: int = 200, body: Any = None, **more: Any) -> None:
        """Answer requests of that line; more than one answer are given one after the other."""
        self._answers.setdefault(line, []).append(Said(status, body, **more))

    def forget(self, line: str) -> None:
        """Know no answer to *line* any more."""
        self._answers.pop(line)

    def play(self, name: str) -> Any:
        """Answer as a recorded exchange did; gives what was answered."""
        found = json.loads((EXCHANGES / f"{name}.json").read_text())
        answer = found["response"]
        self.say(f"{found['request']['method']} {found['request']['path']}", answer["status"], answer["body"])
        return answer["body"]

    def answer(self, heard: Heard) -> Said:
        """What to answer; an unknown path is what LINSTOR says to one."""
        self.heard.append(heard)
        told = self._answers.get(heard.line)
        if told is None:
            return Said(
                404, [{"ret_code": -4611686018427386906, "message": f"Path '{heard.path}' not found on server."}]
            )
        return told.pop(0) if len(told) > 1 else told[0]

    @property
    def lines(self) -> list[str]:
        """What was asked, in order."""
        return [each.line for each in self.heard]

    def body_of(self, line: str) -> Any:
        """The body of the last request of that line."""
        return [each.body for each in self.heard if each.line == line][-1]


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            script.connections += 1

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            heard = Heard(self.command, parts.path, parse_qs(parts.query), body, dict(self.headers))
            said = script.answer(heard)
            time.sleep(said.wait)
            if said.cut:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            raw = said.raw if said.raw is not None else json.dumps(said.body).encode()
            self.send_response(said.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **said.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def new_script() -> Iterator[Any]:
    """Makes running servers, each with its script; with *tls* they speak HTTPS."""
    servers = []

    def make(tls: ssl.SSLContext | None = None) -> Script:
        script = Script()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
        server.daemon_threads = True
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        servers.append(server)
        return script

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def script(new_script: Any) -> Script:
    """One running server."""
    made: Script = new_script()
    return made


@pytest.fixture
def cluster(script: Script) -> Cluster:
    """The adapter, pointed at the server of `script`."""
    return RestClusters({}).of(settings_for(script.url))


def settings_for(*urls: str, **more: Any) -> StorageSettings:
    return StorageSettings(datastore_id=1, controllers=urls, **{"limits": LIMITS, **more})


@pytest.fixture
def reach() -> Any:
    """Makes a cluster for some addresses: `reach(url, ..., user=...)`."""

    def make(*urls: str, environment: dict[str, str] | None = None, **more: Any) -> Cluster:
        return RestClusters(environment or {}).of(settings_for(*urls, **more))

    return make


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the key and the certificate of 127.0.0.1, signed by itself."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    return server_side(certificate)
