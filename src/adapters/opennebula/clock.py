"""Port Clock: the machine's own."""

from __future__ import annotations

import time


class SystemClock:
    """Monotonic time."""

    def now(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
