"""What has to change on the front-end: data, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from entrypoints.onelinstor.install.addon import callable_by_oned
from entrypoints.onelinstor.install.entries import Change, Directory, Entry, File, Link, Problem
from entrypoints.onelinstor.install.execrc import allow_live_snapshots
from entrypoints.onelinstor.install.files import Files
from entrypoints.onelinstor.install.front_end import FrontEnd
from entrypoints.onelinstor.install.registration import register
from entrypoints.remotes.parser import ACTIONS

EXECUTABLE, DIRECTORY = 0o755, 0o755


@dataclass(frozen=True)
class Configuration:
    """The edits of OpenNebula's own files, and remarks about them. *oned_conf* is its text with them."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    oned_conf: str = ""


def launcher_changes(files: Files, front: FrontEnd, text: str) -> list[Change]:
    """Both directories, every launcher with this text, and nothing else there that oned could run."""
    found: list[Change] = []
    for kind, actions in ACTIONS.items():
        directory = front.remotes / kind / "linstor"
        above = _changes_above(files, front, directory)
        # whatever a link leads to belongs to somebody else, and is not in the new directory
        empty = not isinstance(files.look(directory), Directory)
        found += above
        wanted = {name: File(text.encode(), front.meta(EXECUTABLE)) for name in actions}
        present = [] if empty else [name for name in files.names(directory) if callable_by_oned(kind, name)]
        for name in dict.fromkeys([*wanted, *present]):
            path = directory / name
            found.append(Change(path, None if empty else files.look(path), wanted.get(name)))
    return [each for each in found if each.before != each.after]


def _changes_above(files: Files, front: FrontEnd, directory: Path) -> list[Change]:
    wanted = Directory(front.meta(DIRECTORY))
    found = []
    for path in (directory.parent, directory):
        before = files.look(path)
        if path == directory or before is None:
            found.append(Change(path, before, wanted))
    return found


def left_alone(files: Files, front: FrontEnd) -> list[Path]:
    """What lies in the two directories, is not ours and is nothing that oned runs."""
    return [
        front.remotes / kind / "linstor" / name
        for kind in ACTIONS
        for name in files.names(front.remotes / kind / "linstor")
        if not callable_by_oned(kind, name) and not name.startswith(".")
    ]


def configuration(files: Files, front: FrontEnd) -> Configuration:
    """The edits of oned.conf and vmm_execrc. Raises Problem where one of them cannot be read."""
    oned, execrc = front.etc / "oned.conf", front.etc / "vmm_exec" / "vmm_execrc"
    remarks: list[str] = []

    def registered(text: str) -> str:
        result = register(text, front.version)
        remarks.extend(result.remarks)
        return result.text

    edits = [_edit(files, oned, registered), _edit(files, execrc, allow_live_snapshots)]
    text = edits[0].after.content.decode("utf-8", "replace") if isinstance(edits[0].after, File) else ""
    return Configuration(tuple(each for each in edits if each.before != each.after), tuple(remarks), text)


def _edit(files: Files, path: Path, change: Callable[[str], str]) -> Change:
    """A link to the file stays a link; the file that it leads to is edited."""
    try:
        real = path.resolve() if isinstance(files.look(path), Link) else path
        before = files.look(real)
    except PermissionError:
        raise Problem(f"{path} cannot be read by this user; run this as root") from None
    if not isinstance(before, File):
        raise Problem(f"{path} is missing; is OpenNebula installed as a whole?")
    try:
        text = before.content.decode("utf-8", "surrogateescape")
        after = change(text).encode("utf-8", "surrogateescape")
    except Problem as problem:
        raise Problem(f"{path}, {problem}; oned cannot read it so, and nothing was changed") from None
    return Change(real, before, File(after, before.meta), edit=True)


def check_rights(changes: Iterable[Change], uid: int, writable: Callable[[Path], bool]) -> None:
    """Who is not root cannot give files of others back, nor write where it may not. Raises Problem."""
    for each in changes:
        if uid != 0 and (_owner(each.before) not in (None, uid) or not writable(_existing(each.path.parent))):
            raise Problem(f"{each.path} cannot be changed by this user; run this as root")


def _owner(entry: Entry | None) -> int | None:
    return None if entry is None or isinstance(entry, Link) else entry.meta.uid


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
