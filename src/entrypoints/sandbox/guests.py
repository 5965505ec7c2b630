"""Guests: small writers of numbered, checksummed blocks, which remember what they were told is safe."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.memory.linstor import Handle
from adapters.memory.linstor.model import LinstorModel
from entrypoints.sandbox.hosts import SandboxHosts

BLOCK = 4096


def block(vm: int, disk: int, number: int) -> bytes:
    """The block that a guest writes: who, where, which, and a checksum over it."""
    head = f"vm {vm} disk {disk} block {number} ".encode()
    return (head + hashlib.sha256(head).hexdigest().encode()).ljust(BLOCK, b".")


@dataclass
class OpenDisk:
    """A disk that a guest has open: a device through the model, or a plain file."""

    handle: Handle | None
    path: Path

    def read(self, offset: int) -> bytes:
        """One block."""
        if self.handle is not None:
            return self.handle.read(offset, BLOCK)
        with self.path.open("rb") as file:
            return os.pread(file.fileno(), BLOCK, offset)

    def write(self, offset: int, data: bytes) -> None:
        """One block, acknowledged on return."""
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
    """One VM: where it runs, what it has open, and what it wrote (disk -> offset -> data)."""

    vm: int
    host: str
    directory: str
    open: dict[int, OpenDisk] = field(default_factory=dict)
    written: dict[int, dict[int, bytes]] = field(default_factory=dict)
    count: int = 0


class Guests:
    """All VMs of a sandbox."""

    def __init__(self, model: LinstorModel, hosts: SandboxHosts) -> None:
        self._model = model
        self._hosts = hosts
        self.guests: dict[int, Guest] = {}

    def open_disk(self, host: str, directory: str, disk: int, *, write: bool) -> OpenDisk:
        """Open `directory/disk.N` of a host as qemu does. Raises OSError where that is refused."""
        path = self._hosts.path(host, f"{directory}/disk.{disk}")
        if not path.is_symlink():
            if not path.is_file():
                raise FileNotFoundError(f"{host}: {directory}/disk.{disk}")
            return OpenDisk(None, path)
        resource = self._hosts.resource_of(self._model, host, str(path))
        if resource is None:
            raise FileNotFoundError(f"{host}: {directory}/disk.{disk} leads nowhere")
        handle = self._model.devices.open(self._hosts.nodes[host], resource, write=write, label="guest")
        return OpenDisk(handle, path)

    def start(self, vm: int, host: str, directory: str, disks: Sequence[int], readonly: Sequence[int] = ()) -> Guest:
        """Start a VM: open all its disks. Raises OSError; nothing stays open then."""
        guest = self.guests.get(vm) or Guest(vm, host, directory)
        opened = self._open_all(host, directory, disks, readonly)
        guest.host, guest.directory, guest.open = host, directory, opened
        self.guests[vm] = guest
        return guest

    def _open_all(
        self, host: str, directory: str, disks: Sequence[int], readonly: Sequence[int]
    ) -> dict[int, OpenDisk]:
        opened: dict[int, OpenDisk] = {}
        try:
            for disk in disks:
                opened[disk] = self.open_disk(host, directory, disk, write=disk not in readonly)
        except OSError:
            for each in opened.values():
                each.close()
            raise
        return opened

    def stop(self, vm: int) -> None:
        """Stop a VM: close its disks; what it wrote is remembered."""
        guest = self.guests.get(vm)
        for each in guest.open.values() if guest else ():
            each.close()
        if guest:
            guest.open = {}

    def attach(self, vm: int, disk: int, *, readonly: bool = False) -> None:
        """Plug a disk into a running VM."""
        guest = self.guests[vm]
        guest.open[disk] = self.open_disk(guest.host, guest.directory, disk, write=not readonly)

    def detach(self, vm: int, disk: int) -> None:
        """Unplug a disk; what was written to it is forgotten with it."""
        guest = self.guests[vm]
        if disk in guest.open:
            guest.open.pop(disk).close()
        guest.written.pop(disk, None)

    def write(self, vm: int, disk: int, blocks: int = 4, *, first: int = 16) -> None:
        """Write numbered blocks; each is remembered once it is acknowledged."""
        guest = self.guests[vm]
        for _ in range(blocks):
            guest.count += 1
            offset = (first + guest.count % 64) * BLOCK
            data = block(vm, disk, guest.count)
            guest.open[disk].write(offset, data)
            guest.written.setdefault(disk, {})[offset] = data

    def lost(self, vm: int) -> list[str]:
        """What the guest was told is safe and cannot read any more."""
        guest = self.guests[vm]
        return [
            f"vm {vm} disk {disk}: block at {offset}"
            for disk, blocks in guest.written.items()
            if disk in guest.open
            for offset, data in blocks.items()
            if guest.open[disk].read(offset) != data
        ]

    def migrate(self, vm: int, target: str, directory: str, readonly: Sequence[int] = ()) -> None:
        """Move a running VM: the target opens while the source writes, then the source closes (linstor.md 5).

        Raises OSError where the target cannot open; the VM stays on the source then.
        """
        guest = self.guests[vm]
        incoming = self._open_all(target, directory, list(guest.open), readonly)
        for disk in guest.open:
            if disk not in readonly:
                self.write(vm, disk, 1)
        outgoing = guest.open
        guest.host, guest.directory, guest.open = target, directory, incoming
        for each in outgoing.values():
            each.close()
        for disk in incoming:
            if disk not in readonly:
                self.write(vm, disk, 1)

    def forget(self, vm: int) -> None:
        """The VM is gone."""
        self.stop(vm)
        self.guests.pop(vm, None)
