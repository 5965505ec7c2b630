"""Changes as a person reads them: unified diffs, with modes and owners where these change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from entrypoints.onelinstor.install.entries import Change, Directory, Entry, File, Link


def diff(changes: Iterable[Change]) -> str:
    """All of them, one below the other; the text of a new file is shown once."""
    shown: dict[bytes, Change] = {}
    return "".join(_shown(each, shown) for each in changes)


def _shown(change: Change, shown: dict[bytes, Change]) -> str:
    head = f"{change.path}: {_kind(change.before)} -> {_kind(change.after)}"
    if isinstance(change.after, File) and change.before is None:
        first = shown.setdefault(change.after.content, change)
        if first is not change:
            return f"{head}, with the text of {first.path.name}\n"
    old, new = (_lines(each) for each in (change.before, change.after))
    source, target = (str(change.path) if each is not None else "/dev/null" for each in (change.before, change.after))
    body = difflib.unified_diff(old, new, source, target)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in [f"{head}\n", *body]
    )


def _lines(entry: Entry | None) -> list[str]:
    if isinstance(entry, File):
        return entry.content.decode("utf-8", "replace").splitlines(keepends=True)
    return [f"-> {entry.target}\n"] if isinstance(entry, Link) else []


def _kind(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    if isinstance(entry, Link):
        return "link"
    name = "directory" if isinstance(entry, Directory) else "file"
    return f"{name} {entry.meta.mode:04o} {entry.meta.uid}:{entry.meta.gid}"
