"""Port Exports: images read from a device of a host into files of the front-end, for marketplaces."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from adapters.opennebula.processes import Program
from adapters.opennebula.scripts_for_hosts import command
from adapters.opennebula.ssh import Shell, StartsCommands, session, succeeded
from adapters.opennebula.staging import forgotten
from domain.errors import ExportFailed, HostCommandFailed
from domain.names import HostName
from domain.ports import SavedImage
from domain.settings import Limits

PREFIX = "one-linstor-export-"
MOST_NOISE = 200
"""Lines that a login may print before our own."""


class FrontEndExports:
    """Files of this machine."""

    def __init__(self, limits: Limits, shell: StartsCommands | None = None) -> None:
        self._shell = shell or Shell(limits)
        self._limits = limits

    def save(self, host: HostName, device: str, size_bytes: int, directory: str) -> SavedImage:
        """One session; the count and the end of the reader are checked, and the file is flushed. See the port."""
        _remove_forgotten(Path(directory))
        with _new_file(directory) as file:
            digest = self._receive(host, device, size_bytes, file)
            file.truncate(size_bytes)
            os.fsync(file.fileno())
        return SavedImage(file.name, digest)

    def _receive(self, host: HostName, device: str, size_bytes: int, file: IO[bytes]) -> str:
        """The MD5 of what was received. Raises HostUnreachable, HostCommandFailed, OSError."""
        mark = f"linstor-image-{secrets.token_hex(8)}"
        line = command("images", mark, "send_device", device, size_bytes)
        argv = self._shell.command(host, line)
        # a host that does not even begin must not be waited for as long as a large image takes
        with session(host, argv, self._limits.host, stdin=b"", collect=False) as program:
            if _is_ready(program, mark):
                program.allow(self._limits.transfer)
                received, digest = _write(program, file)
            else:
                received, digest = 0, ""
            succeeded(host, program.end(), program.seconds, f"read {device}")
        if received != size_bytes:
            raise HostCommandFailed(host, f"read {device}", f"it gave {received} bytes and not {size_bytes}")
        return digest


def _is_ready(program: Program, mark: str) -> bool:
    """Whether the image begins now; what a login prints before is not a part of it."""
    return any(program.line().strip() == f"{mark} ready".encode() for _ in range(MOST_NOISE))


def _write(program: Program, file: IO[bytes]) -> tuple[int, str]:
    """How much came, and its MD5; zeros become holes."""
    digest = hashlib.md5(usedforsecurity=False)
    while data := program.chunk():
        digest.update(data)
        if data.strip(b"\0"):
            file.write(data)
        else:
            file.seek(len(data), os.SEEK_CUR)
    return file.tell(), digest.hexdigest()


@contextmanager
def _new_file(directory: str) -> Iterator[IO[bytes]]:
    """A new file of oneadmin's alone, which is gone after an error. Raises ExportFailed."""
    try:
        with tempfile.NamedTemporaryFile(prefix=PREFIX, dir=directory, delete=False) as file:
            try:
                yield file
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ExportFailed(f"the image cannot be exported to {directory}: {error.strerror or error}") from error


def _remove_forgotten(directory: Path) -> None:
    """Remove what no marketplace has disposed of: older ones do not when they copy to a host of BRIDGE_LIST."""
    for each in forgotten(directory, PREFIX, stat.S_ISREG):
        with suppress(OSError):
            each.unlink()
