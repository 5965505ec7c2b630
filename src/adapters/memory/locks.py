"""Port Locks in memory: for one process, by name, whatever the case."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from domain.names import VolumeName, volume_name
from domain.ports import Clock
from domain.waiting import wait_for


class MemoryLocks:
    """Locks that one process holds. A lock that is kept is waited for on *clock*, so that a test ends at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """The names that are locked now, in lower case."""
        return frozenset(self._held)

    @contextmanager
    def hold(self, volumes: Collection[VolumeName], seconds: float) -> Iterator[None]:
        """Hold all of *volumes*. Raises Expired when another order keeps one for longer than *seconds*."""
        names = {volume_name(volume).lower() for volume in volumes}
        what = f"the end of another order for volume {', '.join(sorted(names))}"
        wait_for(what, lambda: None if names & self._held else True, self._clock, seconds)
        self._held |= names
        try:
            yield
        finally:
            self._held -= names
