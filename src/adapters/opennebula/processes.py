"""Start programs with argument vectors: bounded in time and output, and never left running."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

LONGEST_OUTPUT = 1024 * 1024
CHUNK = 1024 * 1024
GRACE = 5.0
"""Seconds that a pipe may stay open after its program ended: a forgotten child must not hold the order up."""


@dataclass(frozen=True)
class Ended:
    """How a program ended. *timed_out*: it had to be killed; *too_much*: it wrote more than LONGEST_OUTPUT bytes."""

    code: int
    out: bytes
    err: bytes
    timed_out: bool = False
    too_much: bool = False

    @property
    def said(self) -> str:
        """The last line that it wrote on standard error, or on standard output where that is empty."""
        text = (self.err.strip() or self.out.strip()).decode("utf-8", "replace")
        return text.splitlines()[-1].strip()[:500] if text else f"it said nothing, exit code {self.code}"


class _Collector(threading.Thread):
    """Reads a pipe to its end and keeps the first bytes of it, or the last ones; *enough* is called beyond the most."""

    def __init__(self, stream: IO[bytes], *, last: bool = False, enough: Callable[[], None] = lambda: None) -> None:
        super().__init__(daemon=True)
        self._stream, self._last, self._enough = stream, last, enough
        self._awaited: tuple[bytes, Callable[[], None]] | None = None
        self._lock = threading.Lock()
        self.data = b""
        self.too_much = False
        self.start()

    def run(self) -> None:
        """Read until the other end closes."""
        with suppress(OSError, ValueError):
            while piece := os.read(self._stream.fileno(), CHUNK):
                self._keep(self.data + piece)
                self._look()
                if self.too_much:
                    self._enough()

    def when(self, awaited: bytes, act: Callable[[], None]) -> None:
        """Call *act* once, as soon as the output has *awaited*."""
        with self._lock:
            self._awaited = awaited, act
        self._look()

    def _look(self) -> None:
        with self._lock:
            if self._awaited is not None and self._awaited[0] in self.data:
                self._awaited[1]()
                self._awaited = None

    def _keep(self, data: bytes) -> None:
        self.too_much = self.too_much or len(data) > LONGEST_OUTPUT
        self.data = data[-LONGEST_OUTPUT:] if self._last else data[:LONGEST_OUTPUT]


class Program:
    """A program that runs and is talked to; see :func:`started`. *seconds* is the limit that counts now."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, *, collect: bool) -> None:
        self._process = process
        self._timed_out = False
        self.seconds = seconds
        self._timer = self._started_timer()
        self._errors = _Collector(_pipe(process.stderr), last=True)
        self._output = _Collector(_pipe(process.stdout)) if collect else None

    def _started_timer(self) -> threading.Timer:
        timer = threading.Timer(self.seconds, self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def allow(self, seconds: float) -> None:
        """From now on it may take *seconds*, instead of what is left of its first limit."""
        self._timer.cancel()
        self.seconds = seconds
        self._timer = self._started_timer()

    def allow_after(self, awaited: bytes, seconds: float) -> None:
        """The same as soon as its output, which must be collected, has *awaited*."""
        if self._output is None:
            raise ValueError("its output is the caller's to read")
        self._output.when(awaited, lambda: self.allow(seconds))

    def _expire(self) -> None:
        self._timed_out = True
        self.kill()

    def kill(self) -> None:
        """End the program and all it started; ended already is fine."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def feed(self, data: bytes) -> bool:
        """Give it *data*; False when it reads no more."""
        try:
            _pipe(self._process.stdin).write(data)
            _pipe(self._process.stdin).flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def close_input(self) -> None:
        """Tell it that nothing more comes."""
        with suppress(OSError):
            _pipe(self._process.stdin).close()

    def line(self) -> bytes:
        """The next line of its output with its end, at most 4096 bytes; b"" when there is none."""
        return _pipe(self._process.stdout).readline(4096)

    def chunk(self) -> bytes:
        """More of its output, b"" at the end."""
        data: bytes = _pipe(self._process.stdout).read1(CHUNK)  # type: ignore[attr-defined]
        return data

    def rest(self) -> bytes:
        """All that is left of its output, at most LONGEST_OUTPUT bytes."""
        data: bytes = _pipe(self._process.stdout).read(LONGEST_OUTPUT)
        return data

    def end(self) -> Ended:
        """Wait for its end, at most until the limit.

        Output that nobody read is read, too, or the program would wait for that; one that goes on writing is killed.
        """
        output = self._output or _Collector(_pipe(self._process.stdout), enough=self.kill)
        code = self._process.wait()
        self._timer.cancel()
        for each in (self._errors, output):
            each.join(GRACE)
        out = output.data if self._output else b""
        return Ended(code, out, self._errors.data, self._timed_out, output.too_much)

    def close(self) -> None:
        """Kill what still runs and close the pipes."""
        self._timer.cancel()
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("this end of the program was not asked for")
    return stream


@contextmanager
def _input(stdin: bytes | None) -> Iterator[IO[bytes] | int]:
    """What Popen takes: a file, so that a program which does not read it cannot block us, or a pipe for None."""
    if stdin is None:
        yield subprocess.PIPE
        return
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        yield given


def _process(
    argv: Sequence[str], stdin: IO[bytes] | int, environment: Mapping[str, str] | None, directory: str | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment) if environment is not None else None,
        cwd=directory,
        start_new_session=True,
    )


@contextmanager
def started(
    argv: Sequence[str],
    *,
    seconds: float,
    stdin: bytes | None = None,
    collect: bool = True,
    environment: Mapping[str, str] | None = None,
    directory: str | None = None,
) -> Iterator[Program]:
    """*argv* in a process group of its own, which is gone at the end of the block, and killed after *seconds*.

    *stdin* None is a pipe for the caller to feed. With *collect* the output is kept for :meth:`Program.end`, without
    it the caller reads it. Raises OSError when the program cannot be started.
    """
    with _input(stdin) as given:
        process = _process(argv, given, environment, directory)
    program = Program(process, seconds, collect=collect)
    try:
        yield program
    finally:
        program.close()


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    seconds: float,
    environment: Mapping[str, str] | None = None,
    directory: str | None = None,
) -> Ended:
    """Run *argv* to its end, or kill its process group after *seconds*. Raises OSError when it cannot be started."""
    with started(argv, seconds=seconds, stdin=stdin, environment=environment, directory=directory) as program:
        return program.end()
