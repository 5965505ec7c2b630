"""Files and URLs that recorded images were made from: made anew, of the recorded size, with known blocks.

A path of the recording becomes a file below one directory; `http(s)` URLs are answered from there, too. What the
name says is packed (`.gz`, `.qcow2`, ...) is packed.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from entrypoints.sandbox.replay.blocks import BLOCK, block

MIB = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One source: where the driver finds it, its checksums, and the blocks of its raw content by offset."""

    address: str
    md5: str
    sha1: str
    blocks: Mapping[int, bytes]


class SourceFiles:
    """Makes the sources of a recording when they are first asked for."""

    def __init__(self, directory: Path, sizes_mib: Mapping[str, int]) -> None:
        self._directory = directory
        self._sizes = sizes_mib
        self._made: dict[str, Source] = {}
        directory.mkdir(parents=True, exist_ok=True)
        handler = partial(_Quiet, directory=str(directory))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> SourceFiles:
        """The sources, ready."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the web server; the files stay."""
        self._server.shutdown()
        self._server.server_close()

    def directory_for(self, path: str) -> str:
        """Where a directory of the recording is; the root stays the root."""
        return path if path == "/" else str(self._directory / path.lstrip("/"))

    def source(self, path: str) -> Source | None:
        """The source for a PATH of the recording; None for what is neither a path nor a web address."""
        if not path.startswith(("/", "http://", "https://")):
            return None
        if path not in self._made:
            self._made[path] = self._make(path)
        return self._made[path]

    def _make(self, path: str) -> Source:
        parts = urlsplit(path)
        relative = f"{parts.netloc.replace(':', '_')}{parts.path}".lstrip("/")
        file = self._directory / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        blocks = _write_raw(file, path, self._sizes.get(path, 1) * MIB)
        _pack(file)
        data = file.read_bytes()
        web = f"http://127.0.0.1:{self._server.server_port}/{relative}"
        return Source(
            address=web if parts.scheme else str(file),
            md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
            sha1=hashlib.sha1(data, usedforsecurity=False).hexdigest(),
            blocks=blocks,
        )


class _Quiet(SimpleHTTPRequestHandler):
    """A web server that does not talk."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


def _write_raw(file: Path, name: str, size: int) -> dict[int, bytes]:
    """A sparse file with a few known blocks, by offset."""
    offsets = {0, size // 2 // BLOCK * BLOCK, size - BLOCK}
    blocks = {offset: block(f"source {name} offset {offset}") for offset in sorted(offsets)}
    with file.open("wb") as stream:
        stream.truncate(size)
        for offset, data in blocks.items():
            stream.seek(offset)
            stream.write(data)
    return blocks


def _pack(file: Path) -> None:
    """Pack the file in place, as its name says."""
    kind = file.suffix.lstrip(".")
    if kind in ("qcow2", "vmdk", "vdi"):
        raw = file.rename(file.with_name(f"{file.name}.raw"))
        subprocess.run(["qemu-img", "convert", "-O", kind, str(raw), str(file)], check=True)
        raw.unlink()
    elif kind in _PACKERS:
        file.write_bytes(_PACKERS[kind](file.read_bytes()))


_PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
