"""A simulated controller without a network, whose answers are spoilt between it and the adapter."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.fuzz import spoiling
from werkzeug.test import Client

from adapters.answers import TimelyResponse
from adapters.linstor.api import Api
from adapters.memory.linstor.model import LinstorModel
from adapters.memory.linstor.state import State
from entrypoints.sandbox.linstor.app import LinstorApp, make_app

STATUSES = (100, 101, 200, 201, 204, 301, 302, 400, 401, 403, 404, 409, 500, 503, 599, 999)
ADDRESS = "127.0.0.1:1"
MOMENT = 1795394313000


class _Socket:
    """Gives these bytes, then nothing more."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(self._raw)

    def settimeout(self, _seconds: float) -> None:
        pass

    def gettimeout(self) -> float:
        return 60.0


@cache
def _app() -> LinstorApp:
    """Making its routes takes longer than an example."""
    return make_app(LinstorModel())


class Wire:
    """Between the adapter and a controller over *model*. The *which* answer is spoilt, -1: every one."""

    def __init__(self, model: LinstorModel, draw: st.DrawFn, which: int) -> None:
        app = _app()
        app.model = model
        app.log.clear()
        self._client = Client(app)
        self._draw, self._left = draw, which

    def ask(self, method: str, target: str, body: Any) -> TimelyResponse:
        """The answer to a request, as it comes out of the wire."""
        told = (
            self._client.open(target, method=method, json=body)
            if body is not None
            else self._client.open(target, method=method)
        )
        raw = told.get_data()
        whole = http(told.status_code, raw)
        if self._left <= 0:
            whole = self._spoilt(told.status_code, raw)
        self._left -= 1 if self._left >= 0 else 0
        response = TimelyResponse(_Socket(whole), method=method)  # type: ignore[arg-type]
        response.begin()
        return response

    def _spoilt(self, status: int, raw: bytes) -> bytes:
        return self._draw(spoilt(status, raw))


def http(status: int, body: bytes, *headers: str) -> bytes:
    """An answer as text of HTTP."""
    head = [f"HTTP/1.1 {status} said", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body


def spoilt(status: int, body: bytes) -> st.SearchStrategy[bytes]:
    """That answer with other values in its JSON, other bytes, another status, or other headers."""
    found = json.loads(body) if body else None
    values = spoiling.json_values(found).map(lambda each: http(status, json.dumps(each).encode()))
    return (
        values
        | values
        | values
        | spoiling.data(body).map(lambda each: http(status, each))
        | spoiling.data(http(status, body))
        | st.sampled_from(STATUSES).map(lambda other: http(other, body))
        | spoiling.data(gzip.compress(body, 0, mtime=0)).map(lambda each: http(status, each, "Content-Encoding: gzip"))
        | spoiling.pieces.map(lambda piece: http(status, body, f"Transfer-Encoding: {piece}", f"Location: {piece}"))
    )


@contextmanager
def steady() -> Iterator[None]:
    """The same numbers and the same time for every example: what is spoilt must not be another thing each time."""
    count = itertools.count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=next(count)))
        patch.setattr(os, "urandom", lambda size: next(count).to_bytes(size, "big"))
        patch.setattr(State, "millis", lambda _state: MOMENT)
        yield


@contextmanager
def through(wire: Wire) -> Iterator[None]:
    """Every request of the adapter goes through *wire*."""

    def opened(api: Any, endpoint: Any) -> None:
        api._rest_conn = SimpleNamespace(sock=_Socket(b""), close=lambda: None)
        api._endpoint, api._ctrl_host, api._connected = endpoint, str(endpoint), True

    def ready(api: Any) -> Any:
        return api._endpoint if api._connected else api._connected_to()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Api, "_open", opened)
        patch.setattr(Api, "_ready", ready)
        patch.setattr(
            Api, "_rest_request_base", lambda _api, _call, method, target, body: wire.ask(method, target, body)
        )
        yield
