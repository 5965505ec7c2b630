"""Files of one file system in memory: directories, plain files, links. Paths are absolute and plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Directory:
    """A directory."""


Entry = bytes | Link | Directory


class FileTree:
    """The entries by path. Nothing here follows a link. Errors are OSError, as the kernel's are."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {"/": Directory()}

    def get(self, path: str) -> Entry | None:
        """What lies at *path*."""
        return self._entries.get(path)

    def make_directory(self, path: str) -> None:
        """Make *path* and its parents. Raises NotADirectoryError."""
        for each in [*reversed(PurePosixPath(path).parents), PurePosixPath(path)]:
            if not isinstance(self._entries.setdefault(str(each), Directory()), Directory):
                raise NotADirectoryError(f"{each}: Not a directory")

    def put(self, path: str, entry: bytes | Link) -> None:
        """Put a file or link at *path*, in place of one that is there. Raises FileNotFoundError, IsADirectoryError."""
        parent = str(PurePosixPath(path).parent)
        if not isinstance(self._entries.get(parent), Directory):
            raise FileNotFoundError(f"{path}: No such file or directory")
        if isinstance(self._entries.get(path), Directory):
            raise IsADirectoryError(f"{path}: Is a directory")
        self._entries[path] = entry

    def below(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Everything below the directory *path*, sorted."""
        prefix = path.rstrip("/") + "/"
        yield from (each for each in sorted(self._entries.items()) if each[0].startswith(prefix) and each[0] != path)

    def remove(self, path: str) -> None:
        """Remove *path* and everything below it; missing is fine."""
        for name in [path, *(name for name, _ in self.below(path))]:
            self._entries.pop(name, None)
