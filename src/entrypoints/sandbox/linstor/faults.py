"""Trouble on order: what goes wrong with a request or with its reply."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Response

from adapters.memory.linstor.replies import refuse
from entrypoints.sandbox.linstor import shapes

PAUSE = 0.25
"""Seconds behind each byte of an answer that drips."""
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


class ConnectionCut(ConnectionError):
    """The server hangs up instead of answering."""


class _Dripping(Response):
    """Comes byte by byte, with a pause behind each."""

    def get_app_iter(self, environ: Any) -> Iterator[bytes]:
        """What is sent."""
        for each in self.get_data():
            yield bytes([each])
            time.sleep(PAUSE)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request that *matches* (method, path): once, or with all of them where it *lasts*.

    *when*: "before" the work is done, or "after" (the work is done and its reply is lost). *how*: "cut" the
    connection, "truncate" the body, "garbage" instead of JSON, "error inside" for a 998 error behind the successes
    under their good status, "drip" for an answer that comes byte by byte, "delay" only, or an HTTP status with a 998
    error. *delay* seconds pass first.
    """

    matches: Callable[[str, str], bool]
    when: str = "before"
    how: str = "500"
    delay: float = 0.0
    lasts: bool = False

    @staticmethod
    def of(given: Mapping[str, Any]) -> Fault:
        """From JSON: `method` and `path` are regular expressions, the rest as above."""
        method, path = re.compile(given.get("method", "")), re.compile(given.get("path", ""))
        return Fault(
            lambda asked, at: bool(method.search(asked) and path.search(at)),
            str(given.get("when", "before")),
            str(given.get("how", "500")),
            float(given.get("delay", 0)),
            bool(given.get("lasts", False)),
        )

    def spoil(self, response: Response) -> Response:
        """What the client gets instead of *response*. Raises ConnectionCut."""
        time.sleep(self.delay)
        if self.how == "cut":
            raise ConnectionCut
        if self.how == "truncate":
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
        elif self.how == "garbage":
            response = Response(HTML, 200, mimetype="text/html")
        elif self.how == "error inside":
            response = Response(shapes.json_text([*_listed(response), *_error()]), response.status_code)
        elif self.how == "drip":
            response = _Dripping(response.get_data(), response.status_code, response.headers)
        elif self.how.isdigit():
            response = Response(shapes.json_text(_error()), int(self.how))
        return response


def _error() -> list[Any]:
    return shapes.replies(refuse(0, 998, "An unknown error occurred.", details="a fault on order").replies)


def _listed(response: Response) -> list[Any]:
    """The replies in an answer, which a clone has in an object of its own."""
    data = response.get_data()
    if response.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    found = json.loads(data or b"[]")
    return found if isinstance(found, list) else list(found.get("messages", []))


class Faults:
    """The faults that wait for their request."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def append(self, fault: Fault) -> None:
        """Order one."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The oldest one that matches; one that does not last happens once."""
        with self._lock:
            found = next((each for each in self._waiting if each.matches(method, path)), None)
            if found is not None and not found.lasts:
                self._waiting.remove(found)
            return found

    def clear(self) -> None:
        """All is well again."""
        with self._lock:
            self._waiting.clear()
