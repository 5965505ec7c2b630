"""Formats of image files: told by their first bytes, converted to raw by qemu-img, never following a reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.opennebula import processes
from domain.errors import SourceRefused, SourceUnreadable

RAW = "raw"
VDI_AT = 64
_VMDK_DESCRIPTOR = b"# Disk Descriptor"
_MAGIC = {b"QFI\xfb": "qcow2", b"KDMV": "vmdk", _VMDK_DESCRIPTOR: "vmdk", b"vhdxfile": "vhdx", b"conectix": "vpc"}
_VDI = b"\x7f\x10\xda\xbe"
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_TAR_AT, _TAR = 257, b"ustar"


def format_of(path: Path) -> str:
    """The format; everything unknown is raw, as a disk without a header must be. Raises SourceUnreadable."""
    head = _head(path)
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return "vdi" if head[VDI_AT:].startswith(_VDI) else RAW


def is_packed(path: Path) -> bool:
    """Whether OpenNebula's downloader would unpack the file: gzip, bzip2, xz or tar."""
    head = _head(path)
    return head.startswith(_PACKED) or head[_TAR_AT:].startswith(_TAR)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(512)
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error


class QemuImg:
    """Converts with `qemu-img`; *name* is what messages call the image."""

    def __init__(self, name: str, environment: Mapping[str, str], seconds: float) -> None:
        self._name = name
        self._environment = environment
        self._seconds = seconds

    def to_raw(self, file: Path, kind: str, raw: Path) -> None:
        """Write the disk that *file* holds to *raw*. Raises SourceRefused, SourceUnreadable."""
        if _head(file).startswith(_VMDK_DESCRIPTOR):
            # only text that names other files, and qemu-img would open them
            raise SourceRefused(f"{self._name} is a {kind} image in several files; make it one file first")
        self._refuse_references(file, kind)
        self._run("convert", "-f", kind, "-O", RAW, str(file), str(raw))

    def _refuse_references(self, file: Path, kind: str) -> None:
        """An image that points at another file could bring any file of the front-end into a VM."""
        try:
            found = json.loads(self._run("info", "--output=json", "-f", kind, str(file)))
        except ValueError as error:
            raise SourceUnreadable(f"{self._name}: qemu-img tells nothing that can be understood") from error
        specific: dict[str, Any] = (found.get("format-specific") or {}).get("data") or {}
        if found.get("backing-filename") or specific.get("data-file"):
            raise SourceRefused(f"{self._name} is a {kind} image on top of another file; flatten it first")
        if found.get("encrypted"):
            raise SourceRefused(f"{self._name} is an encrypted {kind} image")

    def _run(self, *words: str) -> bytes:
        try:
            ended = processes.run(["qemu-img", *words], seconds=self._seconds, environment=self._environment)
        except OSError as error:
            why = "qemu-img cannot be started on the front-end; install it"
            raise SourceUnreadable(f"{self._name} has to be converted, and {why}") from error
        if ended.timed_out:
            raise SourceUnreadable(f"{self._name} was not converted within {self._seconds:g} seconds")
        if ended.code != 0:
            raise SourceUnreadable(f"{self._name} cannot be converted: {ended.said}")
        return ended.out
