"""The executables in OpenNebula's `remotes` tree: one small file for each action, its name is the action."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from entrypoints.remotes.parser import ACTIONS

LAUNCHER = """#!{python} -IS
import sys
sys.path[:0] = {paths!r}
from entrypoints.remotes.lean import lean
with lean():
    from entrypoints.remotes.main import launch
launch(__file__)
"""


def import_paths() -> list[str]:
    """The directories that hold this application and the libraries it needs; the launcher reads no site files."""
    found: list[str] = []
    for package in ("entrypoints", "linstor", "lxml", "dependency_injector"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(str(Path(spec.origin).parent.parent))
    return list(dict.fromkeys(found))


def write(remotes: Path, python: str) -> list[Path]:
    """Write every launcher below *remotes* (`.../remotes`), each in one step; the files written."""
    text = LAUNCHER.format(python=python, paths=import_paths())
    written = []
    for kind, actions in ACTIONS.items():
        directory = remotes / kind / "linstor"
        directory.mkdir(parents=True, exist_ok=True)
        written += [_write(directory / action, text) for action in actions]
    return written


def _write(path: Path, text: str) -> Path:
    """Oned may be starting the old file at this moment, so the new one takes its place at once."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o755)
    new.replace(path)
    return path
