"""One connection to LINSTOR: python-linstor's low-level client without its probes (linstor.md 3).

python-linstor sends two requests at each connect and moves on to the next controller only when one refuses TCP.
Here a connect sends nothing; a controller that is dead, hangs, or is no LINSTOR is passed over; and every answer
is bounded in time and size.
"""

from __future__ import annotations

import json
import select
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import linstor
from linstor.linstorapi import Linstor

from adapters.answers import TimelyResponse
from adapters.linstor.access import Access
from adapters.linstor.endpoints import Controllers, Endpoint
from domain.errors import ControllerUnreachable

LARGEST_BODY = 64 * 1024 * 1024
_CHUNK = 64 * 1024


class LostReply(Exception):
    """A request went out and no usable answer came back: the work may have been done, or may still be done."""

    def __init__(self, said: str, *, expired: bool = False) -> None:
        self.said, self.expired = said, expired
        super().__init__(said)


@dataclass(frozen=True)
class Request:
    """What is asked. *safe*: it changes nothing, so any controller may be asked again."""

    method: str
    target: str
    body: Any = None
    safe: bool = False


@dataclass(frozen=True)
class Answer:
    """Status and JSON body; *understood* is whether it can have come from LINSTOR."""

    status: int
    body: Any
    understood: bool
    location: str = ""


class Api(linstor.MultiLinstor):  # type: ignore[misc]
    """A connection that one thread uses; it connects when it is first needed, and again after a failure."""

    def __init__(self, controllers: Controllers, access: Access, connect_seconds: float) -> None:
        agent = f"OpenNebula order {access.order_id}" if access.order_id else "OpenNebula"
        super().__init__([str(each) for each in controllers.in_order(())], agent_info=agent, **_no_token_file())
        self._auth_token = None
        self._controllers = controllers
        self._access = access
        self._connect_seconds = connect_seconds
        self._endpoint: Endpoint | None = None
        self._failed: set[Endpoint] = set()
        self._http_headers["Content-Type"] = "application/json"

    def connect(self) -> bool:
        """Connect to the first controller that accepts. Raises ControllerUnreachable, BadConfiguration."""
        self._connected_to()
        return True

    def _connected_to(self) -> Endpoint:
        reasons = []
        for endpoint in self._controllers.in_order(self._failed):
            try:
                self._open(endpoint)
            except OSError as error:
                self._failed.add(endpoint)
                reasons.append(f"{endpoint}: {error.strerror or error}")
            else:
                return endpoint
        raise ControllerUnreachable(self._controllers.names(), "; ".join(reasons))

    def _open(self, endpoint: Endpoint) -> None:
        self.disconnect()
        connection: HTTPConnection
        if endpoint.secure:
            connection = HTTPSConnection(
                endpoint.host, endpoint.port, timeout=self._connect_seconds, context=self._access.tls()
            )
        else:
            connection = HTTPConnection(endpoint.host, endpoint.port, timeout=self._connect_seconds)
        self._rest_conn, self._endpoint, self._ctrl_host = connection, endpoint, str(endpoint)
        self._show_who(endpoint)
        connection.response_class = TimelyResponse
        connection.connect()
        self._connected = True

    def _show_who(self, endpoint: Endpoint) -> None:
        """Credentials for TLS, and for plain HTTP where that is allowed."""
        shown = endpoint.secure or self._access.allow_plain
        self._http_headers.pop("Authorization", None)
        self.username = self._access.user if shown and self._access.user else None
        self.password = self._access.password
        if shown and self._access.token and not self._access.user:
            self._http_headers["Authorization"] = f"Bearer {self._access.token}"

    @property
    def hides_credentials(self) -> bool:
        """Whether there are credentials that are not sent, because the connection is plain HTTP."""
        plain = self._endpoint is not None and not self._endpoint.secure
        return plain and self._access.secret and not self._access.allow_plain

    def exchange(self, request: Request, seconds: float) -> Answer:
        """The answer of the first controller that gives one as LINSTOR does, within *seconds* each.

        Raises ControllerUnreachable: nothing was done. Raises LostReply: nobody knows.
        """
        said = ""
        asked: set[Endpoint] = set()
        while (here := self._ready()) not in asked:
            answer = self._ask(request, seconds)
            if self._redirected(here, answer):
                continue
            if answer.understood:
                self._failed.clear()
                self._controllers.answered(here)
                return answer
            asked.add(here)
            self._give_up()
            said = f"{here} answers (status {answer.status}), but not as LINSTOR does"
            if not request.safe and not 300 <= answer.status < 500:
                raise LostReply(said)
        if request.safe:
            raise LostReply(said)
        raise ControllerUnreachable(self._controllers.names(), said)

    def _ready(self) -> Endpoint:
        """The controller we are connected to; connects where it has closed the connection in the meantime."""
        if self._connected and self._endpoint is not None and self._rest_conn.sock is not None:
            closed, _, _ = select.select([self._rest_conn.sock], [], [], 0)
            if not closed:
                return self._endpoint
        return self._connected_to()

    def _ask(self, request: Request, seconds: float) -> Answer:
        self._rest_conn.sock.settimeout(seconds)
        try:
            response = self._rest_request_base(None, request.method, request.target, request.body)
            try:
                return _answer(response)
            finally:
                response.close()
        except (linstor.LinstorTimeoutError, TimeoutError) as error:
            self._give_up()
            raise LostReply(f"{self._ctrl_host} gave no answer within {seconds:g} seconds", expired=True) from error
        except (linstor.LinstorError, HTTPException, OSError, zlib.error) as error:
            self._give_up()
            raise LostReply(f"the connection to {self._ctrl_host} broke: {error}") from error

    def _redirected(self, here: Endpoint, answer: Answer) -> bool:
        """Whether *here* sends us to its TLS port; only the port is followed, so no other machine gets credentials."""
        port = _tls_port(answer.location)
        if answer.status not in (301, 302, 307, 308) or here.secure or port is None:
            return False
        self.disconnect()
        self._controllers.moved(here, here.secured(port))
        return True

    def _give_up(self) -> None:
        """Leave this controller; the others are tried before it the next time."""
        if self._endpoint is not None:
            self._failed.add(self._endpoint)
        self.disconnect()


