"""What an order has done so far, in a file that outlives it: a line for the order, two for each thing it did outside.

An order that is killed leaves its journal. The process holds a lock on it, which the kernel takes away at its death,
however it dies; the number of a process would be given to another one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from entrypoints.tracing.plain import plain, shortened
from entrypoints.tracing.secrets import Secrets

LARGEST = 1024 * 1024
"""Bytes of one trace; of a larger one the answers are left out."""
MOST_BYTES = 4 * LARGEST
"""Of one journal; the requests alone of the most events that are kept take less."""
ENDING = ".journal"
NEW = ".new"
BULK = ("gave", "with")
"""What can be long in an event."""


class Journal:
    """The journal at *path* of one order; *header* tells of the order, without what is secret by then.

    It never raises, for an order does not fail with it.
    """

    def __init__(self, path: Path, header: Callable[[], dict[str, Any]], secrets: Secrets) -> None:
        self._path, self._header, self._secrets = path, header, secrets
        self._events: list[dict[str, Any]] = []
        self._size = 0
        self._lock = threading.Lock()
        self._file = -1
        with suppress(Exception):
            self._begin()

    def add(self, event: dict[str, Any]) -> None:
        """An event begins, or ends: both lines have its number, `event`."""
        with self._lock, suppress(Exception):
            if self._file >= 0:
                known = self._secrets.values()
                self._events.append(plain(event))
                self._secrets.learn(self._events[-1])
                if self._secrets.values() == known:
                    self._append(self._line(self._events[-1]))
                else:
                    # what turns out to be a secret may stand in an earlier line
                    self._begin()

    def end(self) -> None:
        """The trace is written, or cannot be."""
        with self._lock, suppress(OSError):
            self._close()

    def _begin(self) -> None:
        """Under its name stands only what is whole and locked; nothing where that cannot be."""
        new = self._path.with_suffix(NEW)
        before, self._file, self._size = self._file, -1, 0
        try:
            self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._write(_bytes(shortened(self._header())))
            for event in self._events:
                self._write(self._line(event))
            new.replace(self._path)
        except Exception:
            new.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
            self._close()
            raise
        finally:
            if before >= 0:
                os.close(before)

    def _line(self, event: dict[str, Any]) -> bytes:
        line = _bytes(shortened(self._secrets.cleaned(event)))
        if self._size + len(line) <= LARGEST:
            return line
        return _bytes(self._secrets.cleaned({key: event[key] for key in event if key not in BULK}))

    def _append(self, line: bytes) -> None:
        """After one that fails nothing can be added."""
        try:
            self._write(line)
        except OSError:
            self._size = MOST_BYTES

    def _write(self, line: bytes) -> None:
        """One write, so that a kill leaves whole lines."""
        if self._size < MOST_BYTES:
            self._size += len(line)
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _close(self) -> None:
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


def _bytes(line: dict[str, Any]) -> bytes:
    return f"{json.dumps(line)}\n".encode()


def is_running(path: Path) -> bool:
    """Whether there is a journal at *path* whose process lives, or of which nobody can tell."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        # without its lock, and yet not dead, is one that was written anew meanwhile
        return not os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
    except OSError:
        return True
    finally:
        os.close(file)


def read(path: Path) -> dict[str, Any]:
    """The trace of an order without an end: `ended` is "killed" or "running", its `seconds` the last it was heard of.

    An event that had not ended has no `seconds`. Raises OSError, ValueError.
    """
    ended = "running" if is_running(path) else "killed"
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    events: dict[int, dict[str, Any]] = {}
    for line in lines:
        # the last one can be half written, as on a full disk
        with suppress(ValueError):
            event = json.loads(line)
            events.setdefault(event.pop("event"), {}).update(event)
    heard = max((each["began"] + each.get("seconds", 0.0) for each in events.values()), default=0.0)
    return {**json.loads(header), "ended": ended, "seconds": heard, "events": list(events.values())}
