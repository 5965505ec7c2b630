"""What every implementation of the Clock port promises."""

from __future__ import annotations

import pytest

from adapters.memory.clock import MemoryClock
from adapters.opennebula.clock import SystemClock
from domain.ports import Clock


@pytest.fixture(params=[MemoryClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


def test_time_never_goes_back(clock: Clock) -> None:
    """Waits are differences of it."""
    seen = [clock.now() for _ in range(100)]
    assert seen == sorted(seen)


def test_at_least_what_was_slept_has_passed(clock: Clock) -> None:
    """A limit is never waited for too short a time."""
    before = clock.now()
    clock.sleep(0.02)
    assert clock.now() - before >= 0.02


def test_no_time_is_no_wait(clock: Clock) -> None:
    """Also with nothing left of a limit."""
    before = clock.now()
    clock.sleep(0)
    assert clock.now() >= before
