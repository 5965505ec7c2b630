"""`onelinstor trace on|off|list|show`: the black box of the orders."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.masking import one_line
from entrypoints.command_line import new_parser
from entrypoints.remotes.main import trace_directory
from entrypoints.tracing.box import Bounds, Box

WIDTH = 32
"""Columns of the time line."""


def main(argv: Sequence[str]) -> int:
    """Run one action; 0, 1 where it cannot be done, 2 for wrong arguments."""
    options = parser().parse_args(argv)
    place = Box(options.directory)
    try:
        return int(options.run(place, options))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _on(place: Box, options: argparse.Namespace) -> int:
    place.switch_on(Bounds(options.orders, options.days, options.mib))
    print(f"Every order leaves a trace in {place.directory} now, without secrets as far as they can be told.")
    return 0


def _off(place: Box, _options: argparse.Namespace) -> int:
    place.switch_off()
    print(f"No more traces. Those in {place.directory} stay.")
    return 0


def _list(place: Box, _options: argparse.Namespace) -> int:
    table = Table("order", "when", "action", "about", "result", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("seconds", justify="right")
    for each in place.traces():
        table.add_row(*(Text(one_line(word)) for word in _row(each)))
    Console().print(table)
    print(f"The black box is {'on' if place.bounds() else 'off'}.")
    return 0


def _row(trace: dict[str, Any]) -> Iterator[str]:
    yield trace["id"]
    yield time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(trace["time"]))
    yield f"{trace['kind']}/{trace['action']}"
    yield " ".join(word for word in trace["argv"] if len(word) < 40)
    yield trace.get("ended") or ("failed" if trace["exit_code"] else "done")
    yield f"{'> ' if 'ended' in trace else ''}{trace['seconds']:.2f}"


def _show(place: Box, options: argparse.Namespace) -> int:
    """The last order, or the one that is named."""
    found = [each for each in place.traces() if options.id in ("", each["id"])]
    if not found:
        print(f"no trace {options.id} in {place.directory}; see onelinstor trace list", file=sys.stderr)
        return 1
    trace = found[-1]
    if options.json:
        print(json.dumps(trace, indent=1))
        return 0
    _draw(Console(), trace)
    return 0


def _draw(console: Console, trace: dict[str, Any]) -> None:
    console.print(Text(one_line(f"order {trace['id']}: {trace['kind']}/{trace['action']} {' '.join(trace['argv'])}")))
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("right", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=justify == "right")
    whole = max([trace["seconds"], *(each["began"] + each.get("seconds", 0) for each in trace["events"])]) or 1.0
    for event in trace["events"]:
        inner = "  " if event["port"] == "linstor" else ""
        words = Text(f"{inner}{one_line(_what(event))}", style="dim" if inner else "")
        if "raised" in event:
            words.append(f"  {one_line(event['raised'])}", style="red")
        elif "seconds" not in event:
            words.append("  had not ended", style="red")
        took = f"{event['seconds'] * 1000:.0f} ms" if "seconds" in event else "?"
        bar = Text(_bar(event, whole), style=f"color({2 + event['lane'] % 5})")
        table.add_row(f"{event['began']:.3f}", took, bar, words)
    console.print(table)
    said, well = _end(trace)
    console.print(Text(one_line(said), style="" if well else "red"))


def _end(trace: dict[str, Any]) -> tuple[str, bool]:
    """How the order ended, and whether well."""
    ended = trace.get("ended")
    if ended == "killed":
        return f"killed: its process is gone without an end; last heard of after {trace['seconds']:.2f} s", False
    if ended == "running":
        return f"still running; last heard of after {trace['seconds']:.2f} s", True
    return trace["stderr"] or f"done in {trace['seconds']:.2f} s", not trace["stderr"]


def _bar(event: dict[str, float], whole: float) -> str:
    start = min(WIDTH - 1, int(event["began"] / whole * WIDTH))
    length = max(1, min(WIDTH - start, round(event.get("seconds", whole) / whole * WIDTH)))
    return (" " * start + "█" * length).ljust(WIDTH)


def _what(event: dict[str, Any]) -> str:
    if event["port"] == "linstor":
        return str(event["call"])
    return f"{event['port']}: {event['call']} {short(event.get('with', []))}".rstrip()


def short(given: Any) -> str:
    """What a call was given, in a few words."""
    if isinstance(given, dict):
        named = [f"{key}={short(value)}" for key, value in given.items() if key != "is" and value not in (None, "")]
        return f"{given.get('is', '')}({', '.join(named)})"
    if isinstance(given, list):
        return " ".join(short(each) for each in given)
    return str(given)


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor trace",
        "The black box: what each order asked of LINSTOR, oned and the hosts, what they answered, and who "
        "waited for what. Send the directory with a report; `onelinstor sandbox replay DIR` plays it. Of an order that "
        "was killed it has what the order had done until then.",
        examples=(
            "onelinstor trace on",
            "onelinstor trace list",
            "onelinstor trace show 6e31b6",
            "onelinstor trace off",
        ),
        exit_codes={0: "done", 1: "the directory cannot be read or written, or there is no such trace"},
    )
    directory = Path(trace_directory(os.environ))
    own.add_argument("--directory", type=Path, default=directory, help="where traces are (%(default)s)")
    _add_actions(own.add_subparsers(dest="action", required=True, metavar="on|off|list|show"))
    return own


def _add_actions(actions: Any) -> None:
    on = _action(actions, "on", "let every order leave a trace", _on)
    on.add_argument("--orders", type=int, default=Bounds.orders, help="keep that many at most (%(default)s)")
    on.add_argument("--days", type=float, default=Bounds.days, help="keep none that is older (%(default)s)")
    on.add_argument("--mib", type=int, default=Bounds.mib, help="keep that many MiB at most (%(default)s)")
    _action(actions, "off", "no more traces; those that are there stay", _off)
    _action(actions, "list", "the orders that left a trace", _list)
    show = _action(actions, "show", "the time line of an order", _show)
    show.add_argument("id", nargs="?", default="", help="of the order, as in oned's log and in its error; the last one")
    show.add_argument("--json", action="store_true", help="the trace as it is")


def _action(actions: Any, name: str, what: str, run: Callable[..., int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=what)
    parser.set_defaults(run=run)
    return parser
