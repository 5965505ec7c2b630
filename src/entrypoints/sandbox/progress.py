"""A bar for long work while a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

Begin = Callable[[str], None]
"""Tell what has begun; what had begun before is done."""


@contextmanager
def progress(console: Console, total: int) -> Iterator[Begin]:
    """A bar of *total* steps on standard error where that is a terminal, else nothing.

    *console* is where the work's own lines go. Where that is a terminal, too, the bar stays below its lines; where it
    is a file, not a byte of the bar gets there.
    """
    watched = sys.stderr.isatty()
    on = console if console.is_terminal else Console(stderr=True)
    # sys.stdout stays as it is: rich would send it to where the bar is
    with Progress(*_columns(), console=on, transient=True, disable=not watched, redirect_stdout=False) as shown:
        task = shown.add_task("", total=total)
        begun = 0

        def begin(what: str) -> None:
            nonlocal begun
            shown.update(task, description=what, completed=begun)
            begun += 1

        yield begin


def _columns() -> Iterator[ProgressColumn]:
    yield SpinnerColumn()
    yield TextColumn("{task.description}", markup=False)
    yield BarColumn()
    yield MofNCompleteColumn()
    yield TimeElapsedColumn()
