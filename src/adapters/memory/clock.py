"""Port Clock that no test has to wait for."""

from __future__ import annotations

from collections.abc import Callable


class MemoryClock:
    """Time passes only by sleeping. *passed* is told how many seconds, so that a world can move on meanwhile."""

    def __init__(self, now: float = 0.0, passed: Callable[[float], object] | None = None) -> None:
        self._now = now
        self._passed = passed

    def now(self) -> float:
        """Seconds that only ever grow."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass at once; a negative time is none."""
        self._now += max(0.0, seconds)
        if self._passed is not None:
            self._passed(seconds)
