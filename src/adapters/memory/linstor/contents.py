"""What is in a volume: bytes in memory for tests, sparse files for the sandbox; copies share until written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

BLOCK = 4096
PIECE = 1024 * 1024


class Content(Protocol):
    """The bytes of one volume or snapshot. What was never written reads as zeros."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from *offset*, fewer at the end."""

    def write(self, offset: int, data: bytes) -> None:
        """Put *data* at *offset*. Raises ValueError beyond the end."""

    def resize(self, size: int) -> None:
        """Set the size; what is cut off is lost, what is added reads as zeros."""

    def copy(self, name: str) -> Content:
        """An independent content with the same bytes."""

    def replace(self, other: Content) -> None:
        """Become a copy of *other*."""

    def discard(self) -> None:
        """The end."""

    @property
    def path(self) -> Path | None:
        """The file behind it, where there is one."""


class MemoryContent:
    """Blocks in a dictionary."""

    def __init__(self, size: int, blocks: dict[int, bytes] | None = None) -> None:
        self._size = size
        self._blocks = dict(blocks or {})

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self._size

    @property
    def path(self) -> Path | None:
        """There is no file."""
        return None

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from *offset*."""
        end = min(offset + length, self._size)
        pieces = []
        while offset < end:
            block, start = divmod(offset, BLOCK)
            piece = self._blocks.get(block, bytes(BLOCK))[start : start + end - offset]
            pieces.append(piece)
            offset += len(piece)
        return b"".join(pieces)

    def write(self, offset: int, data: bytes) -> None:
        """Put *data* at *offset*."""
        if offset + len(data) > self._size:
            raise ValueError(f"{offset + len(data)} is beyond the end at {self._size}")
        while data:
            block, start = divmod(offset, BLOCK)
            piece = data[: BLOCK - start]
            old = self._blocks.get(block, bytes(BLOCK))
            self._blocks[block] = old[:start] + piece + old[start + len(piece) :]
            data, offset = data[len(piece) :], offset + len(piece)

    def resize(self, size: int) -> None:
        """Set the size."""
        last, kept = divmod(size, BLOCK)
        self._size = size
        self._blocks = {block: data for block, data in self._blocks.items() if block * BLOCK < size}
        if last in self._blocks:
            self._blocks[last] = self._blocks[last][:kept].ljust(BLOCK, b"\0")

    def copy(self, _name: str) -> MemoryContent:
        """The same blocks in a dictionary of its own."""
        return MemoryContent(self._size, self._blocks)

    def replace(self, other: Content) -> None:
        """Become a copy of *other*."""
        if not isinstance(other, MemoryContent):
            raise TypeError("contents in memory are copied from contents in memory")
        self._size, self._blocks = other._size, dict(other._blocks)

    def discard(self) -> None:
        """Forget the blocks."""
        self._blocks = {}


class FileContent:
    """A sparse file."""

    def __init__(self, path: Path, size: int | None = None) -> None:
        self._path = path
        if size is not None:
            with path.open("wb") as file:
                file.truncate(size)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self._path.stat().st_size

    @property
    def path(self) -> Path | None:
        """The file."""
        return self._path

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from *offset*."""
        with self._path.open("rb") as file:
            return os.pread(file.fileno(), length, offset)

    def write(self, offset: int, data: bytes) -> None:
        """Put *data* at *offset*."""
        if offset + len(data) > self.size:
            raise ValueError(f"{offset + len(data)} is beyond the end at {self.size}")
        with self._path.open("r+b") as file:
            os.pwrite(file.fileno(), data, offset)

    def resize(self, size: int) -> None:
        """Set the size."""
        os.truncate(self._path, size)

    def copy(self, name: str) -> FileContent:
        """A copy beside it, holes kept."""
        target = FileContent(self._path.with_name(name))
        _copy_sparse(self._path, self._path.with_name(name))
        return target

    def replace(self, other: Content) -> None:
        """Take over the bytes of *other* in place: the file keeps its inode, which devices link to."""
        if other.path is None:
            raise TypeError("contents in files are copied from contents in files")
        _copy_sparse(other.path, self._path)

    def discard(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def _copy_sparse(source: Path, target: Path) -> None:
    """Copy the data and skip the holes; the target is written in place."""
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        offset = 0
        while offset < size:
            try:
                offset = os.lseek(reader.fileno(), offset, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(reader.fileno(), offset, os.SEEK_HOLE)
            writer.seek(offset)
            while offset < end and (data := os.pread(reader.fileno(), min(PIECE, end - offset), offset)):
                writer.write(data)
                offset += len(data)
        writer.truncate(size)


class Contents(Protocol):
    """Makes contents."""

    def new(self, name: str, size: int) -> Content:
        """A content of *size* bytes that reads as zeros."""


class InMemory:
    """Contents in memory."""

    def new(self, _name: str, size: int) -> Content:
        """An empty dictionary of blocks."""
        return MemoryContent(size)


class InFiles:
    """Contents as sparse files of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def new(self, name: str, size: int) -> Content:
        """A file of that name."""
        return FileContent(self._directory / name, size)
