"""The ports in memory behave as the real adapters before simulated servers, whatever oned does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.properties.budgets import budget
from tests.properties.twins import Seen, Twins, compare


def test_the_same_life_in_memory_and_on_the_wires() -> None:
    """The same steps give the same questions, answers, errors, volumes and contents."""
    run_state_machine_as_test(Twins, settings=budget(8, steps=15))


@pytest.mark.parametrize("part", ["calls", "ended", "volumes", "contents"])
def test_every_kind_of_difference_is_told(part: str) -> None:
    """And where it begins."""
    own = Seen(["a call"], ["an end"], "volumes", "contents")
    other = replace(own, **{part: ["another"] if part in ("calls", "ended") else "another"})

    compare("a step", own, replace(own))
    with pytest.raises(AssertionError, match=r"after a step: \w+: in memory .*, on the wire 'another'"):
        compare("a step", own, other)
