"""Undo what was made when a later step fails (rule 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from domain.errors import DriverError


class Undo:
    """What to take back, latest first; taking back goes on when one of them fails."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def add(self, action: Callable[[], object]) -> None:
        """Remember *action*. An error of it does not hide the error that led here; its mark tells a later order."""

        def quietly() -> None:
            with suppress(DriverError):
                action()

        self._stack.callback(quietly)


@contextmanager
def undoing() -> Iterator[Undo]:
    """A block after whose failure everything added is undone; after its end nothing is."""
    with ExitStack() as stack:
        yield Undo(stack)
        stack.pop_all()
