"""The command `onelinstor doctor`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.opennebula.threads import Threads
from entrypoints.command_line import new_parser
from entrypoints.onelinstor.doctor.checks import Line, exit_code
from entrypoints.onelinstor.doctor.examining import Examination
from entrypoints.onelinstor.doctor.front_end_reader import Installed
from entrypoints.onelinstor.doctor.host_reader import OverSsh
from entrypoints.onelinstor.doctor.linstor_reader import Reached
from entrypoints.onelinstor.doctor.oned_reader import Answering
from entrypoints.onelinstor.doctor.page import page
from entrypoints.onelinstor.doctor.reading import Readers
from entrypoints.onelinstor.doctor.telling import as_json, as_text, summary


def main(argv: Sequence[str]) -> int:
    """Look at everything; 0 all well, 1 warnings, 2 failures."""
    options = parser().parse_args(argv)
    lines = examine(os.environ)
    if options.html:
        options.html.write_text(page(lines, time.strftime("%Y-%m-%d %H:%M")), encoding="utf-8")
        print(f"{summary(lines)}; see {options.html}", file=sys.stderr)
    if options.json:
        print(as_json(lines))
    elif not options.html:
        print(as_text(lines, colour=sys.stdout.isatty(), only_problems=options.problems), end="")
    return exit_code(lines)


def examine(environment: Mapping[str, str]) -> list[Line]:
    """The lines about the real surroundings. *environment* is that of oned."""
    readers = Readers(Installed(environment), Answering(environment), Reached(environment), OverSsh())
    return Examination(readers, environment, Threads()).lines()


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor doctor",
        "Look at the front-end, oned, LINSTOR and every host, and say what is wrong and what to do, changing nothing. "
        "Run it as the user of oned.",
        examples=("sudo -u oneadmin onelinstor doctor --problems", "onelinstor doctor --html doctor.html"),
        exit_codes={
            0: "all is well",
            1: "nothing is worse than a warning",
            2: "something failed or could not be asked, or the arguments are wrong",
        },
    )
    own.add_argument("--problems", action="store_true", help="leave out what is well and what was not looked at")
    own.add_argument("--json", action="store_true", help="for programs")
    own.add_argument("--html", type=Path, metavar="FILE", help="write a page to look at")
    return own
