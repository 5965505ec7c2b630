"""An oned that does not answer as oned does, and an address that is none, are one error."""

from __future__ import annotations

import contextlib
import socket
import threading
import xmlrpc.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.opennebula.oned import XmlRpcOned
from adapters.opennebula.rpc import Rpc
from domain.errors import OnedUnreachable

FRAME = "<methodResponse><params><param>{}</param></params></methodResponse>"
LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(9))


class Server:
    """Answers every question with *body*."""

    body = b""
    url = ""


@pytest.fixture
def server() -> Iterator[Server]:
    """A running one."""
    said = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: Any) -> None:
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    said.url = f"http://127.0.0.1:{running.server_address[1]}/RPC2"
    yield said
    running.shutdown()
    running.server_close()


def ask(tmp_path: Path, url: str, **environment: str) -> str:
    """One question."""
    (tmp_path / "auth").write_text("oneadmin:secret\n")
    return Rpc({"ONE_XMLRPC": url, "ONE_AUTH": str(tmp_path / "auth"), **environment}).document("one.vm.info", 7)


@pytest.mark.parametrize(
    "body",
    [
        FRAME.format("<value><array><data></value></data></array>"),
        FRAME.format("</value>"),
        FRAME.format("<value><struct><name>a</name></struct></value>"),
        FRAME.format("<value><bigdecimal>x</bigdecimal></value>"),
        FRAME.format("<value><array></array></value>"),
        FRAME.format("<value><boolean>7</boolean></value>"),
        FRAME.format(f"<value><int>{'9' * 5000}</int></value>"),
        "<methodResponse><fault><value><int>1</int></value></fault></methodResponse>",
        "<methodResponse/>",
        "",
    ],
)
def test_an_answer_that_is_none_is_one_error(server: Server, tmp_path: Path, body: str) -> None:
    """xmlrpc.client trips over elements in a wrong place in many ways."""
    server.body = body.encode()
    with pytest.raises(OnedUnreachable):
        ask(tmp_path, server.url)


def test_no_entity_of_an_answer_is_expanded(server: Server, tmp_path: Path) -> None:
    """A document type is refused before anything grows."""
    text = "<value><array><data><value><boolean>1</boolean></value><value>&e8;</value></data></array></value>"
    server.body = f"<!DOCTYPE methodResponse [{LAUGHS}]>{FRAME.format(text)}".encode()
    with pytest.raises(OnedUnreachable, match="document type"):
        ask(tmp_path, server.url)


@pytest.mark.parametrize(
    "url", ["http://[::1/RPC2", "ftp://me:secret@a/", "http://a:b:c/RPC2", "localhost", "http://a\x7f/"]
)
def test_an_address_that_is_none_is_one_error_without_its_password(tmp_path: Path, url: str) -> None:
    """ONE_XMLRPC is written by hand."""
    with pytest.raises(OnedUnreachable) as caught:
        ask(tmp_path, url)
    assert "secret" not in str(caught.value)


def _accept_and_say_nothing(silent: socket.socket) -> None:
    """For three seconds each time; then it hangs up, so that whoever has no limit of its own ends, too."""
    with contextlib.suppress(OSError):
        while True:
            accepted, _ = silent.accept()
            threading.Timer(3, accepted.shutdown, [socket.SHUT_RDWR]).start()


def test_an_oned_that_says_nothing_is_waited_for_until_the_limit(tmp_path: Path) -> None:
    """It takes the question and keeps the connection; no order hangs with it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=_accept_and_say_nothing, args=(silent,), daemon=True).start()
        with pytest.raises(OnedUnreachable, match="no answer within 1 seconds"):
            ask(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/RPC2", ONE_XMLRPC_TIMEOUT="1")


@pytest.mark.parametrize("seconds", ["inf", "1e30", "nan", "-1"])
def test_a_limit_that_makes_no_sense_is_bounded(server: Server, tmp_path: Path, seconds: str) -> None:
    """No socket waits for ever."""
    server.body = FRAME.format(
        "<value><array><data><value><boolean>1</boolean></value><value>x</value></data></array></value>"
    ).encode()
    assert ask(tmp_path, server.url, ONE_XMLRPC_TIMEOUT=seconds) == "x"


@pytest.mark.parametrize("question", ["vm", "datastore"])
def test_an_answer_about_another_object_is_refused(server: Server, tmp_path: Path, question: str) -> None:
    """A disk must not be judged by what another VM has."""
    (tmp_path / "auth").write_text("oneadmin:secret\n")
    document = xmlrpc.client.dumps(
        ([True, f"<{question.upper()}><ID>8</ID></{question.upper()}>", 0],), methodresponse=True
    )
    server.body = document.encode()
    oned = XmlRpcOned({"ONE_XMLRPC": server.url, "ONE_AUTH": str(tmp_path / "auth")})
    assert getattr(oned, question)(8)
    with pytest.raises(OnedUnreachable, match="about number 8"):
        getattr(oned, question)(7)
