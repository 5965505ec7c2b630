"""The WSGI application: routes, statuses, authentication, compression, faults on order (linstor.md 2.1)."""

from __future__ import annotations

import base64
import gzip
import hmac
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import ClientDisconnected, HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from adapters.memory.linstor import ControllerDied, Refused
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.replies import refuse, reported
from entrypoints.sandbox.linstor import (
    routes_cluster,
    routes_definitions,
    routes_resources,
    routes_snapshots,
    shapes,
)
from entrypoints.sandbox.linstor.exchange import Answer, Call, Route
from entrypoints.sandbox.linstor.faults import ConnectionCut, Fault, Faults
from entrypoints.sandbox.linstor.requests import PARSE_ERROR, parsed

ROUTES: tuple[Route, ...] = (
    *routes_cluster.ROUTES,
    *routes_definitions.ROUTES,
    *routes_resources.ROUTES,
    *routes_snapshots.ROUTES,
)
FAULTS = "/sandbox/faults"
WORTH_PACKING = 1024
PARSE_ERROR_CODE = PARSE_ERROR & 0x7FFF
_HOME = b"<html><title>Linstor REST server</title><body>A simulated controller.</body></html>"
_OPEN = {"/": _HOME, "/health": b""}
"""Paths that need no credentials, and what they answer."""


@dataclass(frozen=True)
class Logged:
    """One request as it was answered; *status* is 0 where the connection was cut instead. *began* is monotonic."""

    method: str
    path: str
    query: str
    status: int
    bytes_in: int
    bytes_out: int
    seconds: float
    body: bytes = b""
    began: float = 0.0


_COMPILING = threading.Lock()
"""Rules are compiled by way of a syntax tree, which Python 3.11 gets wrong in several threads at once."""


class LinstorApp:
    """The REST interface over one model.

    *credentials*: "user:password" or a token that requests must carry. *redirect_to*: the https address that every
    request is sent to instead. *observers* are told (method, path) before anything is done, *finished* after it was
    done and before the reply leaves.
    """

    def __init__(
        self, model: LinstorModel, *, credentials: str = "", redirect_to: str = "", faults: Faults | None = None
    ) -> None:
        self.model = model
        self.log: list[Logged] = []
        self.faults = faults or Faults()
        self.observers: list[Callable[[str, str], None]] = []
        self.finished: list[Callable[[str, str], None]] = []
        self._credentials = credentials
        self._redirect_to = redirect_to
        rules = [Rule(each.path, methods=[each.method], endpoint=each) for each in ROUTES]
        with _COMPILING:
            self._map = Map(rules, merge_slashes=False, strict_slashes=False)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request. Raises ConnectionCut where a fault says so."""
        request = Request(environ)
        began = time.monotonic()
        body = _body(request)
        for each in self.observers:
            each(request.method, request.path)
        try:
            response = self._response(request, body)
        except ConnectionCut:
            self._note(request, body, 0, 0, began)
            raise
        self._note(request, body, response.status_code, len(response.get_data()), began)
        for each in self.finished:
            each(request.method, request.path)
        return response(environ, start_response)

    def _note(self, request: Request, body: bytes, status: int, sent: int, began: float) -> None:
        took, query = time.monotonic() - began, request.query_string.decode()
        self.log.append(Logged(request.method, request.path, query, status, len(body), sent, took, body, began))

    def _response(self, request: Request, body: bytes) -> Response:
        if request.path == FAULTS:
            self.faults.append(Fault.of(parsed(body)))
            return Response(status=204)
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.when == "before":
            spoilt = fault.spoil(Response(b"[]"))
            if fault.how != "delay":
                return spoilt
        response = _packed(request, self._answer(request, body))
        return fault.spoil(response) if fault is not None and fault.when == "after" else response

    def _answer(self, request: Request, body: bytes) -> Answer:
        if self._redirect_to:
            return Answer(b"", 302, {"Location": self._redirect_to + request.full_path.rstrip("?")})
        if request.path in _OPEN:
            return Answer(_OPEN[request.path])
        if not self._allowed(request):
            refusal = refuse(0, 10001, "Login required.")
            return _refused(refusal, 500, {"WWW-Authenticate": 'Basic realm="Linstor"'})
        return self._routed(request, body)

    def _allowed(self, request: Request) -> bool:
        if not self._credentials:
            return True
        given = request.headers.get("Authorization", "")
        basic = base64.b64encode(self._credentials.encode()).decode()
        return any(hmac.compare_digest(given, each) for each in (f"Basic {basic}", f"Bearer {self._credentials}"))

    def _routed(self, request: Request, body: bytes) -> Answer:
        try:
            route, path = self._map.bind("localhost").match(request.path, request.method)
        except MethodNotAllowed:
            return _nowhere(f"Method '{request.method}' not allowed on path '{request.path}'.", 405)
        except HTTPException:
            return _nowhere(f"Path '{request.path}' not found on server.", 404)
        call = Call(self.model, dict(path), request.args.to_dict(flat=False), body)
        if not call.knows(route.since):
            return _nowhere(f"Path '{request.path}' not found on server.", 404)
        if body and request.mimetype not in ("", "application/json"):
            unread = refuse(0, 998, "An unknown error occurred.", details="HTTP 415 Unsupported Media Type")
            return _refused(reported(unread, self.model.state.report("HTTP 415")), 500)
        return self._carried_out(route, call)

    def _carried_out(self, route: Route, call: Call) -> Answer:
        try:
            with self.model.state.lock:
                return route.answer(call)
        except ControllerDied as died:
            raise ConnectionCut from died
        except Refused as refused:
            if refused.error.code != PARSE_ERROR_CODE:
                return _refused(refused, 500)
            if not route.parse_status:
                raise ConnectionCut from refused
            known = reported(refused, self.model.state.report("parse error")) if route.report else refused
            return _refused(known, route.parse_status)


def make_app(
    model: LinstorModel, *, credentials: str = "", redirect_to: str = "", faults: Faults | None = None
) -> LinstorApp:
    """The WSGI application over *model*."""
    return LinstorApp(model, credentials=credentials, redirect_to=redirect_to, faults=faults)


def _nowhere(message: str, status: int) -> Answer:
    details = {404: "HTTP 404 Not Found", 405: "HTTP 405 Method Not Allowed"}[status]
    return Answer(shapes.replies(refuse(0, 998, message, details=details).replies), status)


def _refused(refused: Refused, otherwise: int, headers: dict[str, str] | None = None) -> Answer:
    """The first error decides the status (linstor.md 2.1)."""
    code = refused.error.code
    status = 404 if 300 <= code <= 399 else 403 if 400 <= code <= 499 or code == 10000 else otherwise
    return Answer(shapes.replies(refused.replies), 401 if code == 10001 else status, headers or {})


def _body(request: Request) -> bytes:
    """Raises ConnectionCut where the client died while it sent the body."""
    try:
        return request.get_data()
    except ClientDisconnected as gone:
        raise ConnectionCut from gone


def _packed(request: Request, answer: Answer) -> Response:
    """The answer on the wire, compressed where the client takes that."""
    if isinstance(answer.json, bytes):
        return Response(answer.json, answer.status, answer.headers, mimetype="text/html" if answer.json else None)
    data, headers = shapes.json_text(answer.json), dict(answer.headers)
    if "gzip" in request.headers.get("Accept-Encoding", "") and len(data) > WORTH_PACKING:
        data = gzip.compress(data, 1)
        headers["Content-Encoding"] = "gzip"
    return Response(data, answer.status, headers, mimetype="application/json")
