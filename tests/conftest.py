"""What holds for every test."""

from __future__ import annotations

import pytest
from hypothesis import settings

from domain.masking import forget_secrets

# tests prove, they never time
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _no_secrets() -> None:
    """An order is a process of its own, and knows only the secrets that it has met."""
    forget_secrets()
