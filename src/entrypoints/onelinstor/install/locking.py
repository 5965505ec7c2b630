"""One installation at a time: a lock on the tree of drivers, which leaves no file and ends with its process."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrypoints.onelinstor.install.entries import Problem

SECONDS = 60.0
PAUSE = 0.1
INHERITED = "ONELINSTOR_INSTALL_LOCK"
"""For a program that the holder starts to go on with its work: the number of the descriptor."""


@contextmanager
def alone(remotes: Path) -> Iterator[int]:
    """Hold the lock; the descriptor that does. Raises Problem, which names the holder, where that takes too long."""
    inherited = os.environ.get(INHERITED, "")
    if inherited.isdigit() and _is(int(inherited), remotes):
        yield int(inherited)
        return
    descriptor = os.open(remotes, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _wait(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _is(descriptor: int, remotes: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), remotes.stat())
    except OSError:
        return False


def _wait(descriptor: int) -> None:
    end, told = time.monotonic() + SECONDS, False
    while not _locked(descriptor):
        holder = _holder(descriptor)
        if time.monotonic() > end:
            raise Problem(f"{holder} is installing or uninstalling here and has not ended within {SECONDS:.0f} s")
        if not told:
            print(f"waiting for {holder}, which is installing or uninstalling here", file=sys.stderr, flush=True)
            told = True
        time.sleep(PAUSE)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # some network file systems lock no directories; there is nothing better to lock there
        return error.errno in (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
    return True


def _holder(descriptor: int) -> str:
    """The kernel's own list: `1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF`."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    for words in (line.split() for line in lines):
        if words[1:2] == ["FLOCK"] and words[5].rpartition(":")[2] == inode:
            return f"process {words[4]}"
    return "another process"
