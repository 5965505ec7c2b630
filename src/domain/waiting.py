"""Waiting for something outside: soon at first, then slower, never without a limit (rule 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from domain.errors import Expired
from domain.ports import Clock

Seen = TypeVar("Seen")

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0


def wait_for(what: str, look: Callable[[], Seen | None], clock: Clock, seconds: float) -> Seen:
    """What *look* gives as soon as that is not None. Raises Expired, which says *what*."""
    end = clock.now() + seconds
    pause = FIRST_PAUSE
    while (seen := look()) is None:
        left = end - clock.now()
        if left <= 0:
            raise Expired(what, seconds)
        clock.sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_PAUSE)
    return seen
