"""Guests on hosts in memory, and the hypervisor's part in their lives (opennebula.md 3.4, 3.7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapters.memory.file_tree import Directory, Link
from adapters.memory.hosts import MemoryHost, MemoryHosts
from adapters.memory.linstor import LinstorModel
from entrypoints.sandbox.documents import VmDocument
from entrypoints.sandbox.guests import Guests, OpenDisk


def plain(path: object) -> str:
    """The path as hosts know it; oned writes one slash too many."""
    return re.sub(r"/{2,}", "/", str(path))


@dataclass
class RememberedDisk(OpenDisk):
    """A disk whose acknowledged writes are told to *acknowledged* (volume, offset, data)."""

    acknowledged: Callable[[str, int, bytes], None] = lambda _volume, _offset, _data: None

    def write(self, offset: int, data: bytes) -> None:
        """One block, acknowledged on return. Raises OSError."""
        if self.handle is not None:
            self.handle.write_at(offset, data)
            self.acknowledged(self.handle.resource, offset, data)


class MemoryGuests(Guests):
    """Guests whose disks are links in the memory of hosts. *must_hold*: volume -> offset -> what is safe there.

    *common*: volumes that several guests write, so that none of them finds only its own blocks.
    """

    def __init__(self, model: LinstorModel, hosts: MemoryHosts) -> None:
        self._model = model
        self._memory = hosts
        self.guests = {}
        self.must_hold: dict[str, dict[int, bytes]] = {}
        self.common: set[str] = set()

    def write(self, vm: int, disk: int, blocks: int = 4) -> None:
        """See the base class."""
        super().write(vm, disk, blocks)
        handle = self.guests[vm].open[disk].handle
        if handle is not None and handle.resource in self.common:
            self.guests[vm].written.pop(disk)

    def open_disk(self, host: str, directory: str, disk: int, *, write: bool) -> OpenDisk:
        """Open `directory/disk.N` as qemu does. Raises OSError where that is refused."""
        path = plain(f"{directory}/disk.{disk}")
        entry = self._memory.host(host).get(path)
        if isinstance(entry, bytes):
            return RememberedDisk(None, Path(path))
        volume = self._volume_behind(entry.target) if isinstance(entry, Link) else None
        if volume is None:
            raise FileNotFoundError(f"{host}: {path} leads nowhere")
        handle = self._model.devices.open(host, volume, write=write, label="guest")
        return RememberedDisk(handle, Path(path), self._remember)

    def begin_migration(self, vm: int, target: str, directory: str) -> None:
        """See the base class; where the guest cannot write any more the target closes everything again."""
        try:
            super().begin_migration(vm, target, directory)
        except OSError:
            self.cancel_migration(vm)
            raise

    def host_dies(self, host: str) -> None:
        """Everything that was open there is closed without a word."""
        self._model.devices.close_all(host)
        for guest in self.guests.values():
            if guest.host == host:
                guest.open.clear()

    def _volume_behind(self, device: str) -> str | None:
        for name, each in self._model.state.definitions.items():
            if device in (f"/dev/drbd/by-res/{name}/0", f"/dev/drbd{each.volumes[0].minor}"):
                return name
        return None

    def _remember(self, volume: str, offset: int, data: bytes) -> None:
        self.must_hold.setdefault(volume, {})[offset] = data


class MemoryHypervisor:
    """Starts, moves and ends guests. *silent*: whether a host does not answer."""

    def __init__(self, hosts: MemoryHosts, guests: MemoryGuests, silent: Callable[[str], bool]) -> None:
        self._hosts = hosts
        self._guests = guests
        self._silent = silent

    def _reach(self, *hosts: str) -> None:
        """Raises OSError."""
        for host in filter(self._silent, hosts):
            raise ConnectionError(f"{host} does not answer")

    def deploy(self, vm: VmDocument, directory: str) -> None:
        """Write the files of the VM directory, and start the guest with all its disks. Raises OSError."""
        self._reach(vm.now.host)
        host, place = self._hosts.host(vm.now.host), plain(directory)
        host.make_directory(place)
        host.put(f"{place}/vm.xml", vm.xml().encode())
        host.agents.add(f"one-{vm.identity}")
        context = [] if vm.context_disk is None else [vm.context_disk]
        disks = [*vm.disks, *context]
        self._guests.start(vm.identity, vm.now.host, directory, disks, readonly=[*context, *_readonly(vm)])

    def migrate(self, vm: VmDocument, source: str, directory: str) -> None:
        """Hand the guest over from *source*; on an error it stays there. Raises OSError."""
        self._reach(source, vm.now.host)
        if not self._guests.guests[vm.identity].open:
            raise ProcessLookupError(f"vm {vm.identity} does not run")
        self._guests.begin_migration(vm.identity, vm.now.host, directory)
        self._hosts.host(vm.now.host).agents.add(f"one-{vm.identity}")
        self._guests.finish_migration(vm.identity, vm.now.host, directory)


def _readonly(vm: VmDocument) -> list[int]:
    return [disk for disk, values in vm.disks.items() if values.get("READONLY") == "YES"]


def copy_directory(source: MemoryHost, target: MemoryHost, path: str) -> None:
    """What tar and ssh carry: files and links of *path*, in place of what was there."""
    if source is target or source.get(path) is None:
        return
    target.remove(path)
    target.make_directory(path)
    for name, entry in source.below(path):
        if isinstance(entry, Directory):
            target.make_directory(name)
        else:
            target.put(name, entry)
    source.remove(path)
