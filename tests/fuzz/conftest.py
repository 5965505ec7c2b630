"""What every fuzz test begins with."""

from __future__ import annotations

import pytest
from tests.fuzz.budget import SEED, TIMES


@pytest.fixture(autouse=True)
def _told() -> None:
    """Shown where a test fails."""
    print(f"FUZZ={TIMES} FUZZ_SEED={SEED}")
