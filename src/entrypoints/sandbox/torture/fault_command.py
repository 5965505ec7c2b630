"""`onelinstor sandbox torture --faults`: each trouble at each moment at which an action can meet it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from entrypoints.sandbox.cloud import OrderFailed
from entrypoints.sandbox.torture.fault_trials import Calm, FaultTrial, calm, fault_trial
from entrypoints.sandbox.torture.striking import occasions
from entrypoints.sandbox.torture.troubles import TROUBLES, Trouble

HEADINGS = ("troubles", "did it all the same", "said why not", "wrong")
AT_ONCE = 2
"""Trials for each processor: most of them wait for a limit most of the time."""


@dataclass(frozen=True)
class Choice:
    """What is to be tried: *most* moments of each action and trouble, 0 for all, by *seed*."""

    names: Sequence[str]
    trouble: str = ""
    most: int = 0
    patient: bool = True
    seed: int = 0

    def troubles(self) -> list[Trouble]:
        """Those whose name has the words asked for."""
        wanted = [each for each in TROUBLES if self.trouble in each.name]
        return [each for each in wanted if self.patient or not each.patient]

    def moments(self, name: str, trouble: Trouble, good: Calm) -> list[int]:
        """The moments of one action, counted from 1."""
        all_of_them = range(1, occasions(good.events, trouble) + 1)
        if not self.most or len(all_of_them) <= self.most:
            return list(all_of_them)
        by = random.Random(f"{self.seed} {name} {trouble.name}")  # noqa: S311 - a choice, not a secret
        return sorted(by.sample(all_of_them, self.most))


def _begin(choice: Choice, name: str, pool: ThreadPoolExecutor) -> list[Future[FaultTrial]]:
    """All of one action. Raises RuntimeError, OrderFailed, OSError where it does not even run without trouble."""
    good = calm(name, choice.seed)
    chosen = [(each, at) for each in choice.troubles() for at in choice.moments(name, each, good)]
    return [pool.submit(fault_trial, name, trouble, at, good, choice.seed) for trouble, at in chosen]


def _begun(choice: Choice, console: Console, pool: ThreadPoolExecutor) -> dict[str, list[Future[FaultTrial]]]:
    """The trials of every action; none for one that does not even run without trouble.

    They wait in one line: some wait minutes for a limit, and those of the next action need not wait for them.
    """
    begun: dict[str, list[Future[FaultTrial]]] = {}
    for name in choice.names:
        try:
            begun[name] = _begin(choice, name, pool)
        except (RuntimeError, OrderFailed, OSError) as failed:
            _print(console, f"{name}, without any trouble: {failed}")
    return begun


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Whoever interrupts a run of hours waits for the trials that run, not for all that are in the line."""
    pool = ThreadPoolExecutor(AT_ONCE * (os.cpu_count() or 1))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _row(name: str, trials: Sequence[FaultTrial]) -> tuple[str, ...]:
    failed = [each for each in trials if each.exit_code]
    wrong = [each for each in trials if each.wrong]
    return name, str(len(trials)), str(len(trials) - len(failed)), str(len(failed)), str(len(wrong))


def _table(rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("action", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _print(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _tell(console: Console, trials: Iterable[FaultTrial], row: tuple[str, ...]) -> None:
    """An action has ended: a whole run takes hours, and nobody should have to wait for its table."""
    for each in trials:
        if each.wrong:
            moment = f"{each.action}, {each.trouble}, at moment {each.occasion} ({each.begun_at or 'never'})"
            _print(console, f"{moment}: exit code {each.exit_code} {each.said}")
            for wrong in each.wrong:
                _print(console, f"  {wrong}")
    counts = ", ".join(f"{heading} {count}" for heading, count in zip(HEADINGS, row[1:], strict=True))
    _print(console, f"{row[0]}: {counts}")


def try_all(choice: Choice, console: Console) -> int:
    """Try what was chosen, and print a table; 1 unless nothing is wrong."""
    rows: list[tuple[str, ...]] = []
    with _workers() as pool, console.status("beginning") as status:
        begun = _begun(choice, console, pool)
        for name in choice.names:
            status.update(name)
            if name not in begun:
                rows.append((name, "-", "-", "-", "1"))
                continue
            trials = [each.result() for each in begun[name]]
            rows.append(_row(name, trials))
            _tell(console, trials, rows[-1])
    console.print(_table(rows))
    return int(any(row[-1] != "0" for row in rows))
