"""Run an executable and kill it, as kill -9 would, after the k-th thing that it had done outside."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from entrypoints.sandbox.torture.starting import Order, sessions_told, started
from entrypoints.sandbox.world import Sandbox

LIMIT = 60.0


@dataclass(frozen=True)
class Ended:
    """How a run ended. *killed_after* names the effect that was its last, "" where it lived; *events* counts them."""

    exit_code: int
    stderr: str
    killed_after: str
    events: int


class _Watch:
    """Counts the effects of one run, and kills its process after the k-th."""

    def __init__(self, kill_after: int, kill_at: str) -> None:
        self._kill_after, self._kill_at = kill_after, kill_at
        self._lock = threading.Lock()
        self._pid = threading.Event()
        self.pid = 0
        self.events = 0
        self.killed_after = ""

    def follow(self, pid: int) -> None:
        """The process that is watched."""
        self.pid = pid
        self._pid.set()

    def session(self, what: str) -> str:
        """A session with a host begins or has ended, and nothing goes wrong with it."""
        self.happened(what)
        return ""

    def happened(self, what: str) -> None:
        """One more effect; the process is dead when this returns, if it was the last one allowed."""
        self._pid.wait(LIMIT)
        with self._lock:
            self.events += 1
            if self.events == self._kill_after or (self._kill_at and what.startswith(self._kill_at)):
                self.killed_after = self.killed_after or what
                os.kill(self.pid, signal.SIGKILL)


@contextmanager
def _requests(sandbox: Sandbox, watch: _Watch) -> Iterator[None]:
    """Tell the watch of every request that LINSTOR has carried out, before its reply leaves."""

    def done(method: str, path: str) -> None:
        watch.happened(f"{method} {path}")

    sandbox.server.app.finished.append(done)
    try:
        yield
    finally:
        sandbox.server.app.finished.remove(done)


def run(sandbox: Sandbox, order: Order, kill_after: int = 0, kill_at: str = "") -> Ended:
    """Run *order*; with *kill_after* its process is killed after that many effects, with *kill_at* after one that
    begins so. What it started ends by itself.

    Raises TimeoutError when it does not end within a minute.
    """
    watch = _Watch(kill_after, kill_at)
    with _requests(sandbox, watch), sessions_told(watch.session) as told:
        code, said = started(sandbox, order, told, watch.follow, LIMIT)
    return Ended(code, said, watch.killed_after, watch.events)
