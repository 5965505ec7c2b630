"""`onelinstor sandbox torture`: a kill or a fault at each moment of each action, then the retry, then a look."""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

from rich import box
from rich.console import Console
from rich.table import Table

from entrypoints.command_line import new_parser
from entrypoints.sandbox.cloud import OrderFailed
from entrypoints.sandbox.progress import progress
from entrypoints.sandbox.torture.fault_command import Choice, try_all
from entrypoints.sandbox.torture.scenes import SCENES
from entrypoints.sandbox.torture.trials import Verdict, trial, undisturbed

DESCRIPTION = (
    "Each executable is killed with SIGKILL after its k-th request to LINSTOR or beginning or end of an ssh session, "
    "for every k until it survives, and is run again. LINSTOR, the hosts and the guests' data must then be as if it "
    "had not been killed. With --faults, something goes wrong around it instead: LINSTOR, a host or oned; it must end "
    "within its limits, say why in one sentence, and the retry must converge."
)


def tortured(name: str, seed: int, pool: ThreadPoolExecutor, most: int) -> Verdict:
    """Every kill of one action, or *most* of them chosen by *seed*."""
    try:
        good = undisturbed(name, seed)
    except (RuntimeError, OrderFailed, OSError) as failed:
        return Verdict(name, broken=str(failed))
    kills = list(range(1, good.events + 1))
    if most and len(kills) > most:
        kills = sorted(random.Random(seed).sample(kills, most))  # noqa: S311 - a choice, not a secret
    return Verdict(name, list(pool.map(lambda kill: trial(name, kill, good, seed), kills)))


def _chosen(pattern: str) -> list[str]:
    """The scenes of an action; `clone` means those of both drivers."""
    return [name for name in SCENES if pattern in (name.split(" ")[0].split("/")[1], name) or fnmatch(name, pattern)]


def _row(verdict: Verdict) -> tuple[str, ...]:
    left = sum(len(each.differences) for each in verdict.failed)
    converged = f"{len(verdict.trials) - len(verdict.failed)}"
    if verdict.broken:
        return verdict.name, "-", "-", "-", verdict.broken
    return verdict.name, str(len(verdict.trials)), converged, str(left), "" if left == 0 else "does not converge"


def _table(verdicts: Iterable[Verdict]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("action", no_wrap=True)
    for heading in ("kills", "converged", "differences"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for verdict in verdicts:
        table.add_row(*_row(verdict))
    return table


def _tell(console: Console, verdict: Verdict) -> None:
    for each in verdict.failed:
        console.print(f"{verdict.name}, killed after {each.killed_after}:", markup=False, soft_wrap=True)
        for difference in each.differences:
            console.print(f"  {difference}", markup=False, soft_wrap=True)


def parser() -> argparse.ArgumentParser:
    """The parser of this action."""
    own = new_parser(
        "onelinstor sandbox torture",
        DESCRIPTION,
        examples=("onelinstor sandbox torture --action clone --most 3", "onelinstor sandbox torture --seed 7"),
        exit_codes={
            0: "all actions converge",
            1: "an action does not converge, or does not even work undisturbed",
            2: "the arguments are wrong, or no action has that name",
        },
    )
    own.add_argument("--action", default="*", help="an action such as clone or tm/clone, or a pattern (all)")
    own.add_argument("--seed", type=int, help="makes a run repeatable (by chance)")
    own.add_argument("--most", type=int, default=0, metavar="N", help="at most N moments of each action, by the seed")
    own.add_argument("--faults", action="store_true", help="no kills: things go wrong around each action")
    own.add_argument("--trouble", default="", metavar="WORDS", help="only faults whose name has these words")
    own.add_argument("--impatient", action="store_true", help="leave out faults that take a minute and more each")
    return own


def main(argv: Sequence[str]) -> int:
    """Torture; 1 unless every action converges, 2 where none has that name."""
    options = parser().parse_args(argv)
    seed = random.randrange(2**31) if options.seed is None else options.seed  # noqa: S311 - a choice, not a secret
    names = _chosen(options.action)
    if not names:
        print(f"no action is called {options.action}; there are {', '.join(SCENES)}", file=sys.stderr)
        return 2
    console = Console()
    console.print(f"seed {seed}")
    if options.faults:
        choice = Choice(names, options.trouble, options.most, patient=not options.impatient, seed=seed)
        return try_all(choice, console)
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, progress(console, len(names)) as begin:
        for name in names:
            begin(name)
            verdicts.append(tortured(name, seed, pool, options.most))
            _tell(console, verdicts[-1])
    console.print(_table(verdicts))
    return int(any(each.failed or each.broken for each in verdicts))
