"""The guests: they open the disks of their VM directory as a hypervisor does, write known blocks and read them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from entrypoints.sandbox.guests import OpenDisk
from entrypoints.sandbox.replay.blocks import BLOCK, block
from entrypoints.sandbox.replay.holdings import HeldDisk
from entrypoints.sandbox.replay.ledger import Key, Ledger
from entrypoints.sandbox.world import Sandbox


class DiskFailed(Exception):
    """A guest cannot open, read or write a disk; the text says which and why."""


@dataclass(frozen=True)
class Wanted:
    """A disk that a guest is given: what the holdings say, its path on the host, and whether it only reads it."""

    disk: HeldDisk
    path: str
    readonly: bool = False


class Opened:
    """An open disk, read and written in blocks."""

    def __init__(self, disk: OpenDisk) -> None:
        self._disk = disk

    @property
    def size(self) -> int:
        """Bytes of the device or file now."""
        return self._disk.handle.content.size if self._disk.handle is not None else self._disk.path.stat().st_size

    def read(self, offset: int) -> bytes:
        """The block at *offset*."""
        return self._disk.read(offset)

    def write(self, offset: int, data: bytes) -> None:
        """Write a block; it is safe when this returns."""
        self._disk.write(offset, data)

    def close(self) -> None:
        """Close it."""
        self._disk.close()


@dataclass
class Machine:
    """One guest. *disks*: what it has open, by disk id."""

    vm: int
    host: str
    disks: dict[int, tuple[Wanted, Opened]] = field(default_factory=dict)


class Machines:
    """All guests of the sandbox, and what they know of their disks."""

    def __init__(self, sandbox: Sandbox, ledger: Ledger) -> None:
        self._sandbox = sandbox
        self._ledger = ledger
        self._running: dict[int, Machine] = {}

    def machine(self, vm: int) -> Machine | None:
        """The guest of a VM, None when it does not run."""
        return self._running.get(vm)

    def running(self) -> list[int]:
        """The VMs whose guests run."""
        return sorted(self._running)

    def start(self, vm: int, host: str, wanted: Sequence[Wanted]) -> None:
        """Start a guest with all its disks, or not at all. Raises DiskFailed."""
        self.stop(vm)
        machine = Machine(vm, host)
        try:
            for each in wanted:
                machine.disks[each.disk.of.disk] = (each, self._open(host, each))
        except DiskFailed:
            _close(machine)
            raise
        self._running[vm] = machine
        self.work(vm)

    def stop(self, vm: int) -> None:
        """End a guest; one that does not run is fine."""
        machine = self._running.pop(vm, None)
        if machine is not None:
            _close(machine)

    def migrate(self, vm: int, host: str, wanted: Sequence[Wanted], mirror: Callable[[], None]) -> None:
        """Both ends have the disks open, the old one writes to the last, then the new one goes on.

        *mirror* copies what is no network disk, after the last write. Raises DiskFailed.
        """
        old = self._running[vm]
        new = Machine(vm, host)
        try:
            for each in wanted:
                new.disks[each.disk.of.disk] = (each, self._open(host, each))
            self.work(vm)
            mirror()
        except DiskFailed:
            _close(new)
            raise
        _close(old)
        self._running[vm] = new
        self.work(vm)

    def attach(self, vm: int, wanted: Wanted) -> None:
        """A running guest gets one more disk. Raises DiskFailed."""
        machine = self._running.get(vm)
        if machine is not None:
            machine.disks[wanted.disk.of.disk] = (wanted, self._open(machine.host, wanted))
            self.work(vm)

    def detach(self, vm: int, disk: int) -> None:
        """A running guest gives a disk back."""
        machine = self._running.get(vm)
        if machine is not None and disk in machine.disks:
            machine.disks.pop(disk)[1].close()

    def size(self, vm: int, disk: int) -> int | None:
        """How large a running guest sees its disk, in bytes."""
        machine = self._running.get(vm)
        return machine.disks[disk][1].size if machine is not None and disk in machine.disks else None

    def work(self, vm: int) -> None:
        """A guest writes one block to each of its disks, and reads it back. Raises DiskFailed."""
        machine = self._running.get(vm)
        for wanted, opened in machine.disks.values() if machine is not None else ():
            if not wanted.readonly:
                self._write(vm, wanted, opened)

    def _write(self, vm: int, wanted: Wanted, opened: Opened) -> None:
        number = self._ledger.next_write()
        offset = number * 7 % max(opened.size // BLOCK, 1) * BLOCK
        stamp = f"vm {vm} disk {wanted.disk.of.disk} write {number}"
        try:
            opened.write(offset, block(stamp))
        except OSError as error:
            raise DiskFailed(f"the guest of VM {vm} cannot write {wanted.path}: {error}") from error
        self._ledger.wrote(Ledger.key(wanted.disk), offset, stamp)
        if opened.read(offset) != block(stamp):
            raise DiskFailed(f"the guest of VM {vm} reads something else than it wrote at {offset} of {wanted.path}")

    def differences(self, vm: int) -> list[str]:
        """What a running guest reads that it, or who wrote before it, did not write."""
        machine = self._running.get(vm)
        found: list[str] = []
        for wanted, opened in machine.disks.values() if machine is not None else ():
            key: Key = Ledger.key(wanted.disk)
            found += [f"{wanted.path}: {each}" for each in self._ledger.differences(key, opened.read, opened.size)]
        return found

    # -- opening ----------------------------------------------------------------------------------

    def _open(self, host: str, wanted: Wanted) -> Opened:
        """Open `directory/disk.N` by the rules of the model, when it is the right volume."""
        directory, _, name = wanted.path.rpartition("/")
        if wanted.disk.volume is not None:
            self._check_volume(host, wanted)
        try:
            disk = int(name.removeprefix("disk."))
            return Opened(self._sandbox.guests.open_disk(host, directory, disk, write=not wanted.readonly))
        except OSError as error:
            raise DiskFailed(f"{wanted.path} on {host} cannot be opened: {error}") from error

    def _check_volume(self, host: str, wanted: Wanted) -> None:
        resource = linked_volume(self._sandbox, host, wanted.path)
        if resource is None:
            raise DiskFailed(f"{wanted.path} on {host} is no link to a device")
        if resource.lower() != (wanted.disk.volume or "").lower():
            raise DiskFailed(f"{wanted.path} on {host} is {resource}, not {wanted.disk.volume}")


def linked_volume(sandbox: Sandbox, host: str, path: str) -> str | None:
    """The volume whose device of *host* the link *path* names; None for a missing link or device."""
    place = sandbox.host_path(host, path)
    return sandbox.hosts.resource_of(sandbox.linstor, host, str(place)) if place.is_symlink() else None


def _close(machine: Machine) -> None:
    for _, opened in machine.disks.values():
        opened.close()
    machine.disks.clear()
