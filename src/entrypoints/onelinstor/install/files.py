"""The effects on the file system, one method each, so that a test can stop between any two of them."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Protocol

from entrypoints.onelinstor.install.entries import Directory, Entry, File, Link, Meta, Problem


class Files(Protocol):
    """What installing needs of a file system. Every method but `look` and `names` is one effect."""

    def look(self, path: Path) -> Entry | None:
        """What stands at *path*, links not followed. Raises Problem for a device, a socket or a pipe."""

    def names(self, path: Path) -> list[str]:
        """What is in the directory, sorted; nothing where there is none."""

    def make_directory(self, path: Path, meta: Meta) -> None:
        """Make it; its parent exists."""

    def dress(self, path: Path, meta: Meta) -> None:
        """Give a directory that exists this mode and owner."""

    def write(self, path: Path, content: bytes, meta: Meta) -> None:
        """Write the file, over what is there, and flush it to the disk."""

    def link(self, path: Path, target: str) -> None:
        """Make the link; nothing is there yet."""

    def copy(self, source: Path, target: Path) -> None:
        """The same file or link at *target*, with mode, owner and times, flushed."""

    def rename(self, old: Path, new: Path) -> None:
        """In one step, over what is there."""

    def remove(self, path: Path) -> None:
        """Remove a file or link; gone already is done."""

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and all that is in it; gone already is done."""


class DiskFiles:
    """The file system of this machine. Owners are only set by root: nobody else may give files away."""

    def look(self, path: Path) -> Entry | None:
        """See Files."""
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        meta = Meta(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        if stat.S_ISLNK(found.st_mode):
            return Link(str(path.readlink()))
        if stat.S_ISDIR(found.st_mode):
            return Directory(meta)
        if stat.S_ISREG(found.st_mode):
            return File(path.read_bytes(), meta)
        raise Problem(f"{path} is neither a file nor a directory nor a link; move it away and run this again")

    def names(self, path: Path) -> list[str]:
        """See Files."""
        return sorted(each.name for each in path.iterdir()) if path.is_dir() else []

    def make_directory(self, path: Path, meta: Meta) -> None:
        """See Files."""
        path.mkdir(mode=0o700)
        self.dress(path, meta)

    def dress(self, path: Path, meta: Meta) -> None:
        """See Files."""
        _own(path, meta.uid, meta.gid)
        path.chmod(meta.mode)

    def write(self, path: Path, content: bytes, meta: Meta) -> None:
        """See Files."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            _own(path, meta.uid, meta.gid)
            os.fchmod(file.fileno(), meta.mode)
            os.fsync(file.fileno())

    def link(self, path: Path, target: str) -> None:
        """See Files."""
        path.symlink_to(target)

    def copy(self, source: Path, target: Path) -> None:
        """See Files."""
        target.unlink(missing_ok=True)
        found = source.lstat()
        if stat.S_ISLNK(found.st_mode):
            target.symlink_to(source.readlink())
        else:
            shutil.copyfile(source, target)
            _flush(target)
        _own(target, found.st_uid, found.st_gid)
        shutil.copystat(source, target, follow_symlinks=False)

    def rename(self, old: Path, new: Path) -> None:
        """See Files."""
        old.replace(new)
        _flush(new.parent)

    def remove(self, path: Path) -> None:
        """See Files."""
        path.unlink(missing_ok=True)

    def remove_directory(self, path: Path) -> None:
        """See Files."""
        path.rmdir()

    def remove_tree(self, path: Path) -> None:
        """See Files."""
        shutil.rmtree(path, ignore_errors=True)


def _own(path: Path, uid: int, gid: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, uid, gid, follow_symlinks=False)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
