"""Start a program with an argument vector; bounded in time and output, never left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST_OUTPUT = 1024 * 1024


@dataclass(frozen=True)
class Ended:
    """How a program ended; *timed_out* when it had to be killed."""

    code: int
    out: bytes
    err: bytes
    timed_out: bool = False

    @property
    def said(self) -> str:
        """The last line that it wrote on standard error, or on standard output where that is empty."""
        text = (self.err.strip() or self.out.strip()).decode("utf-8", "replace")
        return text.splitlines()[-1].strip()[:500] if text else "it said nothing"


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    seconds: float,
    environment: Mapping[str, str] | None = None,
    directory: str | None = None,
) -> Ended:
    """Run *argv* to its end, or kill its process group after *seconds*. Raises OSError when it cannot be started."""
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment) if environment is not None else None,
        cwd=directory,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        return Ended(-1, b"", b"", timed_out=True)
    return Ended(process.returncode, out[:LONGEST_OUTPUT], err[-LONGEST_OUTPUT:])


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
