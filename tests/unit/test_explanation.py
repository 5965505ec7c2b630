"""What an explanation puts between an order and the outside."""

from __future__ import annotations

import pytest

from domain.vm_sizes import VmSizes
from entrypoints.container import Container
from entrypoints.explaining.explanation import Explanation

ONLY_READ = ("oned", "pools", "backup_stores")


class Untouchable:
    """A port that nobody may use."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(name)


def test_sizes_are_not_sent_to_monitord() -> None:
    """An explanation of `monitor` says that they would be."""
    explanation = Explanation()
    explanation.wrap("monitord", Untouchable()).tell([VmSizes(7, (), ())])
    assert [(step["port"], step["call"]) for step in explanation.steps] == [("monitord", "tell")]


@pytest.mark.parametrize("name", [*Container.providers, "a new one"])
def test_a_port_that_nobody_thought_of_cannot_act(name: str) -> None:
    """Only those that cannot change anything are handed on as they are; another one stops the explanation."""
    real = Untouchable()
    try:
        given = Explanation().wrap(name, real)
    except KeyError:
        return
    assert (given is real) == (name in ONLY_READ)
