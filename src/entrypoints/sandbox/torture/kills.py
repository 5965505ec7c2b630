"""Run an executable and kill it, as kill -9 would, after the k-th thing that it had done outside."""

from __future__ import annotations

import contextlib
import os
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from entrypoints.sandbox.world import Sandbox

LIMIT = 60.0
PAUSE = 0.01


@dataclass(frozen=True)
class Order:
    """One call of an executable, as oned would make it."""

    kind: str
    action: str
    argv: tuple[str, ...]
    stdin: bytes = b""


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

    def happened(self, what: str) -> None:
        """One more effect; the process is dead when this returns, if it was the last one allowed."""
        self._pid.wait(LIMIT)
        with self._lock:
            self.events += 1
            if self.events == self._kill_after or (self._kill_at and what.startswith(self._kill_at)):
                self.killed_after = self.killed_after or what
                os.kill(self.pid, signal.SIGKILL)


@contextmanager
def _sessions(watch: _Watch) -> Iterator[str]:
    """Where the stand-in for ssh tells the beginning and the end of each session: `host:port`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            watch.happened(self.rfile.readline().decode().strip())
            self.wfile.write(b"\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


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

    Raises TimeoutError when it, or what it started, does not end within a minute.
    """
    watch = _Watch(kill_after, kill_at)
    with _requests(sandbox, watch), _sessions(watch) as told:
        process = subprocess.Popen(
            [str(sandbox.script(order.kind, "linstor", order.action)), *order.argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**sandbox.environment(), "SANDBOX_SESSIONS": told},
            cwd=sandbox.one / "var",
            start_new_session=True,
        )
        watch.follow(process.pid)
        try:
            _, err = process.communicate(order.stdin, LIMIT)
            _wait_for_group(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return Ended(process.returncode, err.decode("utf-8", "replace").strip(), watch.killed_after, watch.events)


def _wait_for_group(group: int) -> None:
    """Until nothing is left of what the process started: its ssh sessions go on without it."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(PAUSE)
    raise TimeoutError(f"process group {group} did not end within {LIMIT:g} seconds")
