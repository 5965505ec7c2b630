"""Hosts, sources and scripts as they would answer: questions are asked for real, the rest is only written down."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from domain.names import HostName, VolumeName, same_host
from domain.ports import DAY, Exports, FetchedImage, Hosts, ImageSource, SavedImage, Scripts, Sources
from domain.steps import CheckClosed, CountLinks, DeviceSize, FileExists, FileSize, FreezeGuest, LinkDevice, Step
from domain.vm_sizes import Monitord, VmSizes
from entrypoints.explaining.cluster import PLACED

QUESTIONS = (CheckClosed, CountLinks, DeviceSize, FileExists, FileSize)
"""Steps that change nothing."""
Note = Callable[..., None]


class ForeseenHosts:
    """Port Hosts. A host that cannot be reached is found out by asking it something."""

    def __init__(self, real: Hosts, note: Note) -> None:
        self._real, self._note = real, note

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """See the port."""
        if not steps:
            return ()
        asked = [step for step in steps if isinstance(step, QUESTIONS)]
        told = iter(self._asked(host, asked))
        if len(asked) < len(steps):
            self._note("run", host, steps)
        return tuple(next(told) if isinstance(step, QUESTIONS) else _told(step) for step in steps)

    def _asked(self, host: HostName, questions: Sequence[Step]) -> tuple[str, ...]:
        """What the host answers; a host that LINSTOR is yet to choose is there, and has nothing to tell."""
        if host == PLACED:
            return tuple("" for _ in questions)
        return self._real.run(host, questions or [FileExists("/")])

    def copy_files(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[Step] = (), only: str = ""
    ) -> bool:
        """See the port. Whether both are one directory of a shared file system cannot be told without writing."""
        for host in dict.fromkeys((source, target)):
            self._real.run(host, [FileExists("/")])
        self._note("copy_files", source, directory, target, to, *([then] if then else []), *([only] if only else []))
        return not (same_host(source, target) and directory == to)


def _told(step: Step) -> str:
    if isinstance(step, LinkDevice):
        return step.alias or step.device
    return "frozen" if isinstance(step, FreezeGuest) else ""


class ForeseenSources:
    """Port Sources."""

    def __init__(self, real: Sources, note: Note) -> None:
        self._real, self._note = real, note

    def real_path(self, path: str) -> str:
        """See the port."""
        return self._real.real_path(path)

    @contextmanager
    def fetch(self, source: ImageSource) -> Iterator[FetchedImage]:
        """Nothing is fetched: a local file is taken as it lies there, and of anything else the size is not known."""
        self._note("fetch", source)
        if not source.path.startswith("/"):
            yield FetchedImage(0, source.path)
            return
        path = self._real.real_path(source.path)
        yield FetchedImage(os.stat(path).st_size, path)  # noqa: PTH116 - the path is a string of the port

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float = 0.0) -> int:
        """See the port."""
        self._note("write", image, host, device, {"zeroed": zeroed, "wait": wait})
        return image.size_bytes


class ForeseenExports:
    """Port Exports."""

    def __init__(self, _real: Exports, note: Note) -> None:
        self._note = note

    def save(self, host: HostName, device: str, size_bytes: int, directory: str) -> SavedImage:
        """See the port."""
        self._note("save", host, device, size_bytes, directory)
        return SavedImage(f"{directory}/NEW-FILE", "0" * 32)


class ForeseenScripts:
    """Port Scripts. `stat` changes nothing, so it is run."""

    def __init__(self, real: Scripts, note: Note) -> None:
        self._real, self._note = real, note

    def exists(self, kind: str, driver: str, action: str) -> bool:
        """See the port."""
        return self._real.exists(kind, driver, action)

    def run(self, kind: str, driver: str, action: str, argv: Sequence[str], stdin: bytes, seconds: float = DAY) -> str:
        """See the port."""
        if action == "stat":
            return self._real.run(kind, driver, action, argv, stdin)
        self._note("run", kind, driver, action, argv, stdin, *([seconds] if seconds != DAY else []))
        return ""


class ForeseenMonitord:
    """Port Monitord."""

    def __init__(self, _real: Monitord, note: Note) -> None:
        self._note = note

    def tell(self, vms: Sequence[VmSizes]) -> None:
        """See the port."""
        self._note("tell", vms)


class NoLocks:
    """Port Locks: what changes nothing need not wait for others."""

    @contextmanager
    def hold(self, _volumes: Collection[VolumeName], _seconds: float) -> Iterator[None]:
        """Nothing is held."""
        yield


class OneByOne:
    """Port Parallel, in order, so that the same order is always explained in the same words."""

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """One after the other; the first error ends it."""
        return [work(item) for item in items]


class Impatient:
    """Port Clock: a wait ends at once, as if its time were over."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Seconds that only ever grow."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """No wait."""
        self._now += seconds
