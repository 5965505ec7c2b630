"""The guests: they open the disks of their VM directory as a hypervisor does, write blocks, and read back what was
written by whomever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from entrypoints.sandbox.guests import Guest, OpenDisk
from entrypoints.sandbox.replay.holdings import HeldDisk
from entrypoints.sandbox.replay.ledger import Ledger
from entrypoints.sandbox.world import Sandbox


class DiskFailed(Exception):
    """A guest cannot open, read or write a disk; the text says which and why."""


@dataclass(frozen=True)
class Wanted:
    """A disk that a guest is given: what the holdings say, the directory on the host, and whether it only reads it."""

    disk: HeldDisk
    directory: str
    readonly: bool = False

    @property
    def number(self) -> int:
        """The disk id."""
        return self.disk.of.disk

    @property
    def path(self) -> str:
        """The path on the host."""
        return f"{self.directory}/disk.{self.number}"


class Machines:
    """All guests of the sandbox, and what they know of their disks."""

    def __init__(self, sandbox: Sandbox, ledger: Ledger) -> None:
        self._sandbox = sandbox
        self._guests = sandbox.guests
        self._ledger = ledger
        self._disks: dict[int, dict[int, HeldDisk]] = {}

    def running(self) -> list[int]:
        """The VMs whose guests run."""
        return sorted(self._disks)

    def runs(self, vm: int) -> bool:
        """Whether the guest of a VM runs."""
        return vm in self._disks

    def start(self, vm: int, host: str, directory: str, wanted: Sequence[Wanted]) -> None:
        """Start a guest with all its disks, or not at all. Raises DiskFailed."""
        self.stop(vm)
        self._check(host, wanted)
        with _told(vm, host):
            self._guests.start(vm, host, directory, *_numbers(wanted))
        self._disks[vm] = {each.number: each.disk for each in wanted}
        self.work(vm)

    def stop(self, vm: int) -> None:
        """End a guest; one that does not run is fine."""
        if self._disks.pop(vm, None) is not None:
            self._guests.forget(vm)

    def migrate(self, vm: int, host: str, directory: str, wanted: Sequence[Wanted], mirror: Callable[[], None]) -> None:
        """Both ends have the disks open, the old one writes to the last, then the new one goes on.

        *mirror* copies what is no network disk, after the last write. Raises DiskFailed: then it goes on where it was.
        """
        self._check(host, wanted)
        try:
            with _told(vm, host):
                self._guests.begin_migration(vm, host, directory)
                self._learn(vm)
                mirror()
        except DiskFailed:
            self._guests.cancel_migration(vm)
            raise
        with _told(vm, host):
            self._guests.finish_migration(vm, host, directory)
        self._learn(vm)

    def attach(self, vm: int, host: str, wanted: Wanted) -> None:
        """A running guest gets one more disk. Raises DiskFailed."""
        if not self.runs(vm):
            return
        self._check(host, [wanted])
        with _told(vm, host):
            self._guests.attach(vm, wanted.number, readonly=wanted.readonly)
        self._disks[vm][wanted.number] = wanted.disk
        self.work(vm)

    def detach(self, vm: int, disk: int) -> None:
        """A running guest gives a disk back."""
        if self._disks.get(vm, {}).pop(disk, None) is not None:
            self._guests.detach(vm, disk)

    def size(self, vm: int, disk: int) -> int | None:
        """How large a running guest sees its disk, in bytes."""
        return _size(self._guests.guests[vm].open[disk]) if disk in self._disks.get(vm, {}) else None

    def work(self, vm: int) -> None:
        """A running guest writes to each of its disks. Raises DiskFailed."""
        if self.runs(vm):
            with _told(vm, self._guests.guests[vm].host):
                self._guests.write_all(vm)
            self._learn(vm)

    def _learn(self, vm: int) -> None:
        """What the guest was told is safe goes into the ledger, which knows of reverts and copies."""
        guest = self._guests.guests[vm]
        for disk, blocks in guest.written.items():
            self._ledger.wrote(Ledger.key(self._disks[vm][disk]), blocks)
        guest.written.clear()

    def differences(self, vm: int) -> list[str]:
        """What a running guest reads that neither it, nor who wrote before it, has written."""
        guest: Guest | None = self._guests.guests.get(vm)
        found: list[str] = []
        for disk, opened in guest.open.items() if guest is not None else ():
            key = Ledger.key(self._disks[vm][disk])
            found += [
                f"disk {disk} of VM {vm}: {each}" for each in self._ledger.differences(key, opened.read, _size(opened))
            ]
        return found

    def _check(self, host: str, wanted: Sequence[Wanted]) -> None:
        """Each link names the device of the right volume. Raises DiskFailed."""
        for each in wanted:
            if each.disk.volume is None:
                continue
            resource = linked_volume(self._sandbox, host, each.path)
            if resource is None:
                raise DiskFailed(f"{each.path} on {host} is no link to a device")
            if resource.lower() != each.disk.volume.lower():
                raise DiskFailed(f"{each.path} on {host} is {resource}, not {each.disk.volume}")


def linked_volume(sandbox: Sandbox, host: str, path: str) -> str | None:
    """The volume whose device of *host* the link *path* names; None for a missing link or device."""
    place = sandbox.host_path(host, path)
    return sandbox.hosts.resource_of(sandbox.linstor, host, str(place)) if place.is_symlink() else None


def _size(disk: OpenDisk) -> int:
    """Bytes of the device or file as it is now."""
    return disk.handle.content.size if disk.handle is not None else disk.path.stat().st_size


def _numbers(wanted: Sequence[Wanted]) -> tuple[list[int], list[int]]:
    """The disk ids, and those that are only read."""
    return [each.number for each in wanted], [each.number for each in wanted if each.readonly]


@contextmanager
def _told(vm: int, host: str) -> Iterator[None]:
    """A refusal of the kernel, in words of the guest."""
    try:
        yield
    except OSError as error:
        raise DiskFailed(f"the guest of VM {vm} on {host}: {error}") from error
