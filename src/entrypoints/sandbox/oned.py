"""A simulated oned: documents by kind and id, told over XML-RPC as the real one tells them (opennebula.md 7)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from socketserver import ThreadingMixIn
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from lxml import etree

AUTHENTICATION, NO_EXISTS = 0x0100, 0x0400
KINDS = ("vm", "image", "datastore", "host")
NAMES = {"vm": "virtual machine", "image": "image", "datastore": "datastore", "host": "host"}
POOLS = {"vm": "VM_POOL", "image": "IMAGE_POOL", "datastore": "DATASTORE_POOL", "host": "HOST_POOL"}
ANY_STATE, NOT_DONE, DONE = -2, -1, "6"

ADMINISTRATORS = 0
HIDDEN = "<![CDATA[bm90IHRoZSBzZWNyZXQ=]]>"

SLOW, PAUSE, DRIPS = 4.0, 0.1, 600
"""Seconds before a slow oned hangs up; those between two bytes of an answer that drips, and how many those are."""

PAGE = b"<html><body>Bad Gateway</body></html>"

Reply = list[object]


class _Server(ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True


class _Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    oned: SimulatedOned

    def do_POST(self) -> None:
        """Answer a call, or what is on order instead."""
        for each in self.oned.observers:
            each()
        if self.oned.trouble == "cut":
            self.close_connection = True
        elif self.oned.trouble == "slow":
            time.sleep(SLOW)
            self.close_connection = True
        elif self.oned.trouble == "drip":
            self._drip()
        elif self.oned.trouble:
            self._answer_otherwise(int(self.oned.trouble))
        else:
            super().do_POST()

    def _drip(self) -> None:
        """An answer of which a little comes now and then, until nobody reads it any more."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(PAGE) + DRIPS))
        self.end_headers()
        with suppress(OSError):
            for _ in range(DRIPS):
                self.wfile.write(b" ")
                time.sleep(PAUSE)
        self.close_connection = True

    def _answer_otherwise(self, status: int) -> None:
        """A page for people, as a proxy gives one."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)


class SimulatedOned:
    """Answers info and pool calls from the documents put into it.

    *faults*: answers to give instead, first come. *trouble*: "cut" closes each connection, "slow" does so after a
    while, "drip" never comes to the end of an answer, a HTTP status answers with a page instead of XML-RPC.
    *observers* are told before each call.
    *groups* are those of the session's user; 0 is oneadmin's. *encrypted* names what DATASTORE_ENCRYPTED_ATTR lists.
    """

    def __init__(self, session: str = "oneadmin:nobody-else-knows") -> None:
        self.session = session
        self.requests: list[tuple[str, int]] = []
        self.faults: list[Reply] = []
        self.groups = [0]
        self.encrypted: set[str] = set()
        self.trouble = ""
        self.observers: list[Callable[[], None]] = []
        self._documents: dict[str, dict[int, str]] = {kind: {} for kind in KINDS}
        self._server = _Server(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"oned": self}), logRequests=False, allow_none=True
        )
        for kind in KINDS:
            self._server.register_function(self._info(kind), f"one.{kind}.info")
            self._server.register_function(self._pool(kind), f"one.{kind}pool.info")
        self._server.register_function(self._vms(), "one.vmpool.infoextended")
        self._server.register_function(self._images(), "one.imagepool.info")
        self._server.register_function(self._user(), "one.user.info")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        host, port = self._server.server_address[:2]
        self.url = f"http://{host!s}:{port}/RPC2"

    def put(self, kind: str, identity: int, document: str) -> None:
        """Know an object; *document* is its XML."""
        self._documents[kind][identity] = document

    def forget(self, kind: str, identity: int) -> None:
        """Know it no more."""
        self._documents[kind].pop(identity, None)

    def get(self, kind: str, identity: int) -> str | None:
        """The document as oned has it."""
        return self._documents[kind].get(identity)

    def _info(self, kind: str) -> Callable[..., Reply]:
        def info(session: str, identity: int, decrypt: bool = False, *_: object) -> Reply:
            self.requests.append((f"one.{kind}.info", identity))
            if refused := self._refused(session):
                return refused
            found = self._documents[kind].get(identity)
            if found is None:
                return [False, f"[one.{kind}.info] Error getting {NAMES[kind]} [{identity}].", NO_EXISTS, identity]
            plain = decrypt and ADMINISTRATORS in self.groups
            return [True, found if plain else self._hidden(found), 0, 0]

        return info

    def _hidden(self, document: str) -> str:
        """The document with the values of encrypted attributes as anybody sees them."""
        for name in self.encrypted:
            document = re.sub(rf"(<{name}>).*?(</{name}>)", rf"\1{HIDDEN}\2", document, flags=re.DOTALL)
        return document

    def _pool(self, kind: str) -> Callable[..., Reply]:
        def pool(session: str, *_: object) -> Reply:
            self.requests.append((f"one.{kind}pool.info", -1))
            if refused := self._refused(session):
                return refused
            inner = "".join(self._hidden(self._documents[kind][each]) for each in sorted(self._documents[kind]))
            return [True, f"<{POOLS[kind]}>{inner}</{POOLS[kind]}>", 0, 0]

        return pool

    def _vms(self) -> Callable[..., Reply]:
        def vms(session: str, _whose: int, start: int, end: int, state: int, *_: object) -> Reply:
            self.requests.append(("one.vmpool.infoextended", -1))
            if refused := self._refused(session):
                return refused
            found = [each for each in self._newest_first("vm") if _in_state(each[1], state)]
            inner = "".join(_in_a_list(text) for text in _page(found, start, end))
            return [True, f"<VM_POOL>{inner}</VM_POOL>", 0, 0]

        return vms

    def _images(self) -> Callable[..., Reply]:
        def images(session: str, _whose: int, start: int, end: int, *_: object) -> Reply:
            self.requests.append(("one.imagepool.info", -1))
            if refused := self._refused(session):
                return refused
            inner = "".join(_page(self._newest_first("image"), start, end))
            return [True, f"<IMAGE_POOL>{inner}</IMAGE_POOL>", 0, 0]

        return images

    def _user(self) -> Callable[..., Reply]:
        def user(session: str, identity: int, *_: object) -> Reply:
            self.requests.append(("one.user.info", identity))
            if refused := self._refused(session):
                return refused
            groups = "".join(f"<ID>{each}</ID>" for each in self.groups)
            return [True, f"<USER><ID>2</ID><GID>{self.groups[0]}</GID><GROUPS>{groups}</GROUPS></USER>", 0, 0]

        return user

    def _newest_first(self, kind: str) -> list[tuple[int, str]]:
        return sorted(self._documents[kind].items(), reverse=True)

    def _refused(self, session: str) -> Reply | None:
        if self.faults:
            return self.faults.pop(0)
        if session != self.session:
            return [False, "User couldn't be authenticated, aborting call.", AUTHENTICATION, -1]
        return None

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


def _page(found: list[tuple[int, str]], start: int, end: int) -> list[str]:
    """*end* -1 is the last id, below that a page of so many from position *start* on."""
    if end < -1:
        return [text for _, text in found[start : start - end]]
    return [text for each, text in found if each >= start and (end == -1 or each <= end)]


def _in_state(document: str, state: int) -> bool:
    told = etree.fromstring(document).findtext("STATE", "")
    return state == ANY_STATE or (told != DONE if state == NOT_DONE else told == str(state))


def _in_a_list(document: str) -> str:
    """A VM as lists have it: with its current history record alone."""
    root = etree.fromstring(document)
    for records in root.iterfind("HISTORY_RECORDS"):
        for old in records.findall("HISTORY")[:-1]:
            records.remove(old)
    return etree.tostring(root, encoding="unicode")
