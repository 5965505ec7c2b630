"""Programs as oned starts them: in a process group of their own, which ends with them when their time is up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a program ended; a negative *exit_code* is the signal that ended it."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float


def run(argv: Sequence[str], stdin: bytes, environment: Mapping[str, str], directory: Path, timeout: float) -> Ended:
    """Run *argv* to its end. Raises TimeoutExpired after *timeout* seconds, its process group killed."""
    began = time.monotonic()
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, timeout)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Ended(process.returncode, out, err, time.monotonic() - began)
