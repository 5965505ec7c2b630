"""How often a rule looks while it waits."""

from __future__ import annotations

import pytest

from adapters.memory.clock import MemoryClock
from domain.errors import Expired
from domain.waiting import FIRST_PAUSE, LONGEST_PAUSE, wait_for


def test_it_looks_soon_at_first_and_every_second_at_last_until_the_limit() -> None:
    """Pauses double, but a long wait does not find out late."""
    pauses: list[float] = []

    with pytest.raises(Expired, match="the end of it did not happen within 10 seconds"):
        wait_for("the end of it", lambda: None, MemoryClock(passed=pauses.append), 10)

    assert pauses[:3] == [FIRST_PAUSE, FIRST_PAUSE * 2, FIRST_PAUSE * 4]
    assert max(pauses) == LONGEST_PAUSE
    assert sum(pauses) == pytest.approx(10)
