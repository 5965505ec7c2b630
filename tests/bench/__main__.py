"""`make bench`: what every action takes beside addon 3.0.5, whether it stays so in a big cluster, and the goals."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from tests.bench.addon import ADDON
from tests.bench.crowd import sizes_goal
from tests.bench.goals import Goal, Runs, goals
from tests.bench.measuring import Measured, life, many_disks, programs, timed

from entrypoints.sandbox.cloud import OrderFailed

FOREIGN = (10, 1000, 10000)
TIMED_RUNS = 5
MANY_DISKS = (1, 8)
RESULT = Path(__file__).resolve().parents[2] / "build" / "bench.json"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=f"\n{title}", box=box.SIMPLE_HEAD)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def _actions(
    measured: Mapping[str, Measured], own: Mapping[str, float], ratios: Mapping[str, float], started: Mapping[str, int]
) -> Table:
    """One row for each action: ours / the addon's; the addon's requests are with its polls."""
    headings = (
        "LINSTOR",
        "polls",
        "XML-RPC",
        "ssh",
        "others'",
        "bytes",
        "moved",
        "programs",
        "wall s",
        "own s",
        "ratio",
    )
    table = _table("Per action: ours / addon 3.0.5", "action", *headings)
    for name, each in measured.items():
        addon = ADDON.get(name)
        table.add_row(
            name,
            f"{len(each.requests)} / {addon.requests if addon else '-'}",
            str(each.polls),
            str(each.oned),
            f"{sum(each.ssh.values())} / {addon.ssh if addon else '-'}",
            str(each.other_ssh),
            str(each.bytes),
            str(each.moved),
            f"{started.get(name, '-')} / {addon.programs if addon else '-'}",
            f"{each.seconds:.2f} / {f'{addon.own_seconds:.2f}' if addon else '-'}",
            f"{own[name]:.2f}",
            f"{ratios[name]:.1f}",
        )
    return table


def _sizes(runs: Runs) -> Table:
    """One row for each action: requests and answered bytes for each number of foreign definitions."""
    table = _table("Requests, answered bytes by foreign definitions", "action", *(f"{count:,}" for count in runs))
    for name in runs[min(runs)]:
        cells = (f"{len(run[name].requests)}, {run[name].bytes} B" for run in runs.values())
        table.add_row(name, *cells)
    return table


def _goals(found: list[Goal]) -> Table:
    table = Table(title="\nGoals", box=box.SIMPLE_HEAD)
    for heading in ("goal", "wanted", "found", ""):
        table.add_column(heading)
    for each in found:
        table.add_row(each.name, each.wanted, each.found, "[green]kept[/]" if each.kept else "[red]missed[/]")
    return table


def _write(runs: Runs, found: list[Goal], **others: object) -> None:
    figures = {count: {name: asdict(each) for name, each in run.items()} for count, run in runs.items()}
    addon = {name: asdict(each) for name, each in ADDON.items()}
    result = {"foreign": figures, "addon": addon, "goals": [each.as_json() for each in found], **others}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Measure, print, write; 0, for this is a report, or 1 where an order fails."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    began = time.monotonic()
    try:
        return _measure(console, began)
    except OrderFailed as failed:
        console.print(f"nothing was measured: {failed}", markup=False)
        return 1


def _measure(console: Console, began: float) -> int:
    first, own, base = timed(FOREIGN[0], TIMED_RUNS)
    runs = {FOREIGN[0]: first, **{count: life(count) for count in FOREIGN[1:]}}
    ratios = {name: seconds / base for name, seconds in own.items()}
    started = programs()
    disks = {count: many_disks(count) for count in MANY_DISKS}
    found = [*goals(runs, ratios, disks), sizes_goal()]
    console.print(_actions(first, own, ratios, started))
    if not started:
        console.print("Programs were not counted: there is no strace here.")
    console.print(
        f"own s: wall time without LINSTOR and ssh sessions, median of {TIMED_RUNS}; ratio: own s / {base:.3f} s,"
    )
    console.print(
        "which python -I -c 'import linstor' took. others': sessions of OpenNebula's own scripts. moved: bytes\n"
        "through ssh. -: not measured. The addon's wall"
    )
    console.print("time is without LINSTOR, and was measured elsewhere, with a real oned and sshd.")
    console.print(_sizes(runs), _goals(found), f"Took {time.monotonic() - began:.0f} s; written to {RESULT.name}")
    _write(runs, found, import_linstor_seconds=base, own_seconds=own, ratios=ratios, programs=started, disks=disks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
