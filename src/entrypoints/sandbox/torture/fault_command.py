"""`onelinstor sandbox torture --faults`: each trouble at each moment at which an action can meet it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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


def _trials(choice: Choice, name: str, pool: ThreadPoolExecutor) -> list[FaultTrial]:
    """All of one action. Raises RuntimeError, OrderFailed, OSError where it does not even run without trouble."""
    good = calm(name, choice.seed)
    chosen = [(each, at) for each in choice.troubles() for at in choice.moments(name, each, good)]
    return list(pool.map(lambda pair: fault_trial(name, pair[0], pair[1], good, choice.seed), chosen))


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


def _tell_row(console: Console, row: tuple[str, ...]) -> None:
    """An action has ended: a whole run takes an hour, and nobody should have to wait for its table."""
    counts = ", ".join(f"{heading} {count}" for heading, count in zip(HEADINGS, row[1:], strict=True))
    console.print(f"{row[0]}: {counts}", markup=False, highlight=False, soft_wrap=True)


def _tell(console: Console, trial: FaultTrial) -> None:
    moment = f"{trial.action}, {trial.trouble}, at moment {trial.occasion} ({trial.begun_at or 'never'})"
    for line in (f"{moment}: exit code {trial.exit_code} {trial.said}", *(f"  {each}" for each in trial.wrong)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def try_all(choice: Choice, console: Console) -> int:
    """Try what was chosen, and print a table; 1 unless nothing is wrong."""
    rows: list[tuple[str, ...]] = []
    wrong = 0
    with ThreadPoolExecutor(AT_ONCE * (os.cpu_count() or 1)) as pool, console.status("") as status:
        for name in choice.names:
            status.update(name)
            try:
                trials = _trials(choice, name, pool)
            except (RuntimeError, OrderFailed, OSError) as failed:
                console.print(f"{name}, without any trouble: {failed}", markup=False, highlight=False, soft_wrap=True)
                rows.append((name, "-", "-", "-", "1"))
                wrong += 1
                continue
            for each in trials:
                if each.wrong:
                    _tell(console, each)
            rows.append(_row(name, trials))
            _tell_row(console, rows[-1])
            wrong += sum(1 for each in trials if each.wrong)
    console.print(_table(rows))
    return int(wrong > 0)
