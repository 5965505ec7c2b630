"""Port Locks: files that the kernel unlocks when a process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from domain.errors import BadConfiguration, Expired
from domain.names import VolumeName, volume_name

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0


class FileLocks:
    """One lock file for each volume in a private directory of this front-end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        base = environment.get("XDG_RUNTIME_DIR") or environment.get("TMPDIR") or tempfile.gettempdir()
        self._directory = Path(base) / f"one-linstor-{os.getuid()}"

    @contextmanager
    def hold(self, volumes: Collection[VolumeName], seconds: float) -> Iterator[None]:
        """Hold all of *volumes*; in sorted order, so that two orders never wait for each other."""
        with ExitStack() as held:
            if volumes:
                self._make_directory()
            for name in sorted({volume_name(each).lower() for each in volumes}):
                held.enter_context(self._one(name, seconds))
            yield

    def _make_directory(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._directory.is_symlink() or self._directory.stat().st_uid != os.getuid():
            raise BadConfiguration(f"{self._directory} belongs to somebody else; remove it")

    @contextmanager
    def _one(self, name: str, seconds: float) -> Iterator[None]:
        descriptor = os.open(self._directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _wait(descriptor, name, seconds)
            yield
        finally:
            os.close(descriptor)


def _wait(descriptor: int, name: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() >= end:
                raise Expired(f"the end of another order about volume {name}", seconds) from None
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
