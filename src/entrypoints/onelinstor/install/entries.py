"""What can stand at a path, and a change from one to another. Data only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


class Problem(Exception):
    """Why nothing, or nothing more, was done; the sentence says what to do."""


@dataclass(frozen=True)
class Meta:
    """Permission bits (without the type) and the owner's numbers."""

    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class File:
    """A plain file."""

    content: bytes
    meta: Meta


@dataclass(frozen=True)
class Link:
    """A symbolic link, wherever it points."""

    target: str


@dataclass(frozen=True)
class Directory:
    """A directory; what is in it has entries of its own."""

    meta: Meta


Entry = File | Link | Directory


@dataclass(frozen=True)
class Change:
    """*path* has *before* and gets *after*; None is nothing at all. *edit*: lines of a file that others write, too."""

    path: Path
    before: Entry | None
    after: Entry | None
    edit: bool = False


def fingerprint(entry: Entry | None) -> str:
    """One word for the contents; the mode and the owner do not count, for they are set anew anyway."""
    if isinstance(entry, File):
        return f"file:{hashlib.sha256(entry.content).hexdigest()}"
    if isinstance(entry, Link):
        return f"link:{entry.target}"
    return "directory" if entry is not None else "absent"
