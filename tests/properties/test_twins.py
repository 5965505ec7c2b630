"""The ports in memory behave as the real adapters before simulated servers, whatever oned does."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.properties.twins import Seen, Twins, compare

LONG = bool(os.environ.get("TORTURE"))
BUDGET = settings(
    max_examples=int(os.environ["TORTURE"]) * 50 if LONG else 12,
    stateful_step_count=30 if LONG else 15,
    derandomize=not LONG,
    print_blob=True,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.generate, Phase.shrink) if LONG else (Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def test_the_same_life_in_memory_and_on_the_wires() -> None:
    """The same steps give the same questions, answers, errors, volumes and contents."""
    run_state_machine_as_test(Twins, settings=BUDGET)


@pytest.mark.parametrize("part", ["calls", "ended", "volumes", "contents"])
def test_every_kind_of_difference_is_told(part: str) -> None:
    """And where it begins."""
    own = Seen(["a call"], ["an end"], "volumes", "contents")
    other = replace(own, **{part: ["another"] if part in ("calls", "ended") else "another"})

    compare("a step", own, replace(own))
    with pytest.raises(AssertionError, match=r"after a step: \w+: in memory .*, on the wire 'another'"):
        compare("a step", own, other)
