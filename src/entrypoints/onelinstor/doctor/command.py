"""The command `onelinstor doctor`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapters.opennebula.threads import Threads
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
    options = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onelinstor doctor",
        description="Look at the front-end, oned, LINSTOR and every host, and say what is wrong and what to do. "
        "It changes nothing. Run it as the user of oned: sudo -u oneadmin onelinstor doctor.",
        epilog="exit codes: 0 all well, 1 nothing worse than warnings, 2 something failed or could not be asked",
    )
    parser.add_argument("--problems", action="store_true", help="leave out what is well and what was not looked at")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to look at")
    return parser
