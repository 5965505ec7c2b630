"""Run an executable, and let a trouble begin at the n-th event that it can meet."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from entrypoints.sandbox.torture.stage import Stage
from entrypoints.sandbox.torture.starting import Order, sessions_told, started
from entrypoints.sandbox.torture.troubles import ONED, End, Trouble

LIMIT = 240.0
"""Seconds within which an order must end, whatever happens: those of an ssh session and a little."""


@dataclass
class Struck:
    """How a run ended, and what it had met: *events* before they happened, and the one at which the trouble began."""

    exit_code: int = 0
    stderr: str = ""
    seconds: float = 0.0
    events: list[str] = field(default_factory=list)
    begun_at: str = ""


class _Strike:
    """Watches the events of one run."""

    def __init__(self, stage: Stage, trouble: Trouble | None, occasion: int) -> None:
        self._stage, self._trouble = stage, trouble
        self._left = occasion
        self._lock = threading.Lock()
        self._ends: list[End] = []
        self.struck = Struck()

    def event(self, what: str) -> str:
        """Something is about to happen; what a session is told of the trouble that begins with it."""
        with self._lock:
            self.struck.events.append(what)
            if self._trouble is None or self.struck.begun_at or not re.match(self._trouble.meets, what):
                return ""
            self._left -= 1
            if self._left > 0:
                return ""
            self.struck.begun_at = what
            told, end = self._trouble.begin(self._stage)
            self._ends.append(end)
            return told

    def end(self) -> None:
        """All is well again."""
        for each in self._ends:
            each()


@contextmanager
def _watched(stage: Stage, strike: _Strike) -> Iterator[str]:
    """Requests to LINSTOR, sessions and calls of oned are told to *strike* before they happen."""
    app, oned = stage.sandbox.server.app, stage.sandbox.oned

    def request(method: str, path: str) -> None:
        strike.event(f"{method} {path}")

    def call() -> None:
        strike.event("oned is asked")

    app.observers.append(request)
    oned.observers.append(call)
    try:
        with sessions_told(lambda said: strike.event(said) if said.endswith(" begins") else "") as told:
            yield told
    finally:
        app.observers.remove(request)
        oned.observers.remove(call)


def strike(stage: Stage, order: Order, trouble: Trouble | None = None, occasion: int = 0) -> Struck:
    """Run *order*; *trouble* begins at its *occasion*-th event (from 1) and is over when this returns."""
    watching = _Strike(stage, trouble, occasion)
    began = time.monotonic()
    with _watched(stage, watching) as told:
        try:
            code, said = started(stage.sandbox, order, told, lambda _: None, LIMIT, {"ONE_XMLRPC_TIMEOUT": ONED})
        except TimeoutError as expired:
            code, said = -1, str(expired)
        finally:
            watching.end()
    watching.struck.exit_code, watching.struck.stderr = code, said
    watching.struck.seconds = time.monotonic() - began
    return watching.struck


def occasions(events: list[str], trouble: Trouble) -> int:
    """At how many of *events* the trouble can begin."""
    return sum(1 for each in events if re.match(trouble.meets, each))
