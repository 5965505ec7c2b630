"""The steps of domain/steps.py, carried out on files and devices in memory, with the failures of the real ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from adapters.memory.device_table import DeviceInfo
from adapters.memory.file_tree import Entry, Link
from domain import steps
from domain.errors import Expired
from domain.ports import Clock
from domain.waiting import wait_for

ALIAS_SECONDS = 2.0
PART = 1024 * 1024
_SIGNATURES = {"swap": (4086, b"SWAPSPACE2"), "xfs": (0, b"XFSB"), "btrfs": (65600, b"_BHRfS_M")}
_EXT = (1080, b"\x53\xef")


class StepFailed(Exception):
    """A step that cannot be carried out; the text is what a person reads."""


class OneHost(Protocol):
    """The files and devices of one host."""

    def get(self, path: str) -> Entry | None:
        """What lies at *path*."""

    def make_directory(self, path: str) -> None:
        """Make *path* and its parents. Raises OSError."""

    def put(self, path: str, entry: bytes | Link) -> None:
        """Put a file or link at *path*. Raises OSError."""

    def remove(self, path: str) -> None:
        """Remove *path* and everything below it."""

    def below(self, path: str) -> list[tuple[str, Entry]]:
        """Everything below *path*, sorted."""

    def device(self, name: str) -> DeviceInfo | None:
        """The device of that name."""

    def write_device(self, name: str, offset: int, data: bytes) -> None:
        """Write to a device. Raises OSError."""

    def read_device(self, name: str, length: int, offset: int = 0) -> bytes:
        """Bytes of a device. Raises OSError."""

    def freeze(self, deploy_id: str, *, frozen: bool) -> bool:
        """Freeze or thaw a guest; False where it has no agent."""

    def pause(self, deploy_id: str, *, paused: bool) -> None:
        """Pause a guest, or let it go on."""


class Steps:
    """Carries out steps on one host."""

    def __init__(self, host: OneHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    def perform(self, step: steps.Step) -> str:
        """The text of the step. Raises StepFailed, OSError."""
        return _PERFORM[type(step)](self, step) or ""

    def _make_directory(self, step: steps.MakeDirectory) -> None:
        self._host.make_directory(step.path)

    def _wait_for_device(self, step: steps.WaitForDevice) -> None:
        def large_enough() -> bool | None:
            found = self._host.device(step.device)
            return True if found is not None and found.size_bytes >= max(1, step.size_kib * 1024) else None

        try:
            wait_for(step.device, large_enough, self._clock, step.seconds)
        except Expired as expired:
            found = self._host.device(step.device)
            why = f"has {found.size_bytes} bytes" if found is not None else "did not appear"
            raise StepFailed(f"{step.device} {why}, waited {step.seconds:g} seconds") from expired

    def _link_device(self, step: steps.LinkDevice) -> str:
        if not isinstance(self._host.get(step.path), Link | None):
            raise StepFailed(f"{step.path} exists and is no link")
        target = step.alias if step.alias and self._appears(step.alias, step.device) else step.device
        self._host.put(step.path, Link(target))
        return target

    def _appears(self, alias: str, device: str) -> bool:
        def alike() -> bool | None:
            one, other = self._host.device(alias), self._host.device(device)
            return True if one is not None and other is not None and one.device == other.device else None

        try:
            return wait_for(alias, alike, self._clock, ALIAS_SECONDS)
        except Expired:
            return False

    def _unlink(self, step: steps.Unlink) -> None:
        if not isinstance(self._host.get(step.path), Link | None):
            raise StepFailed(f"{step.path} is no link")
        self._host.remove(step.path)

    def _remove_tree(self, step: steps.RemoveTree) -> str:
        if not re.fullmatch(r"(/[^/]+){4,}|/[^/]+/\d+/(\d+|backup)", step.path) or {".", ".."} & set(
            step.path.split("/")
        ):
            raise StepFailed(f"{step.path} is no path that may be removed")
        if self._keeps(step.path, step.unless):
            return "kept"
        self._host.remove(step.path)
        return ""

    def _keeps(self, directory: str, name: str) -> bool:
        return bool(name) and self._host.get(f"{directory}/{name}") is not None

    def _make_file(self, step: steps.MakeFile) -> None:
        found = self._host.get(step.path)
        if found is None:
            self._host.put(step.path, b"")
        elif not isinstance(found, bytes):
            raise StepFailed(f"{step.path} exists and is no plain file")

    def _file_exists(self, step: steps.FileExists) -> str:
        return "no" if self._host.get(step.path) is None else "yes"

    def _file_size(self, step: steps.FileSize) -> str:
        found = self._host.get(step.path)
        return str(len(found)) if isinstance(found, bytes) else ""

    def _remove_file(self, step: steps.RemoveFile) -> None:
        if not isinstance(self._host.get(step.path), bytes | None):
            raise StepFailed(f"{step.path} is no plain file")
        self._host.remove(step.path)

    def _count_links(self, step: steps.CountLinks) -> str:
        pattern = re.compile(re.escape(step.directory) + r"/[^/]+/[^/]+/disk\.[^/]*")
        links = [
            entry.target
            for path, entry in self._host.below(step.directory)
            if isinstance(entry, Link) and not f"{path}/".startswith(f"{step.path}/") and pattern.fullmatch(path)
        ]
        return str(sum(self._leads_to(target, step) for target in links))

    def _leads_to(self, target: str, step: steps.CountLinks) -> bool:
        if target in (step.device, step.alias):
            return True
        one, other = self._host.device(target), self._host.device(step.device)
        return one is not None and other is not None and one.device == other.device

    def _check_closed(self, step: steps.CheckClosed) -> str:
        found = self._host.device(step.device)
        return "open" if found is not None and found.is_open else "closed"

    def _make_file_system(self, step: steps.MakeFileSystem) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9.]*", step.kind):
            raise StepFailed(f"{step.kind} is no kind of file system")
        self._need(step.device)
        offset, signature = _SIGNATURES.get(step.kind, _EXT)
        self._host.write_device(step.device, offset, signature)

    def _make_qcow2(self, step: steps.MakeQcow2) -> None:
        self._need(step.device)
        self._host.write_device(step.device, 0, b"QFI\xfb")

    def _copy_device(self, step: steps.CopyDevice) -> None:
        source, target, size = self._need(step.source), self._need(step.device), step.size_kib * 1024
        for name, found in ((step.source, source), (step.device, target)):
            if found.size_bytes < size:
                raise StepFailed(f"{name} has {found.size_bytes} bytes and not {size}")
        for offset in range(0, target.size_bytes, PART):
            length = min(PART, target.size_bytes - offset)
            data = self._host.read_device(step.source, max(0, min(length, size - offset)), offset).ljust(length, b"\0")
            if data != self._host.read_device(step.device, length, offset):
                self._host.write_device(step.device, offset, data)

    def _export_device(self, step: steps.ExportDevice) -> None:
        """A file of the memory holds the whole content, as `qemu-img convert` would give it back."""
        found = self._need(step.device)
        if step.base:
            self._need(step.base)
        data = b"".join(
            self._host.read_device(step.device, min(PART, found.size_bytes - offset), offset)
            for offset in range(0, found.size_bytes, PART)
        )
        self._host.put(step.path, data)

    def _append_text(self, step: steps.AppendText) -> None:
        found = self._host.get(step.path)
        if not isinstance(found, bytes | None):
            raise StepFailed(f"{step.path} is no plain file")
        self._host.put(step.path, (found or b"") + step.text.encode())

    def _pause_guest(self, step: steps.PauseGuest) -> None:
        self._host.pause(step.deploy_id, paused=True)

    def _resume_guest(self, step: steps.ResumeGuest) -> None:
        self._host.pause(step.deploy_id, paused=False)

    def _need(self, device: str) -> DeviceInfo:
        found = self._host.device(device)
        if found is None:
            raise StepFailed(f"{device} is no block device of this host")
        return found

    def _stop_monitoring(self, step: steps.StopMonitoring) -> None:
        self._host.remove(f"{step.directory}/.monitor")

    def _freeze_guest(self, step: steps.FreezeGuest) -> str:
        return "frozen" if self._host.freeze(step.deploy_id, frozen=True) else "no agent"

    def _thaw_guest(self, step: steps.ThawGuest) -> None:
        self._host.freeze(step.deploy_id, frozen=False)

    def _device_size(self, step: steps.DeviceSize) -> str:
        return str(self._need(step.device).size_bytes)


_PERFORM: dict[type, Callable[[Steps, Any], str | None]] = {
    steps.MakeDirectory: Steps._make_directory,
    steps.WaitForDevice: Steps._wait_for_device,
    steps.LinkDevice: Steps._link_device,
    steps.Unlink: Steps._unlink,
    steps.RemoveTree: Steps._remove_tree,
    steps.MakeFile: Steps._make_file,
    steps.FileExists: Steps._file_exists,
    steps.FileSize: Steps._file_size,
    steps.RemoveFile: Steps._remove_file,
    steps.CountLinks: Steps._count_links,
    steps.CheckClosed: Steps._check_closed,
    steps.MakeFileSystem: Steps._make_file_system,
    steps.MakeQcow2: Steps._make_qcow2,
    steps.CopyDevice: Steps._copy_device,
    steps.ExportDevice: Steps._export_device,
    steps.AppendText: Steps._append_text,
    steps.PauseGuest: Steps._pause_guest,
    steps.ResumeGuest: Steps._resume_guest,
    steps.StopMonitoring: Steps._stop_monitoring,
    steps.FreezeGuest: Steps._freeze_guest,
    steps.ThawGuest: Steps._thaw_guest,
    steps.DeviceSize: Steps._device_size,
}
