"""How much is tried: in `make test` a little and always the same; FUZZ=n tries n times as much, from another seed.

The seed is printed with a failure; FUZZ_SEED takes it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings

TIMES = int(os.environ.get("FUZZ", "0"))
SEED = int(os.environ.get("FUZZ_SEED", random.randrange(2**32) if TIMES else 0))


def tried(examples: int) -> Callable[[Any], Any]:
    """Let a test try so many examples, or TIMES as many."""
    chosen = settings(
        max_examples=examples * max(1, TIMES),
        print_blob=True,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(SEED)(chosen(test))
