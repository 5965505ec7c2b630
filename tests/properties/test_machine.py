"""oned plays at random, and breaks, and recovers; nothing is ever lost (design.md 4)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.properties.machine import Life

LONG = bool(os.environ.get("TORTURE"))
BUDGET = settings(
    max_examples=int(os.environ["TORTURE"]) * 100 if LONG else 40,
    stateful_step_count=40 if LONG else 20,
    derandomize=not LONG,
    print_blob=True,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.generate, Phase.shrink) if LONG else (Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def test_nothing_is_lost_in_any_life() -> None:
    """Whatever oned does in whatever order, with one thing going wrong at a time, the rules hold."""
    run_state_machine_as_test(Life, settings=BUDGET)
