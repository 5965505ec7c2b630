"""Write an image to a device of a host: one session, flushed, counted and read back."""

from __future__ import annotations

import hashlib
import secrets

from adapters.opennebula.processes import CHUNK, Ended, Program
from adapters.opennebula.scripts_for_hosts import command
from adapters.opennebula.ssh import StartsCommands, session, succeeded
from domain.errors import HostCommandFailed, SourceUnreadable
from domain.names import HostName
from domain.ports import FetchedImage
from domain.settings import Limits


class Writer:
    """Writes images."""

    def __init__(self, shell: StartsCommands, limits: Limits) -> None:
        self._shell = shell
        self._seconds = limits.transfer

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float) -> int:
        """Bytes written; what the device gives back is what was sent. See `Sources.write`."""
        mark = f"linstor-image-{secrets.token_hex(8)}"
        conversions = "notrunc,nocreat,fsync" + (",sparse" if zeroed else "")
        line = command("images", mark, "write_device", device, image.size_bytes, conversions, round(wait * 1000))
        with session(host, self._shell.command(host, line), self._seconds) as program:
            sent, digest = _feed(program, image.path)
            ended = succeeded(host, program.end(), self._seconds, f"write {device}")
        if sent != image.size_bytes:
            raise SourceUnreadable(f"{image.path} gave {sent} bytes and not {image.size_bytes}")
        if f"{mark} {sent} bytes {digest}" not in ended.out.decode("utf-8", "replace").splitlines():
            raise HostCommandFailed(host, f"write {device}", _difference(ended, sent))
        return sent


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
    program.close_input()
    return sent, digest.hexdigest()


def _difference(ended: Ended, sent: int) -> str:
    told = ended.out.decode("utf-8", "replace").split()
    written = told[1] if len(told) > 1 else "an unknown number of"
    return f"{sent} bytes were sent, {written} were written, and they do not read back as sent"
