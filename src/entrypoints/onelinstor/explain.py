"""`onelinstor explain KIND/ACTION ARGS...`: what an order would do now, without doing it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from domain.masking import one_line
from entrypoints.command_line import new_parser
from entrypoints.explaining.explanation import Explanation, explain
from entrypoints.onelinstor.trace import short
from entrypoints.remotes.parser import Call

DESCRIPTION = (
    "What an order would change now, step by step, without changing it. Oned, LINSTOR and the hosts are asked for "
    "real, and every change is written down instead of made; what the order reads after that is foreseen from it. So "
    "the steps are those of the order if nobody else changes anything and LINSTOR accepts everything."
)
LIMITS = """What cannot be known before:
  - where LINSTOR places a new volume (HOST-CHOSEN-BY-LINSTOR), and the number of its device;
  - whether LINSTOR refuses something for want of space, licences or layers;
  - whether two hosts share a file system: it is taken for two directories;
  - the size of an image that is fetched from elsewhere, or unpacked;
  - waits: what is not there now is taken for what never comes.
Nothing is fetched, no lock is held and no other driver's script is run, but for `datastore/fs/stat`.
A step is a call of one of the driver's ports; one to LINSTOR is one request or a few (see onelinstor trace)."""
EXAMPLES = (
    "onelinstor explain tm/clone one-fe:OpenNebula-Image-4 host-a:/var/lib/one/datastores/104/7/disk.0 7 100",
    "onelinstor explain --stdin vm.xml.base64 tm/premigrate host-a host-b /var/lib/one/datastores/104/7 7 104",
)


def main(argv: Sequence[str]) -> int:
    """Explain one order; 0 where it would succeed, 1 where it would fail, 2 for wrong arguments."""
    own = parser()
    options = own.parse_args(argv)
    kind, _, action = options.order.partition("/")
    if kind not in ("tm", "ds", "datastore") or not action:
        own.error(f"{options.order} is no order; write tm/ACTION or ds/ACTION")
    try:
        stdin = _stdin(options.stdin)
    except OSError as error:
        print(f"{options.stdin}: {error.strerror}", file=sys.stderr)
        return 2
    call = Call({"ds": "datastore"}.get(kind, kind), action, tuple(options.words), stdin)
    told = explain(call, os.environ)
    if options.json:
        print(json.dumps({"steps": told.steps, "answer": told.answer, "failure": told.failure}, indent=1))
    else:
        _tell(Console(), told)
    return int(bool(told.failure))


def _stdin(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    return Path(name).read_bytes() if name else b""


def _tell(console: Console, told: Explanation) -> None:
    for number, step in enumerate(told.steps, 1):
        console.print(Text(f"{number:3} {one_line(_sentence(step))}"), soft_wrap=True)
    if not told.steps:
        console.print("Nothing would be changed.")
    if told.failure:
        console.print(Text(f"It would fail: {told.failure}", style="red"), soft_wrap=True)
    elif told.answer:
        console.print(Text(f"It would print: {one_line(told.answer)}"), soft_wrap=True)


def _sentence(step: dict[str, Any]) -> str:
    where = "LINSTOR" if step["port"] == "cluster" else step["port"]
    words = f"{where}: {step['call'].replace('_', ' ')} {short(step['with'])}"
    return f"{words} (unless {step['unless']})" if "unless" in step else words


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor explain",
        DESCRIPTION,
        notes=LIMITS,
        examples=EXAMPLES,
        exit_codes={0: "the order would succeed", 1: "the order would fail"},
    )
    own.add_argument("--stdin", default="", metavar="FILE", help="what oned gives on standard input; - reads it")
    own.add_argument("--json", action="store_true", help="the steps as JSON, in the form of a trace's events")
    own.add_argument("order", metavar="tm/ACTION|ds/ACTION", help="as in remotes/, such as tm/clone or tm/mv.ssh")
    own.add_argument("words", nargs=argparse.REMAINDER, metavar="ARGS", help="as oned gives them")
    return own
