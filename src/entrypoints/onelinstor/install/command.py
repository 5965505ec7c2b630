"""The command `onelinstor install`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from entrypoints.command_line import new_parser
from entrypoints.onelinstor.install import environment as environments
from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.applying import Applying
from entrypoints.onelinstor.install.entries import Change, Directory, Link, Meta, Problem
from entrypoints.onelinstor.install.files import DiskFiles, Files
from entrypoints.onelinstor.install.front_end import FrontEnd, find
from entrypoints.onelinstor.install.locking import INHERITED, alone
from entrypoints.onelinstor.install.planning import Configuration, check_rights, configuration, launcher_changes
from entrypoints.onelinstor.install.report import Report
from entrypoints.onelinstor.install.showing import diff

LINK = "onelinstor"
"""Below the directory of `--venv`: the command of the newest environment."""


@dataclass(frozen=True)
class Plan:
    """All that an installation would change."""

    launchers: list[Change]
    configuration: Configuration

    def chosen(self, configure: bool) -> list[Change]:
        """What is done now: OpenNebula's own files change only where the administrator says so."""
        return [*self.launchers, *(self.configuration.changes if configure else ())]


def main(argv: Sequence[str]) -> int:
    """Install or upgrade; 0, or 1 after one sentence that says why nothing, or nothing more, was done."""
    options = parser().parse_args(argv)
    try:
        return install(options, DiskFiles())
    except Problem as problem:
        print(f"onelinstor install: {problem}", file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"onelinstor install: {error}; run it again, or `onelinstor uninstall` to undo it", file=sys.stderr)
    return 1


def install(options: argparse.Namespace, files: Files) -> int:
    """The same with any file system. Raises Problem."""
    front = find(os.environ, options.root)
    if options.dry_run:
        return _dry_run(options, files, front)
    with alone(front.remotes) as lock:
        if options.venv is not None:
            return _in_new_environment(options, files, front, lock)
        return _in_this_environment(options, files, front)


def _dry_run(options: argparse.Namespace, files: Files, front: FrontEnd) -> int:
    if options.venv is None:
        interpreter = environments.own(options.in_place)
    else:
        place = environments.next_below(options.venv.absolute())
        print(f"would make a virtual environment at {place}, then:")
        interpreter = environments.Interpreter(str(place / "bin" / "python"), (str(_packages(place)),))
    return _show(_plan(files, front, interpreter.launcher, options.configure), options.configure)


def _in_this_environment(options: argparse.Namespace, files: Files, front: FrontEnd) -> int:
    interpreter = environments.own(options.in_place)
    plan = _plan(files, front, interpreter.launcher, options.configure)
    changes = plan.chosen(options.configure)
    check_rights(changes, os.geteuid(), lambda path: os.access(path, os.W_OK))
    environments.compile_all(interpreter)
    environments.probe(interpreter, front)
    applying = Applying(files, front.state, front.meta(0))
    if changes:
        applying.apply(changes, journals.read(files, front.state) or journals.Journal())
    Report(files, front, interpreter.python, options.configure).tell(changes, plan.configuration, applying)
    return 0


def _plan(files: Files, front: FrontEnd, launcher: str, configure: bool) -> Plan:
    launchers = launcher_changes(files, front, launcher)
    try:
        return Plan(launchers, configuration(files, front))
    except Problem as problem:
        if configure:
            raise
        return Plan(launchers, Configuration((), (str(problem),)))


def _show(plan: Plan, configure: bool) -> int:
    print(diff(plan.launchers), end="")
    if plan.configuration.changes and not configure:
        print("\nonly with --configure:")
    print(diff(plan.configuration.changes), end="")
    for each in plan.configuration.remarks:
        print(f"\nto look at: {each}")
    count = len(plan.chosen(configure))
    print(f"\n{count} changes, and none was made; without --dry-run they are" if count else "nothing to change")
    return 0


def _in_new_environment(options: argparse.Namespace, files: Files, front: FrontEnd, lock: int) -> int:
    """Make it, and let its own `onelinstor` do the rest, because that is the release which is installed."""
    directory = options.venv.absolute()
    place = environments.next_below(directory)
    applying = Applying(files, front.state, front.meta(0))
    journal = journals.read(files, front.state) or journals.Journal()
    journal.environments.append(str(place))
    meta = Meta(0o755, os.geteuid(), os.getegid())
    applying.apply([] if directory.is_dir() else [Change(directory, None, Directory(meta))], journal)
    try:
        environments.make(place, options.wheelhouse)
    except Problem:
        files.remove_tree(place)
        journal.environments.remove(str(place))
        applying.note(journal)
        raise
    code = subprocess.run(
        [str(place / "bin" / "onelinstor"), "install", *_passed_on(options)],
        check=False,
        pass_fds=(lock,),
        env={**os.environ, INHERITED: str(lock)},
    ).returncode
    if code == 0:
        _switch(files, applying, directory, place)
    return code


def _packages(place: Path) -> Path:
    return place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def _passed_on(options: argparse.Namespace) -> list[str]:
    return ["--root", str(options.root), *(["--configure"] if options.configure else [])]


def _switch(files: Files, applying: Applying, directory: Path, place: Path) -> None:
    """The link leads to the new one. The one before stays, for actions that still run from it; older ones go."""
    journal = journals.read(files, applying.state) or journals.Journal()
    link = directory / LINK
    applying.apply([Change(link, files.look(link), Link(f"{place.name}/bin/{LINK}"))], journal)
    ours = [each for each in journal.environments if Path(each).parent == directory and Path(each).is_dir()]
    for old in sorted(ours, key=lambda each: int(Path(each).name))[:-2]:
        files.remove_tree(Path(old))
        journal.environments.remove(old)
    applying.note(journal)


def parser() -> argparse.ArgumentParser:
    """The parser of this command."""
    own = new_parser(
        "onelinstor install",
        "Put the driver into OpenNebula's trees on this front-end, over an addon 2.x or 3.x where there is "
        "one. Run as root or as the user of oned (ONE_USER, oneadmin). Again upgrades. ONE_LOCATION names a "
        "self-contained OpenNebula. `onelinstor uninstall` gives back what was there.",
        examples=(
            "onelinstor install --dry-run",
            "onelinstor install --configure",
            "onelinstor install --venv /opt/onelinstor --wheelhouse dist/wheelhouse",
        ),
        exit_codes={0: "installed, or nothing to change", 1: "nothing, or nothing more, was done; a sentence says why"},
    )
    own.add_argument("--dry-run", action="store_true", help="show every change as a diff and change nothing")
    own.add_argument("--configure", action="store_true", help="also edit oned.conf and vmm_execrc")
    own.add_argument("--venv", type=Path, metavar="DIR", help="make a virtual environment for the driver below DIR")
    own.add_argument("--wheelhouse", type=Path, metavar="DIR", help="take it from wheels in DIR, without network")
    own.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="another root of the file system")
    own.add_argument("--in-place", action="store_true", help="use the Python that runs this, even from a checkout")
    return own