def _tls_port(location: str) -> int | None:
    """The port of an https address; None for everything else."""
    try:
        target = urlsplit(location)
        return (target.port or 443) if target.scheme == "https" else None
    except ValueError:
        return None


def _no_token_file() -> dict[str, str]:
    """Keeps newer releases of python-linstor from reading a token file that belongs to root on combined nodes."""
    return {"auth_token": "none"} if hasattr(Linstor, "AUTH_JSON_PATH") else {}


def _answer(response: HTTPResponse) -> Answer:
    raw = _body(response)
    if response.getheader("Content-Encoding", "") == "gzip":
        raw = _unpacked(raw)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    return Answer(response.status, body, _understood(response.status, body), response.getheader("Location") or "")


def _body(response: HTTPResponse) -> bytes:
    """All bytes of the body. Raises TimeoutError, HTTPException where it is cut or too long."""
    got = bytearray()
    while chunk := response.read1(_CHUNK):
        got += chunk
        if len(got) > LARGEST_BODY:
            raise HTTPException(f"the answer is longer than {LARGEST_BODY} bytes")
    if response.length:
        raise HTTPException(f"the answer ends {response.length} bytes too early")
    return bytes(got)


def _unpacked(raw: bytes) -> bytes:
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    unpacked = unpacking.decompress(raw, LARGEST_BODY)
    if unpacking.unconsumed_tail:
        raise HTTPException(f"the answer is longer than {LARGEST_BODY} bytes")
    return unpacked


def _understood(status: int, body: Any) -> bool:
    """Whether it looks like LINSTOR's JSON: refusals are lists of replies, or a clone's object around one."""
    if status in (401, 403):
        return True
    if status < 300:
        return isinstance(body, list | dict)
    listed = body.get("messages") if isinstance(body, Mapping) else body
    return isinstance(listed, list) and all(isinstance(each, Mapping) and "ret_code" in each for each in listed)
