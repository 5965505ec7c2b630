"""HTTP answers that end in time: one limit for the whole of an answer, its head included.

The limit of a socket counts for each piece alone, and a server that sends a byte now and then never meets it.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any


class TimelyResponse(HTTPResponse):
    """An answer that has come as a whole within the limit that its socket has; else reading it raises TimeoutError."""

    def __init__(self, sock: socket.socket, *more: Any, **named: Any) -> None:
        super().__init__(sock, *more, **named)
        pieces = _Pieces(sock)
        self.fp.close()
        self.fp = io.BufferedReader(pieces)


class _Pieces(io.RawIOBase):
    """What comes from a socket, until its limit is over."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)
        self._end = time.monotonic() + (sock.gettimeout() or 0.0)

    def readable(self) -> bool:
        """See the base class."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See the base class."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """See the base class."""
        self._raw.close()
        super().close()
