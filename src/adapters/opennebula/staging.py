"""Private directories of the front-end for images on their way, and the removal of what killed orders left there."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "one-linstor-source-"
"""Not the beginning of the directory of the locks, which may lie beside them."""
LOCK = "lock"
KEPT_SECONDS = 86400.0


@contextmanager
def staged(base: Path) -> Iterator[Path]:
    """A new directory below *base*, locked while it is used and gone after. Raises OSError."""
    _remove_forgotten(base)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=base) as name:
        descriptor = os.open(Path(name, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # a file system that cannot lock tells the later order so, too, and that removes nothing
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(name)
        finally:
            os.close(descriptor)


def forgotten(directory: Path, prefix: str, is_kind: Callable[[int], bool]) -> Iterator[Path]:
    """What has a name of ours, is this user's, of the kind asked for (S_ISREG, ...) and unchanged for a day."""
    for each in directory.glob(f"{prefix}*"):
        with suppress(OSError):
            found = each.lstat()
            if is_kind(found.st_mode) and found.st_uid == os.getuid() and _is_old(each, found):
                yield each


def _is_old(path: Path, found: os.stat_result) -> bool:
    inside = [each.lstat().st_mtime for each in path.iterdir()] if stat.S_ISDIR(found.st_mode) else []
    return max([found.st_mtime, *inside]) < time.time() - KEPT_SECONDS


def _remove_forgotten(base: Path) -> None:
    for each in forgotten(base, PREFIX, stat.S_ISDIR):
        with suppress(OSError):
            _remove(each)


def _remove(directory: Path) -> None:
    """Remove a directory that no order holds; one without a lock only while it is empty. Raises OSError."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        directory.rmdir()
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory)
    finally:
        os.close(descriptor)
