"""Serve the application over real sockets, HTTP or HTTPS, with connections kept alive."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.linstor.app import LinstorApp, Logged, make_app
from entrypoints.sandbox.linstor.faults import Fault


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the application keeps its own log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Hang up where a fault says so; the client has gone otherwise."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class LinstorServer:
    """A running controller. Closing it twice is fine."""

    def __init__(self, app: LinstorApp, server: BaseWSGIServer, scheme: str) -> None:
        self.app = app
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.host = str(server.host)
        self.port = int(server.port)
        self.url = f"{scheme}://{self.host}:{self.port}"

    @property
    def requests(self) -> list[Logged]:
        """Every request answered so far."""
        return self.app.log

    def fault(self, fault: Fault) -> None:
        """Let something go wrong with the next request that matches."""
        self.app.faults.append(fault)

    @property
    def closed(self) -> bool:
        """Whether its socket is gone."""
        return self._server.socket.fileno() < 0

    def close(self) -> None:
        """Stop answering; the port is free at once."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> LinstorServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(
    model: LinstorModel,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    credentials: str = "",
    redirect_to: str = "",
    tls: ssl.SSLContext | None = None,
) -> LinstorServer:
    """Start a controller over *model*; port 0 takes a free one."""
    app = make_app(model, credentials=credentials, redirect_to=redirect_to)
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet, ssl_context=tls)
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threading mix-in, which the type hides
    return LinstorServer(app, server, "https" if tls else "http")
