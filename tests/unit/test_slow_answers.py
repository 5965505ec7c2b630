"""A server that sends a little of its answer now and then is waited for no longer than one that is silent."""

from __future__ import annotations

import json
import socket
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.linstor.clusters import RestClusters
from adapters.opennebula.rpc import Rpc
from domain.errors import ControllerFailed, OnedUnreachable
from domain.names import VolumeName
from domain.settings import Limits, StorageSettings

LINSTORS = json.dumps([{"name": "OpenNebula-Image-2"}]).encode()
ONEDS = xmlrpc.client.dumps(([True, "<VM><ID>7</ID></VM>", 0],), methodresponse=True).encode()
PIECES, PAUSE = 25, 0.1
"""An answer takes longer than every limit here, and no pause in it does."""


def _head(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n" % len(body)


def _slow_head(body: bytes) -> list[bytes]:
    return [_head(body), *[b"X-Slow: yes\r\n"] * PIECES, b"\r\n" + body]


def _never_begins(body: bytes) -> list[bytes]:
    return [*[b"HTTP/1.1 100 Continue\r\n\r\n"] * PIECES, _head(body) + b"\r\n" + body]


def _slow_body(body: bytes) -> list[bytes]:
    return [_head(b" " * PIECES + body) + b"\r\n", *[b" "] * PIECES, body]


def _slow_chunks(body: bytes) -> list[bytes]:
    size = b"0" * PIECES + b"%x\r\n" % len(body)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head, *[bytes([each]) for each in size], body + b"\r\n0\r\n\r\n"]


WAYS = pytest.mark.parametrize("way", [_slow_head, _never_begins, _slow_body, _slow_chunks])
Serve = Callable[[list[bytes]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Makes a server that answers with pieces; its address."""
    ended = threading.Event()
    servers: list[socket.socket] = []

    def answer(server: socket.socket, pieces: list[bytes]) -> None:
        with suppress(OSError):
            while True:
                asking, _ = server.accept()
                asking.recv(65536)
                with asking, suppress(OSError):
                    for piece in pieces:
                        asking.sendall(piece)
                        ended.wait(PAUSE)

    def make(pieces: list[bytes]) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)
        threading.Thread(target=answer, args=(server, pieces), daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield make
    ended.set()
    for each in servers:
        each.close()


@WAYS
def test_a_controller_that_dribbles_is_given_up_at_the_limit(serve: Serve, way: Callable[[bytes], list[bytes]]) -> None:
    """Wherever in its answer it becomes slow; the message has the limit."""
    limits = Limits(connect=0.5, read=0.5)
    cluster = RestClusters({}).of(StorageSettings(1, (serve(way(LINSTORS)),), limits=limits))
    with pytest.raises(ControllerFailed, match=r"within 0\.5 seconds"):
        cluster.definitions([VolumeName("OpenNebula-Image-2")])


@WAYS
def test_an_oned_that_dribbles_is_given_up_at_the_limit(
    serve: Serve, tmp_path: Path, way: Callable[[bytes], list[bytes]]
) -> None:
    """The same for oned."""
    (tmp_path / "auth").write_text("oneadmin:secret\n")
    environment = {"ONE_XMLRPC": f"http://{serve(way(ONEDS))}/RPC2", "ONE_AUTH": str(tmp_path / "auth")}
    with pytest.raises(OnedUnreachable, match="within 1 seconds"):
        Rpc({**environment, "ONE_XMLRPC_TIMEOUT": "1"}).document("one.vm.info", 7)
