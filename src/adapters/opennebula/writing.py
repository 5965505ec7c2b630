"""Write an image to a device of a host: one session, flushed, counted and read back."""

from __future__ import annotations

import hashlib
import secrets

from adapters.opennebula.processes import CHUNK, Program
from adapters.opennebula.scripts_for_hosts import command
from adapters.opennebula.ssh import StartsCommands, session, succeeded
from domain.errors import HostCommandFailed, SourceUnreadable
from domain.names import HostName
from domain.ports import FetchedImage
from domain.settings import Limits

MOST_NOISE = 200
"""Lines that a login may print before our own."""


class Writer:
    """Writes images."""

    def __init__(self, shell: StartsCommands, limits: Limits) -> None:
        self._shell = shell
        self._limits = limits

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float) -> int:
        """Bytes written; what the device gives back is what was sent. See `Sources.write`."""
        mark = f"linstor-image-{secrets.token_hex(8)}"
        conversions = "notrunc,nocreat,fsync" + (",sparse" if zeroed else "")
        line = command("images", mark, "write_device", device, image.size_bytes, conversions, round(wait * 1000))
        # a host that does not even begin must not be waited for as long as a large image takes
        with session(host, self._shell.command(host, line), self._limits.host + wait, collect=False) as program:
            sent, digest = self._sent(program, image, mark)
            told = program.rest().decode("utf-8", "replace")
            succeeded(host, program.end(), program.seconds, f"write {device}")
        if sent != image.size_bytes:
            raise SourceUnreadable(f"{image.path} gave {sent} bytes and not {image.size_bytes}")
        if f"{mark} {sent} bytes {digest}" not in told.splitlines():
            raise HostCommandFailed(host, f"write {device}", _difference(told, sent))
        return sent

    def _sent(self, program: Program, image: FetchedImage, mark: str) -> tuple[int, str]:
        """How much of the image went to a host that is ready for it, and its SHA-256. Raises SourceUnreadable.

        The input stays open behind the last byte: the host reads back for as long as this order lives.
        """
        if not any(program.line().strip() == f"{mark} ready".encode() for _ in range(MOST_NOISE)):
            return image.size_bytes, ""
        program.allow(self._limits.transfer)
        program.feed(b"go\n")
        sent, digest = _feed(program, image.path)
        if sent != image.size_bytes:
            program.close_input()
        return sent, digest


def _feed(program: Program, path: str) -> tuple[int, str]:
    """How much of the file could be sent, and its SHA-256. Raises SourceUnreadable."""
    digest = hashlib.sha256()
    sent = 0
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the path is a string of the port
            while block := file.read(CHUNK):
                if not program.feed(block):
                    break
                digest.update(block)
                sent += len(block)
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error
    return sent, digest.hexdigest()


def _difference(told: str, sent: int) -> str:
    said = told.split()
    written = said[1] if len(said) > 1 else "an unknown number of"
    return f"{sent} bytes were sent, {written} were written, and they do not read back as sent"
