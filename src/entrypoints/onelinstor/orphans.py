"""`onelinstor orphans`: show what LINSTOR holds that oned does not know, and delete it class by class."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from dependency_injector import providers
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.clearing import Asked, Done, Orphans
from domain.errors import BadName, DriverError
from domain.masking import one_line
from domain.names import group_name, host_name
from domain.orphans import WHOLE, Finding, Kind
from entrypoints.command_line import new_parser
from entrypoints.container import Container
from entrypoints.onelinstor.orphans_json import result
from entrypoints.onelinstor.words import age, size

DESCRIPTION = (
    "What LINSTOR holds that no image or VM of oned owns, devices attached where no VM is, two writers left on, debts, "
    "and half-made things of killed orders. Nothing is changed without --delete, and then each class is asked for. "
    "What is in use, young, or carries no name of this driver is never touched, and nothing at all is where another "
    "OpenNebula seems to use the same LINSTOR, or where oned's database seems to be an older copy."
)

NOTES = """classes:
  disk           volume of a disk whose VM oned does not have, or has without that disk
  image          volume of an image that oned does not have
  earlier-life   volume of a disk that is made from another image now
  half-made      volume that was never finished, or whose deletion has not ended
  snapshot       snapshot that oned does not know, of a volume that it does
  attachment     device on a host where no VM uses it; the data stays
  two-writers    permission of a live migration that is over; the data stays
  debt           link on a host that could not be removed when it was down"""

ASK = "Delete {what}? [y/N] "
ASK_FOR_DATA = "Delete {what}? Their data cannot be brought back. Type {count} to delete them: "


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor orphans",
        DESCRIPTION,
        notes=NOTES,
        examples=("onelinstor orphans", "onelinstor orphans --delete", "onelinstor orphans --delete --yes disk"),
        exit_codes={
            0: "nothing is left",
            1: "something is left",
            2: "the arguments are wrong, or nothing could be judged",
        },
    )
    _add_actions(own)
    _add_knowledge(own)
    return own


def _add_actions(own: argparse.ArgumentParser) -> None:
    classes = [kind.value for kind in Kind]
    own.add_argument("--delete", action="store_true", help="delete what may be deleted, after asking for each class")
    own.add_argument(
        "--yes", action="append", choices=classes, default=[], metavar="CLASS", help="do not ask for that class"
    )
    own.add_argument("--json", action="store_true", help="for programs; only classes of --yes are deleted then")


def _add_knowledge(own: argparse.ArgumentParser) -> None:
    """What the administrator knows and oned does not tell."""
    own.add_argument(
        "--older-than",
        type=_seconds,
        default=3600,
        metavar="SECONDS",
        help="leave what is younger, or of unknown age: an order may still be making it (3600; 0 when none runs)",
    )
    own.add_argument(
        "--group",
        action="append",
        type=_checked(group_name),
        default=[],
        help="a resource group that was ours, too",
    )
    own.add_argument("--host", action="append", type=_checked(host_name), default=[], help="a host that was ours, too")
    own.add_argument(
        "--trust-oned",
        action="store_true",
        help="no other OpenNebula uses this LINSTOR and oned's database is no older copy, whatever numbers, times and "
        "counts of volumes say",
    )


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 0:
        raise ValueError(text)
    return seconds


def _checked(check: Callable[[str], str]) -> Callable[[str], str]:
    def checked(text: str) -> str:
        try:
            return check(text)
        except BadName as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked


def main(argv: Sequence[str]) -> int:
    """Show, and delete where asked to; the exit code."""
    options = parser().parse_args(argv)
    container = Container(environment=providers.Object(dict(os.environ)))
    hosts = {host_name(socket.gethostname()), container.front_end(), *options.host}
    now, groups = int(time.time()), frozenset(options.group)
    asked = Asked(now, options.older_than, groups, frozenset(hosts), options.trust_oned)
    agrees = _agreement(options.yes, ask=not options.json)
    try:
        if options.json:
            return _print_json(container.orphans(), asked, delete=options.delete, agrees=agrees)
        return run(container.orphans(), asked, Console(), delete=options.delete, agrees=agrees)
    except DriverError as error:
        print(f"onelinstor orphans: nothing can be judged: {error}", file=sys.stderr)
        return 2


Agreement = Callable[[Kind, Sequence[Finding]], bool]


def _agreement(classes: Sequence[str], *, ask: bool) -> Agreement:
    """Whether findings of a class may be deleted: by --yes, or by the person at the terminal where it may *ask*."""

    def agrees(kind: Kind, chosen: Sequence[Finding]) -> bool:
        if kind.value in classes:
            return True
        if not ask or not sys.stdin.isatty():
            return False
        asking = ASK_FOR_DATA if kind in WHOLE else ASK
        answer = input(asking.format(what=_what(kind, chosen), count=len(chosen))).strip().lower()
        return answer == str(len(chosen)) if kind in WHOLE else answer in ("y", "yes")

    return agrees


def run(orphans: Orphans, asked: Asked, console: Console, *, delete: bool, agrees: Agreement) -> int:
    """Show all findings, delete those that *agrees* to; the exit code."""
    found = orphans.find(asked)
    if not found:
        console.print("Nothing is left over.")
        return 0
    console.print(_table(found, asked.now))
    if not delete:
        console.print("Nothing was changed. --delete takes away what may be deleted, and asks for each class.")
        return 1
    return _delete(orphans, found, asked, console, agrees)


def _delete(
    orphans: Orphans,
    found: Sequence[Finding],
    asked: Asked,
    console: Console,
    agrees: Agreement,
) -> int:
    left = len(found)
    try:
        for done in _cleared(orphans, found, asked, agrees):
            left -= _tell(console, done)
    except DriverError as error:
        console.print(f"Stopped: {error}", markup=False, highlight=False, soft_wrap=True)
    if left:
        console.print(f"{left} of {len(found)} are left.")
    return int(left > 0)


def _cleared(orphans: Orphans, found: Sequence[Finding], asked: Asked, agrees: Agreement) -> Iterator[Done]:
    """Class by class. Raises DriverError where nothing more can be judged."""
    for kind in Kind:
        chosen = [each for each in found if each.kind is kind and not each.kept]
        if chosen and agrees(kind, chosen):
            yield from orphans.clear(chosen, asked)


def _print_json(orphans: Orphans, asked: Asked, *, delete: bool, agrees: Agreement) -> int:
    found = orphans.find(asked)
    told = result(found, _cleared(orphans, found, asked, agrees) if delete else ())
    print(told.text)
    return told.exit_code


def _what(kind: Kind, chosen: Sequence[Finding]) -> str:
    total = sum(each.size_kib for each in chosen)
    return f"{len(chosen)} of class {kind.value}" + (f" ({size(total)})" if total else "")


def _tell(console: Console, done: Done) -> bool:
    """Write down what was done with one finding; whether it is gone."""
    each = done.finding
    subject = f"{each.kind.value} {each.volume}" + (f" {each.part}" if each.part else "")
    said = f"failed: {done.error}" if done.error else f"left: {done.left}" if done.left else "deleted"
    moment = time.strftime("%Y-%m-%d %H:%M:%S")
    console.print(one_line(f"{moment} {subject}: {said}"), markup=False, highlight=False, soft_wrap=True)
    return not done.error and not done.left


def _table(found: Iterable[Finding], now: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("class", "volume", "part"):
        table.add_column(heading, overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    order = list(Kind)
    for each in sorted(found, key=lambda one: (order.index(one.kind), one.volume, one.part)):
        why = Text(one_line(each.why))
        if each.kept:
            why.append(f"; kept: {one_line(each.kept)}", style="yellow")
        shown = size(each.size_kib) if each.size_kib else ""
        names = (Text(one_line(name)) for name in (each.volume, each.part))
        table.add_row(each.kind.value, *names, shown, age(each.since, now), why)
    return table
