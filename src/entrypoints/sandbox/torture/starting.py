"""Start an executable as oned would, and hear of each session that it opens with a host."""

from __future__ import annotations

import contextlib
import os
import signal
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from entrypoints.sandbox.world import Sandbox


@dataclass(frozen=True)
class Order:
    """One call of an executable, as oned would make it."""

    kind: str
    action: str
    argv: tuple[str, ...]
    stdin: bytes = b""


@contextmanager
def sessions_told(hear: Callable[[str], str]) -> Iterator[str]:
    """Where the stand-in for ssh tells the beginning and the end of each session: `host:port`.

    What *hear* gives goes back to it: what goes wrong with the session, "" for nothing.
    """

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = hear(self.rfile.readline().decode().strip())
            # whoever asked may have been killed for it
            with contextlib.suppress(OSError):
                self.wfile.write(answer.encode() + b"\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def started(
    sandbox: Sandbox,
    order: Order,
    told: str,
    follow: Callable[[int], None],
    limit: float,
    extra: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Exit code and standard error of *order*, whose process *follow* is told of. Raises TimeoutError after *limit*."""
    process = _begun(sandbox, order, {**sandbox.environment(), "SANDBOX_SESSIONS": told, **(extra or {})})
    follow(process.pid)
    try:
        _, said = process.communicate(order.stdin, limit)
    except subprocess.TimeoutExpired as expired:
        raise TimeoutError(f"{order.kind}/{order.action} did not end within {limit:g} seconds") from expired
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said.decode("utf-8", "replace").strip()


def _begun(sandbox: Sandbox, order: Order, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(sandbox.script(order.kind, "linstor", order.action)), *order.argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=sandbox.one / "var",
        start_new_session=True,
    )
