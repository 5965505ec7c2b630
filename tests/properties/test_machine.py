"""oned plays at random, and breaks, and recovers; nothing is ever lost (design.md 4)."""

from __future__ import annotations

import pytest
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from tests.properties.budgets import budget
from tests.properties.machine import HardLife, Life


@pytest.mark.parametrize("life", [Life, HardLife], ids=["calm", "with outages"])
def test_nothing_is_lost_in_any_life(life: type[RuleBasedStateMachine]) -> None:
    """Whatever oned does in whatever order, with one thing going wrong at a time, the rules hold."""
    run_state_machine_as_test(life, settings=budget(22))
