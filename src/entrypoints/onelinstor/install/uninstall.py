"""The command `onelinstor uninstall`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from entrypoints.command_line import new_parser
from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.applying import Applying
from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.files import DiskFiles, Files
from entrypoints.onelinstor.install.front_end import FrontEnd, find
from entrypoints.onelinstor.install.journal import Journal
from entrypoints.onelinstor.install.locking import alone
from entrypoints.onelinstor.install.planning import check_rights
from entrypoints.onelinstor.install.restoring import Restoring
from entrypoints.onelinstor.install.showing import diff


def main(argv: Sequence[str]) -> int:
    """Give back what was there; 0, or 1 where something could not be given back, each told in one sentence."""
    options = parser().parse_args(argv)
    try:
        return uninstall(options, DiskFiles())
    except (Problem, OSError) as error:
        print(f"onelinstor uninstall: {error}", file=sys.stderr)
        return 1


def uninstall(options: argparse.Namespace, files: Files) -> int:
    """The same with any file system. Raises Problem."""
    front = find(os.environ, options.root)
    with nullcontext() if options.dry_run else alone(front.remotes):
        return _uninstall(options, files, front)


def _uninstall(options: argparse.Namespace, files: Files, front: FrontEnd) -> int:
    restoring = Restoring(Applying(files, front.state, front.meta(0)))
    journal = journals.read(files, front.state)
    if journal is None:
        # an installation that was killed before its journal was written has changed nothing but this
        if not options.dry_run and "saved" in files.names(front.state):
            restoring.forget()
        print("nothing is installed, nothing to give back")
        return 0
    changes = restoring.changes(journal)
    if options.dry_run:
        print(diff(changes), end="")
        print(f"\n{len(changes)} changes, and none was made; without --dry-run they are")
        return _told(restoring, journal, "would be")
    check_rights(changes, os.geteuid(), lambda path: os.access(path, os.W_OK))
    restoring.restore(journal)
    print(f"{len(changes)} things are again as they were before")
    _tell_restart(front, journal)
    return _told(restoring, journal, "was")


def _told(restoring: Restoring, journal: Journal, when: str) -> int:
    for each in journal.environments:
        print(f"the virtual environment {each} {when} removed")
    for each in dict.fromkeys([*restoring.left, *(f"kept: {path}" for path in restoring.applying.kept)]):
        print(each, file=sys.stderr)
    return 1 if restoring.left else 0


def _tell_restart(front: FrontEnd, journal: Journal) -> None:
    if journal.edited:
        print(f"to do: restart oned: {front.restart}; datastores of this driver do not work without it")


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor uninstall",
        "Take the driver out of this front-end and give back what was there before `onelinstor install`: "
        "files, modes, links, and the lines of oned.conf and vmm_execrc. What others have changed since is kept.",
        examples=("onelinstor uninstall --dry-run", "onelinstor uninstall"),
        exit_codes={0: "everything is as it was before", 1: "something is not; each is named, or a sentence says why"},
    )
    own.add_argument("--dry-run", action="store_true", help="show every change as a diff and change nothing")
    own.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="another root of the file system")
    return own
