"""Carry out changes: first save what is there and write the journal, then put each thing in its place in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from entrypoints.onelinstor.install import journal as journals
from entrypoints.onelinstor.install.entries import Change, Directory, Entry, File, Link, Meta, fingerprint
from entrypoints.onelinstor.install.files import Files
from entrypoints.onelinstor.install.journal import Edited, Journal, Owned

PRIVATE = 0o700


@dataclass
class Applying:
    """One installation into the front-end whose state is below *state*; what is made there has *owner*.

    *saved* are the copies of what stood there, *kept* those of what somebody had put over ours.
    """

    files: Files
    state: Path
    owner: Meta
    saved: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)

    def apply(self, changes: Sequence[Change], journal: Journal) -> None:
        """Do it. May be killed at any point: `uninstall` or another `install` goes on from there."""
        for change in changes:
            (self._save_edited if change.edit else self._save_owned)(change, journal)
        self.note(journal)
        for change in changes:
            put(self.files, change.path, change.after)

    def note(self, journal: Journal) -> None:
        """Write the journal."""
        self._reach(self.state / journals.NAME)
        journals.write(self.files, self.state, journal, self._meta(0o600))

    def _save_owned(self, change: Change, journal: Journal) -> None:
        known = journal.about(change.path)
        if known is None:
            known = Owned(str(change.path), fingerprint(change.before), journals.meta_of(change.before))
            self._copy(change, journals.saved(self.state, change.path))
            journal.owned.append(known)
        elif fingerprint(change.before) not in (known.before, *known.written, "absent"):
            self.keep(change.path)
        if fingerprint(change.after) not in known.written:
            known.written.append(fingerprint(change.after))

    def _save_edited(self, change: Change, journal: Journal) -> None:
        place = journals.saved(self.state, change.path)
        before, after = (place.with_name(f"{place.name}.{len(journal.edited)}.{when}") for when in ("before", "after"))
        self._copy(change, before)
        if isinstance(change.after, File):
            self.files.write(after, change.after.content, self._meta(0o600))
        journal.edited.append(Edited(str(change.path), str(before), str(after)))

    def _copy(self, change: Change, target: Path) -> None:
        if isinstance(change.before, File | Link):
            self._reach(target)
            self.files.copy(change.path, target)
            self.saved.append(target)

    def keep(self, path: Path, source: Path | None = None) -> None:
        """Put a copy of what is at *path*, or of what was and is at *source* now, aside under a number that is free."""
        place = self.state / "kept" / str(path).lstrip("/")
        number = 1
        while self.files.look(place.with_name(f"{place.name}.{number}")) is not None:
            number += 1
        target = place.with_name(f"{place.name}.{number}")
        self._reach(target)
        self.files.copy(source or path, target)
        self.kept.append(target)

    def _reach(self, target: Path) -> None:
        for each in journals.parents(self.state, target):
            if self.files.look(each) is None:
                self.files.make_directory(each, self._meta(PRIVATE))

    def _meta(self, mode: int) -> Meta:
        return Meta(mode, self.owner.uid, self.owner.gid)


def put(files: Files, path: Path, entry: Entry | None) -> None:
    """Make *path* be *entry*. A file or a link takes the place of another in one step."""
    now = files.look(path)
    if isinstance(entry, Directory):
        _put_directory(files, path, now, entry)
        return
    if isinstance(now, Directory):
        files.remove_directory(path)
    elif now is not None and entry is None:
        files.remove(path)
    if entry is None:
        return
    new = beside(path)
    files.remove(new)
    if isinstance(entry, File):
        files.write(new, entry.content, entry.meta)
    else:
        files.link(new, entry.target)
    files.rename(new, path)


def _put_directory(files: Files, path: Path, now: Entry | None, entry: Directory) -> None:
    if isinstance(now, Directory):
        files.dress(path, entry.meta)
        return
    if now is not None:
        files.remove(path)
    files.make_directory(path, entry.meta)


def beside(path: Path) -> Path:
    """Where a file is written before it takes its place; oned calls no name with a dot before it."""
    return path.with_name(f".{path.name}.onelinstor")
