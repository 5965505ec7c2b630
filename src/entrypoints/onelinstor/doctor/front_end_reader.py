"""The front-end, read from its files."""

from __future__ import annotations

import ast
import os
import pwd
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from adapters.linstor.access import access_of
from domain.errors import DriverError
from domain.settings import StorageSettings
from entrypoints.onelinstor.doctor.reading import CannotAsk, DirectoryFacts, FrontEndFacts, Launcher
from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.environment import Interpreter, probe
from entrypoints.onelinstor.install.front_end import FrontEnd, find
from entrypoints.remotes.parser import ACTIONS

PROGRAMS = ("qemu-img", "ssh")
STOCK_SCRIPTS = ("datastore/downloader.sh", "datastore/fs/stat", "tm/ssh/context")
LONGEST_LAUNCHER = 4096
_INTERPRETER = re.compile(r"#!(\S+) -IS\n")
_PATHS = re.compile(r"^sys\.path\[:0\] = (\[.*\])$", re.MULTILINE)


class Installed:
    """Port FrontEndReader: what ONE_LOCATION and ONE_USER of *environment* name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def facts(self) -> FrontEndFacts:
        """See the port."""
        try:
            front = find(self._environment)
        except Problem as problem:
            raise CannotAsk(str(problem), "run this on the front-end, as the user of oned") from problem
        launchers = {f"{kind}/{each}": _launcher(front, kind, each) for kind in ACTIONS for each in ACTIONS[kind]}
        return FrontEndFacts(
            user=front.user,
            uid=front.uid,
            runs_as=pwd.getpwuid(os.geteuid()).pw_name,
            version=_text(front.remotes / "VERSION"),
            launchers=launchers,
            driver_fails=_probed(front, launchers),
            programs={each: shutil.which(each, path=self._environment.get("PATH")) is not None for each in PROGRAMS},
            stock_scripts={each: (front.remotes / each).is_file() for each in STOCK_SCRIPTS},
            locks_fail=_locks(Path(self._environment.get("TMPDIR") or "/tmp"), front.uid),  # noqa: S108 - as the driver
            oned_conf=_text(front.etc / "oned.conf"),
            execrc=_text(front.etc / "vmm_exec" / "vmm_execrc"),
        )

    def directory(self, path: str) -> DirectoryFacts:
        """See the port."""
        here = Path(path)
        if not here.is_dir():
            return DirectoryFacts()
        return DirectoryFacts(True, os.access(here, os.W_OK | os.X_OK), shutil.disk_usage(here).free // 1024)

    def access(self, settings: StorageSettings) -> str:
        """See the port."""
        try:
            access_of(settings, self._environment).tls()
        except DriverError as error:
            return str(error)
        return ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\n")
    except OSError:
        return None


def _launcher(front: FrontEnd, kind: str, action: str) -> Launcher | None:
    path = front.remotes / kind / "linstor" / action
    try:
        found = path.stat()
        with path.open(encoding="utf-8", errors="replace") as file:
            return Launcher(stat.S_IMODE(found.st_mode), found.st_uid, file.read(LONGEST_LAUNCHER))
    except OSError:
        return None


def _probed(front: FrontEnd, launchers: Mapping[str, Launcher | None]) -> str:
    """What goes wrong when the interpreter of the first launcher of ours is started; "" where there is none."""
    for each in launchers.values():
        python, paths = (pattern.search(each.text if each else "") for pattern in (_INTERPRETER, _PATHS))
        if python and paths:
            try:
                probe(Interpreter(python[1], tuple(ast.literal_eval(paths[1]))), front)
            except Problem as problem:
                return str(problem)
            return ""
    return ""


def _locks(base: Path, uid: int) -> str:
    """Why the directory of the locks is not one that only that user may enter; missing is fine, the driver makes it."""
    directory = base / f"one-linstor-{uid}"
    try:
        found = directory.lstat()
    except OSError:
        return ""
    if stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not stat.S_IMODE(found.st_mode) & 0o077:
        return ""
    return f"{directory} is not a directory that only the user of oned may enter, so every order fails"
