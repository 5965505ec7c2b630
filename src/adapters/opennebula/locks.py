"""One order at a time for one volume: a lock file for each volume, on this front-end.

The kernel gives a lock back when its holder ends, however it ends, so nothing is ever left locked. The empty files
stay: to remove one could let two orders hold "the same" lock.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from adapters.opennebula.clock import SystemClock
from domain.errors import BadConfiguration, Expired
from domain.names import VolumeName, volume_name
from domain.waiting import wait_for

TEMPORARY = "/tmp"  # noqa: S108 - a directory of our own is made below it, private and checked


class FileLocks:
    """Port Locks, in a private directory below TMPDIR or /tmp.

    Not below XDG_RUNTIME_DIR: oned has none and a person who logs in has one, and the two must share their locks.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._base = Path(environment.get("TMPDIR") or TEMPORARY)
        self._clock = SystemClock()

    @contextmanager
    def hold(self, volumes: Collection[VolumeName], seconds: float) -> Iterator[None]:
        """Hold all of *volumes*, in one order for everybody, so that no two orders wait for each other.

        LINSTOR ignores the case of a name, and so does the lock. Raises Expired when another order keeps one for
        longer than *seconds*, BadConfiguration when the directory of the locks is not ours alone.
        """
        names = sorted({volume_name(volume).lower() for volume in volumes})
        directory = private_directory(self._base) if names else self._base
        end = self._clock.now() + seconds
        with ExitStack() as held:
            for name in names:
                what = f"the end of another order for volume {name}"
                try:
                    descriptor = wait_for(what, _locking(directory / name), self._clock, end - self._clock.now())
                except Expired as expired:
                    raise Expired(what, seconds) from expired
                held.callback(os.close, descriptor)
            yield


def _locking(path: Path) -> Callable[[], int | None]:
    return lambda: _locked(path)


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock, None while somebody else does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BadConfiguration(f"the lock file {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(path, descriptor):
            os.utime(descriptor)  # cleaners of /tmp go by age
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether nobody removed the file between opening and locking: others would lock a new one."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def private_directory(base: Path) -> Path:
    """The directory of this user's locks below *base*. Raises BadConfiguration when somebody else can write there."""
    directory = base / f"one-linstor-{os.getuid()}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise BadConfiguration(f"the lock directory {directory} cannot be made: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise BadConfiguration(f"{directory} is not a directory that only this user may enter; remove it")
    return directory
