"""The interpreter that the launchers name: that of the virtual environment which this program runs in, or a new one."""

from __future__ import annotations

import compileall
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from entrypoints.onelinstor.install.entries import Problem
from entrypoints.onelinstor.install.front_end import FrontEnd
from entrypoints.remotes.launchers import LAUNCHER, import_paths

DISTRIBUTION = "one-linstor-driver"
LONGEST_FIRST_LINE = 127
"""Bytes of a first line that every kernel in use reads (before 5.1 it cuts the rest off)."""
PACKAGES = ("domain", "adapters", "entrypoints", "linstor", "lxml", "dependency_injector")
PROBE = "import sys; sys.path[:0] = {paths!r}; import entrypoints.remotes.main"
SECONDS = 1800.0
BUILD = "BUILD"
"""In a copy of a package: the name of its directory. The unpacked files, which change one by one, have another."""
LOCK = Path(__file__).with_name("requirements.lock")


@dataclass(frozen=True)
class Interpreter:
    """A Python and the directories that hold the driver and its libraries."""

    python: str
    paths: tuple[str, ...]

    @property
    def launcher(self) -> str:
        """The text of every launcher. Raises Problem where no kernel could start it."""
        text = LAUNCHER.format(python=self.python, paths=list(self.paths))
        first = text.partition("\n")[0]
        if len(first.encode()) > LONGEST_FIRST_LINE or any(each.isspace() for each in self.python):
            raise Problem(
                f"{self.python} is too long or has blanks, and cannot begin an executable; use another --venv"
            )
        return text


def own(in_place: bool) -> Interpreter:
    """The one that runs this. *in_place*: even if it takes the driver from a checkout. Raises Problem."""
    paths = import_paths()
    in_venv = sys.prefix != sys.base_prefix and Path(paths[0]).is_relative_to(sys.prefix)
    if not in_place and not in_venv and not _packaged(paths):
        raise Problem(
            f"{sys.executable} does not run the driver from a virtual environment of its own; "
            "give --venv DIR to make one, or --in-place to use this one as it is"
        )
    return Interpreter(sys.executable, tuple(paths))


def _packaged(paths: Sequence[str]) -> bool:
    """Whether they are the copy of one build that a native package makes (docs/decisions/0005-packages.md)."""
    home = Path(paths[0])
    build = home / BUILD
    return len(paths) == 1 and build.is_file() and build.read_text(encoding="utf-8").strip() == home.name


def probe(interpreter: Interpreter, front: FrontEnd) -> None:
    """Start it as oned will, as the same user, before any launcher names it. Raises Problem."""
    command = [interpreter.python, "-IS", "-c", PROBE.format(paths=list(interpreter.paths))]
    as_root = os.geteuid() == 0
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=front.uid if as_root else None,
            group=front.gid if as_root else None,
            extra_groups=() if as_root else None,
        )
    except OSError as error:
        raise Problem(
            f"{front.user} cannot start {interpreter.python}: {error.strerror}; "
            f"use a Python and a --venv that {front.user} can read, not one below /root or a home"
        ) from None
    if ended.returncode != 0:
        said = (ended.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise Problem(f"{front.user} cannot run the driver with {interpreter.python}: {said}")


def compile_all(interpreter: Interpreter) -> None:
    """Byte code for all that an action imports, so that none has to make it; where it cannot be written, none is.

    The copy of a package has its own already and is never changed.
    """
    if _packaged(interpreter.paths):
        return
    # whatever the umask of the caller, the user of oned must be able to read it
    before = os.umask(0o022)
    try:
        for package in (Path(path) / name for path in interpreter.paths for name in PACKAGES):
            if package.is_dir() and os.access(package, os.W_OK):
                compileall.compile_dir(package, quiet=2)
    finally:
        os.umask(before)


def next_below(directory: Path) -> Path:
    """Where the next environment goes: `DIR/1`, `DIR/2`. One in use never changes, actions run from it."""
    numbers = [int(each.name) for each in directory.iterdir() if each.name.isdigit()] if directory.is_dir() else []
    return directory / str(max(numbers, default=0) + 1)


def make(place: Path, wheelhouse: Path | None) -> None:
    """A virtual environment at *place* with the driver and its pinned libraries. Raises Problem with the last words."""
    _run([sys.executable, "-m", "venv", str(place)], "on Debian and Ubuntu it needs the package python3-venv")
    pip = [
        str(place / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
    ]
    _run([*pip, *_what(wheelhouse, place)], "give --wheelhouse DIR where there is no network")


def _what(wheelhouse: Path | None, place: Path) -> list[str]:
    if wheelhouse is not None:
        return ["--no-index", "--find-links", str(wheelhouse), DISTRIBUTION]
    pinned = place / "pins.txt"
    pinned.write_text(pins(), encoding="utf-8")
    checkout = Path(__file__).parents[4]
    driver = f"{DISTRIBUTION}=={importlib.metadata.version(DISTRIBUTION)}"
    return ["--constraint", str(pinned), str(checkout) if (checkout / "pyproject.toml").exists() else driver]


def pins() -> str:
    """The versions of the lock without its checksums: pip wants one for the driver itself, too, once it has any."""
    return "".join(f"{each}\n" for each in re.findall(r"^\S+==\S+", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def _run(command: Sequence[str], advice: str) -> None:
    # whatever the umask of the caller, the user of oned must be able to read it
    ended = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=SECONDS, umask=0o022
    )
    if ended.returncode != 0:
        said = [line for line in ended.stderr.strip().splitlines() if not line.startswith("[notice]")]
        raise Problem(f"{command[2]} failed: {(said or ['it says nothing'])[-1]}; {advice}")
