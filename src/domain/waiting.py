"""Waiting for something outside: soon at first, then slower, never without a limit (rule 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from domain.errors import DeviceHeldOpen, DriverError, Expired, VolumeInUse
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


def wait_while_open(end: Callable[[], bool | None], in_use: VolumeInUse, clock: Clock, seconds: float) -> None:
    """Repeat *end* while a program has the volume open. Raises *in_use*, or DeviceHeldOpen where it is half done."""
    refused: DriverError = in_use

    def ended() -> bool | None:
        nonlocal refused
        try:
            return end()
        except VolumeInUse:
            return None
        except DeviceHeldOpen as held:
            refused = held
            return None

    try:
        wait_for(f"the end of {in_use.volume}", ended, clock, seconds)
    except Expired as expired:
        raise refused from expired
