"""What holds for every test."""

from __future__ import annotations

import pytest

from domain.masking import forget_secrets


@pytest.fixture(autouse=True)
def _no_secrets() -> None:
    """An order is a process of its own, and knows only the secrets that it has met."""
    forget_secrets()
