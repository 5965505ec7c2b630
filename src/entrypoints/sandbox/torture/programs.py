"""Programs of a host that fail as they do on a full, a read-only or a busy disk."""

from __future__ import annotations

from pathlib import Path

FULL, READ_ONLY, BUSY = "full", "read-only", "busy"
_SAID = {
    FULL: (("mkdir", "ln", "cp", "mv", "tar", "sync"), "No space left on device"),
    READ_ONLY: (("mkdir", "ln", "cp", "mv", "tar"), "Read-only file system"),
    BUSY: (
        ("dd", "mkswap", "qemu-img", "mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mkfs.xfs"),
        "Device or resource busy",
    ),
}
"""Kind -> the programs that fail, and what the kernel tells them."""


def failing(root: Path, kind: str) -> Path:
    """The directory below *root* with the programs that fail so; it goes before the others of a session."""
    directory = root / "failing" / kind
    if not directory.exists():
        directory.mkdir(parents=True)
        programs, said = _SAID[kind]
        for name in programs:
            (directory / name).write_text(f"#!/bin/sh\necho \"{name}: cannot use '${{1}}': {said}\" >&2\nexit 1\n")
            (directory / name).chmod(0o755)
    return directory
