"""The port Files in memory: what stands at each path, with its time."""

from __future__ import annotations

import errno
import itertools
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from entrypoints.onelinstor.install.entries import Directory, Entry, File, Link, Meta
from entrypoints.onelinstor.install.files import DiskFiles


class MemoryFiles:
    """Everything by its path, in which no link stands before the last name. Errors are OSError, as the kernel's are."""

    def __init__(self) -> None:
        self._entries: dict[Path, Entry] = {Path("/"): Directory(Meta(0o755, 0, 0))}
        self._times: dict[Path, int] = {}
        self._clock = itertools.count()

    @classmethod
    def of(cls, root: Path) -> MemoryFiles:
        """All that is below *root* on the disk, at the same paths."""
        made = cls()
        for path in [*reversed(root.parents), root, *sorted(root.rglob("*"))]:
            if (entry := DiskFiles().look(path)) is not None:
                made._put(path, entry)
        return made

    def listing(self) -> dict[str, tuple[Entry, int]]:
        """Everything, with the times of files."""
        return {str(path): (each, self._times.get(path, 0)) for path, each in sorted(self._entries.items())}

    def look(self, path: Path) -> Entry | None:
        """See Files."""
        try:
            return self._entries.get(self._real(path))
        except OSError:
            return None

    def names(self, path: Path) -> list[str]:
        """See Files."""
        try:
            place = self._followed(path)
        except OSError:
            return []
        return sorted(each.name for each in self._entries if each.parent == place and each != place)

    def make_directory(self, path: Path, meta: Meta) -> None:
        """See Files."""
        self._put(self._free(path), Directory(meta))

    def dress(self, path: Path, meta: Meta) -> None:
        """See Files."""
        place = self._real(path)
        entry = self._there(place)
        assert isinstance(entry, Directory)
        self._entries[place] = replace(entry, meta=meta)

    def write(self, path: Path, content: bytes, meta: Meta) -> None:
        """See Files."""
        self._put(self._no_directory(path), File(content, meta))

    def link(self, path: Path, target: str) -> None:
        """See Files."""
        self._put(self._free(path), Link(target))

    def copy(self, source: Path, target: Path) -> None:
        """See Files."""
        old, new = self._real(source), self._no_directory(target)
        self._put(new, self._there(old))
        self._times[new] = self._times[old]

    def rename(self, old: Path, new: Path) -> None:
        """See Files."""
        self.copy(old, new)
        self.remove(old)

    def remove(self, path: Path) -> None:
        """See Files."""
        with suppress(FileNotFoundError):
            self._entries.pop(self._no_directory(path), None)

    def remove_directory(self, path: Path) -> None:
        """See Files."""
        place = self._real(path)
        if not isinstance(self._there(place), Directory):
            raise _error(errno.ENOTDIR, path)
        if self.names(path):
            raise _error(errno.ENOTEMPTY, path)
        del self._entries[place]

    def remove_tree(self, path: Path) -> None:
        """See Files."""
        place = self._real(path)
        if isinstance(self._entries.get(place), Directory):
            for each in [each for each in self._entries if each.is_relative_to(place)]:
                del self._entries[each]

    def _put(self, place: Path, entry: Entry) -> None:
        self._entries[place] = entry
        self._times[place] = 0 if isinstance(entry, Directory) else next(self._clock)

    def _real(self, path: Path) -> Path:
        """Where *path* is, its last name not followed. Raises FileNotFoundError, NotADirectoryError."""
        plain = path == path.parent or isinstance(self._entries.get(path.parent), Directory)
        return path if plain else self._followed(path.parent) / path.name

    def _followed(self, path: Path) -> Path:
        place = self._real(path)
        entry = self._there(place)
        if isinstance(entry, Link):
            return self._followed(place.parent / entry.target)
        if not isinstance(entry, Directory):
            raise _error(errno.ENOTDIR, path)
        return place

    def _there(self, place: Path) -> Entry:
        if place not in self._entries:
            raise _error(errno.ENOENT, place)
        return self._entries[place]

    def _free(self, path: Path) -> Path:
        place = self._real(path)
        if place in self._entries:
            raise _error(errno.EEXIST, path)
        return place

    def _no_directory(self, path: Path) -> Path:
        place = self._real(path)
        if isinstance(self._entries.get(place), Directory):
            raise _error(errno.EISDIR, path)
        return place


def _error(code: int, path: Path) -> OSError:
    return OSError(code, os.strerror(code), str(path))
