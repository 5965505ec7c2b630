"""Port Sources: images on the front-end, through OpenNebula's downloader and qemu-img (opennebula.md 2.4)."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adapters.opennebula import processes
from adapters.opennebula.front_end import Installation
from adapters.opennebula.hosts import SSH_FAILED, Shell
from adapters.opennebula.rendering import words
from domain.errors import HostCommandFailed, HostUnreachable, SourceRefused, SourceUnreadable
from domain.names import HostName
from domain.ports import FetchedImage, ImageSource
from domain.settings import Limits

MAGIC = {b"QFI\xfb": "qcow2", b"KDMV": "vmdk", b"# Disk Des": "vmdk", b"vhdxfile": "vhdx", b"conectix": "vpc"}
VDI_AT, VDI = 64, b"\x7f\x10\xda\xbe"
BLOCK = 4 * 1024 * 1024

WRITER = r"""
set -u; export LANG=C LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
device=$1 bytes=$2 sparse=$3
dd of="$device" bs=4M iflag=fullblock conv="notrunc,nocreat,fsync$sparse" 2>&1 >/dev/null | tail -n 1 >&2
[ "${PIPESTATUS[0]}" = 0 ] || exit 1
head -c "$bytes" < "$device" | sha256sum | cut -d ' ' -f 1
"""


class FrontEndSources:
    """Sources of images on this machine."""

    def __init__(self, installation: Installation, environment: Mapping[str, str], limits: Limits) -> None:
        self._installation = installation
        self._environment = environment
        self._limits = limits
        self._shell = Shell(limits)

    def real_path(self, path: str) -> str:
        """*path* with every link resolved. Raises SourceUnreadable when it does not exist."""
        try:
            return os.path.realpath(path, strict=True)
        except OSError as error:
            raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error

    @contextmanager
    def fetch(self, source: ImageSource) -> Iterator[FetchedImage]:
        """Download into a private directory, convert what is not raw; the directory goes at the end."""
        staging = source.staging_directory
        try:
            directory = tempfile.TemporaryDirectory(prefix="one-linstor-", dir=staging)
        except OSError as error:
            raise SourceUnreadable(f"nothing can be staged in {staging}: {error.strerror}") from error
        with directory as place:
            fetched = Path(place) / "source"
            self._download(source, fetched)
            raw = self._raw(source, fetched)
            yield FetchedImage(raw.stat().st_size, str(raw))

    def _download(self, source: ImageSource, to: Path) -> None:
        options = [
            word for name in ("md5", "sha1") if (value := getattr(source, name)) for word in (f"--{name}", value)
        ]
        if source.limit_bandwidth:
            options += ["--limit", source.limit_bandwidth]
        if source.no_decompress:
            options.append("--nodecomp")
        script = self._installation.remotes / "datastore" / "downloader.sh"
        environment = {**self._environment, "DRV_ACTION": source.payload_base64}
        try:
            ended = processes.run(
                [str(script), *options, source.path, str(to)],
                seconds=self._limits.transfer,
                environment=environment,
                directory=str(self._installation.var),
            )
        except OSError as error:
            raise SourceUnreadable(f"{script} cannot be started: {error.strerror}") from error
        if ended.timed_out or ended.code != 0 or not to.is_file():
            raise SourceUnreadable(f"{source.path} cannot be fetched: {ended.said}")

    def _raw(self, source: ImageSource, fetched: Path) -> Path:
        kind = format_of(fetched)
        if kind == "raw":
            return fetched
        self._refuse_references(source, fetched, kind)
        raw = fetched.with_name("raw")
        self._qemu_img(source, "convert", "-f", kind, "-O", "raw", str(fetched), str(raw))
        fetched.unlink()
        return raw

    def _refuse_references(self, source: ImageSource, fetched: Path, kind: str) -> None:
        """An image that points at another file could bring any file of the front-end into a VM."""
        found = json.loads(self._qemu_img(source, "info", "--output=json", "-f", kind, str(fetched)) or b"{}")
        specific = (found.get("format-specific") or {}).get("data") or {}
        if found.get("backing-filename") or specific.get("data-file") or found.get("encrypted"):
            raise SourceRefused(f"{source.path} is a {kind} image with a backing file, a data file or encryption")
        extents = specific.get("extents") or []
        if any(Path(each.get("filename", fetched)) != fetched for each in extents):
            raise SourceRefused(f"{source.path} is a {kind} image that names other files")

    def _qemu_img(self, source: ImageSource, *argv: str) -> bytes:
        try:
            ended = processes.run(["qemu-img", *argv], seconds=self._limits.transfer, environment=self._environment)
        except OSError as error:
            raise SourceUnreadable(f"{source.path} needs a conversion, and qemu-img cannot be started") from error
        if ended.timed_out or ended.code != 0:
            raise SourceUnreadable(f"{source.path} cannot be converted: {ended.said}")
        return ended.out

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool) -> int:
        """Write to *device* in one session, flush, and compare what is there now with what was sent."""
        line = words("bash", "-c", WRITER, "linstor", device, image.size_bytes, ",sparse" if zeroed else "")
        digest = hashlib.sha256()
        try:
            process = subprocess.Popen(
                self._shell.command(host, line),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise HostUnreachable(host, f"ssh cannot be started: {error.strerror}") from error
        sent = _feed(process, image.path, digest)
        out, err = self._ended(process, host, device)
        if process.returncode == SSH_FAILED:
            raise HostUnreachable(host, _last(err))
        if process.returncode != 0 or sent != image.size_bytes:
            raise HostCommandFailed(host, f"write {device}", _last(err))
        if out.decode().strip() != digest.hexdigest():
            raise HostCommandFailed(host, f"write {device}", "what can be read there is not what was written")
        return sent

    def _ended(self, process: subprocess.Popen[bytes], host: HostName, device: str) -> tuple[bytes, bytes]:
        try:
            return process.communicate(timeout=self._limits.transfer)
        except subprocess.TimeoutExpired as expired:
            processes.kill(process)
            raise HostCommandFailed(
                host, f"write {device}", f"no end after {self._limits.transfer:g} seconds"
            ) from expired


def _feed(process: subprocess.Popen[bytes], path: str, digest: hashlib._Hash) -> int:
    """Send the file; a receiver that hangs up is judged by its exit code."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    sent = 0
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK):
                process.stdin.write(block)
                digest.update(block)
                sent += len(block)
        process.stdin.close()
    except BrokenPipeError:
        sent = -1
    process.stdin = None
    return sent


def _last(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:500] if lines else "it said nothing"


def format_of(path: Path) -> str:
    """The format by its first bytes; everything unknown is raw, as a disk without a header must be."""
    with path.open("rb") as file:
        head = file.read(VDI_AT + len(VDI))
    for magic, name in MAGIC.items():
        if head.startswith(magic):
            return name
    return "vdi" if head[VDI_AT:] == VDI else "raw"
