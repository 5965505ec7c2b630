"""Port Parallel in one thread: the order of the work is chosen, not raced for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from domain.errors import raise_together

Item = TypeVar("Item")
Result = TypeVar("Result")

Order = Callable[[int], Sequence[int]]
"""Gets a number of items, gives their indices in the order in which they are worked on."""


class MemoryParallel:
    """Works on one item after another, in the order that *order* chooses; results come in the order of the items."""

    def __init__(self, order: Order = range) -> None:
        self._order = order

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """All are run to the end; then one error is raised as it is, several as SeveralFailed."""
        results: dict[int, Result] = {}
        errors: dict[int, Exception] = {}
        for index in self._order(len(items)):
            try:
                results[index] = work(items[index])
            except Exception as error:
                errors[index] = error
        raise_together([errors[index] for index in sorted(errors)])
        return [results[index] for index in range(len(items))]
