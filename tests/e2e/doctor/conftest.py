"""The set-up in which all is well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.e2e.doctor.world import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """One for each test; ssh is found as a person's shell would find it."""
    made = World()
    monkeypatch.setenv("PATH", made.environment["PATH"])
    try:
        yield made
    finally:
        made.sandbox.close()
