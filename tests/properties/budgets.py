"""How much of a machine is played: the same little each time, or with TORTURE=N much more, and never the same."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings


def budget(examples: int, steps: int = 20) -> settings:
    """*examples* lives of *steps* steps each; under TORTURE=N, N hundred of twice as many, and failures shrink."""
    long = int(os.environ.get("TORTURE", "0"))
    return settings(
        max_examples=long * 100 or examples,
        stateful_step_count=steps * 2 if long else steps,
        derandomize=not long,
        print_blob=True,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink) if long else (Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
