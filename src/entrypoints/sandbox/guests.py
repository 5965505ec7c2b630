"""Guests: small writers of numbered, checksummed blocks, which remember what they were told is safe."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.memory.linstor import Handle, LinstorModel
from entrypoints.sandbox.hosts import SandboxHosts

BLOCK = 4096
FIRST_BLOCK, BLOCKS_IN_USE = 16, 64
"""Guests write to this range of blocks, over and over: the first blocks stay as the image has them."""


def block(vm: int, disk: int, number: int) -> bytes:
    """The block that a guest writes: who, where, which, and a checksum over it."""
    head = f"vm {vm} disk {disk} block {number} ".encode()
    return (head + hashlib.sha256(head).hexdigest().encode()).ljust(BLOCK, b".")


@dataclass
class OpenDisk:
    """A disk that a guest has open: a device through the model, or the plain file *path*."""

    handle: Handle | None
    path: Path

    def read(self, offset: int) -> bytes:
        """One block."""
        if self.handle is not None:
            return self.handle.read(offset, BLOCK)
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), BLOCK, offset)

    def write(self, offset: int, data: bytes) -> None:
        """One block, acknowledged on return. Raises OSError."""
        if self.handle is not None:
            self.handle.write_at(offset, data)
            return
        with self.path.open("r+b") as file:
            os.pwrite(file.fileno(), data, offset)

    def close(self) -> None:
        """Close it."""
        if self.handle is not None:
            self.handle.close()


@dataclass
class Guest:
    """One VM: where it runs, what it has open, and what it wrote (disk -> offset -> data).

    *incoming* is what the target of a running migration has open; *readonly* are disks that it only reads.
    """

    vm: int
    host: str
    directory: str
    readonly: frozenset[int]
    open: dict[int, OpenDisk] = field(default_factory=dict)
    incoming: dict[int, OpenDisk] = field(default_factory=dict)
    written: dict[int, dict[int, bytes]] = field(default_factory=dict)
    frozen: bool = False
    count: int = 0

    @property
    def domain(self) -> str:
        """What the hypervisor calls it, the DEPLOY_ID of the VM."""
        return f"one-{self.vm}"


class Guests:
    """All VMs of a sandbox."""

    def __init__(self, model: LinstorModel, hosts: SandboxHosts) -> None:
        self._model = model
        self._hosts = hosts
        self.guests: dict[int, Guest] = {}

    # -- disks ----------------------------------------------------------------------------------

    def open_disk(self, host: str, directory: str, disk: int, *, write: bool) -> OpenDisk:
        """Open `directory/disk.N` of a host as qemu does. Raises OSError where that is refused."""
        path = self._hosts.path(host, f"{directory}/disk.{disk}")
        if not path.is_symlink():
            if not path.is_file():
                raise FileNotFoundError(f"{host}: {directory}/disk.{disk} does not exist")
            return OpenDisk(None, path)
        resource = self._hosts.resource_of(self._model, host, str(path))
        if resource is None:
            raise FileNotFoundError(f"{host}: {directory}/disk.{disk} leads nowhere")
        handle = self._model.devices.open(self._hosts.nodes[host], resource, write=write, label="guest")
        return OpenDisk(handle, path)

    def _open_all(
        self, host: str, directory: str, disks: Collection[int], readonly: Collection[int]
    ) -> dict[int, OpenDisk]:
        opened: dict[int, OpenDisk] = {}
        try:
            for disk in disks:
                opened[disk] = self.open_disk(host, directory, disk, write=disk not in readonly)
        except OSError:
            _close(opened)
            raise
        return opened

    # -- life -----------------------------------------------------------------------------------

    def start(
        self, vm: int, host: str, directory: str, disks: Collection[int], readonly: Collection[int] = ()
    ) -> Guest:
        """Start a VM: open all its disks. Raises OSError; nothing stays open then."""
        opened = self._open_all(host, directory, disks, readonly)
        written = self.guests[vm].written if vm in self.guests else {}
        count = self.guests[vm].count if vm in self.guests else 0
        self.guests[vm] = Guest(vm, host, directory, frozenset(readonly), opened, {}, written, count=count)
        return self.guests[vm]

    def stop(self, vm: int) -> None:
        """Stop a VM: close its disks; what it wrote is remembered."""
        guest = self.guests.get(vm)
        if guest is not None:
            _close(guest.open)
            _close(guest.incoming)

    def attach(self, vm: int, disk: int, *, readonly: bool = False) -> None:
        """Plug a disk into a running VM. Raises OSError."""
        guest = self.guests[vm]
        guest.open[disk] = self.open_disk(guest.host, guest.directory, disk, write=not readonly)
        guest.readonly |= {disk} if readonly else set()

    def detach(self, vm: int, disk: int) -> None:
        """Unplug a disk; what was written to it is forgotten with it."""
        guest = self.guests[vm]
        if disk in guest.open:
            guest.open.pop(disk).close()
        guest.written.pop(disk, None)

    # -- data -----------------------------------------------------------------------------------

    def write(self, vm: int, disk: int, blocks: int = 4) -> None:
        """Write numbered blocks; each is remembered once it is acknowledged. Raises OSError, also while frozen."""
        guest = self.guests[vm]
        if guest.frozen:
            raise BlockingIOError(f"the file systems of vm {vm} are frozen")
        for _ in range(blocks):
            guest.count += 1
            offset = (FIRST_BLOCK + guest.count % BLOCKS_IN_USE) * BLOCK
            data = block(vm, disk, guest.count)
            guest.open[disk].write(offset, data)
            guest.written.setdefault(disk, {})[offset] = data

    def write_all(self, vm: int, blocks: int = 1) -> None:
        """Write to every disk that is not read-only."""
        for disk in set(self.guests[vm].open) - self.guests[vm].readonly:
            self.write(vm, disk, blocks)

    def lost(self, vm: int) -> list[str]:
        """What the guest was told is safe and cannot read any more."""
        guest = self.guests[vm]
        return [
            f"vm {vm} disk {disk}: block at {offset}"
            for disk, opened in guest.open.items()
            for offset in differing(opened, guest.written.get(disk, {}))
        ]

    def _of_domain(self, domain: str) -> Guest | None:
        return next((each for each in self.guests.values() if each.open and each.domain == domain), None)

    def freeze(self, domain: str) -> bool:
        """Freeze the file systems of a running guest; whether there is one."""
        return self._set_frozen(domain, frozen=True)

    def thaw(self, domain: str) -> bool:
        """Thaw them; whether there is such a guest."""
        return self._set_frozen(domain, frozen=False)

    def _set_frozen(self, domain: str, *, frozen: bool) -> bool:
        guest = self._of_domain(domain)
        if guest is not None:
            guest.frozen = frozen
        return guest is not None

    # -- migration ------------------------------------------------------------------------------

    def begin_migration(self, vm: int, target: str, directory: str) -> None:
        """The target opens all disks while the source goes on writing (linstor.md 5). Raises OSError."""
        guest = self.guests[vm]
        guest.incoming = self._open_all(target, directory, guest.open, guest.readonly)
        self.write_all(vm)

    def finish_migration(self, vm: int, target: str, directory: str) -> None:
        """The source closes its disks, and the guest goes on writing on the target."""
        guest = self.guests[vm]
        _close(guest.open)
        guest.host, guest.directory = target, directory
        guest.open, guest.incoming = guest.incoming, {}
        self.write_all(vm)

    def cancel_migration(self, vm: int) -> None:
        """The target closes its disks, and the guest stays where it is."""
        _close(self.guests[vm].incoming)

    def forget(self, vm: int) -> None:
        """The VM is gone."""
        self.stop(vm)
        self.guests.pop(vm, None)


def differing(disk: OpenDisk, expected: Mapping[int, bytes]) -> list[int]:
    """The offsets at which *disk* does not hold what is *expected* there."""
    return [offset for offset, data in expected.items() if disk.read(offset) != data]


def _close(disks: dict[int, OpenDisk]) -> None:
    for each in disks.values():
        each.close()
    disks.clear()
