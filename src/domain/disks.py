"""Disks of VMs begin and end: clone, ln, mkimage, mkswap, mvds, delete (opennebula.md 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from domain import marks as marking
from domain.attachment import Attachment
from domain.debts import Debts
from domain.errors import BadOrder, ForeignVolume, HostUnreachable, OnedError, OnedRefused
from domain.healing import Healing
from domain.legacy_contexts import LegacyContexts
from domain.lifetime import Lifetime, existing
from domain.names import DiskOf, VolumeName, copy_of_source, disk_of, volatile_volume, volume_name
from domain.opennebula import Disk, Vm
from domain.orders import CloneDisk, DeleteDirectory, DeleteDisk, LinkDisk, MakeVolatile, Place, ReleaseDisk
from domain.ports import Hosts, Locks, Oned
from domain.sizes import Sizes
from domain.steps import (
    CountLinks,
    LinkDevice,
    MakeDirectory,
    MakeFileSystem,
    MakeQcow2,
    RemoveTree,
    Step,
    StopMonitoring,
    Unlink,
    WaitForDevice,
)
from domain.storage import Storage, Storages
from domain.undoing import undoing
from domain.volumes import Deployment, on_host

if TYPE_CHECKING:
    from domain.parting import Parting

DRIVER = "linstor"
FILLINGS = ("swap", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "ntfs")
"""What `mkimage` may be told instead of a format: before 6.0 a disk has no FS, its FORMAT names the file system."""


def own_volume(disk: Disk, of: DiskOf) -> VolumeName | None:
    """The volume that belongs to this disk alone; None where the disk is an image's own volume."""
    if disk.volatile:
        return volatile_volume(of)
    return copy_of_source(volume_name(disk.source), of) if disk.clone else None


def volume_of(disk: Disk, of: DiskOf) -> VolumeName:
    """The volume behind a disk, its own or the image's."""
    return own_volume(disk, of) or volume_name(disk.source)


def disk_datastore(disk: Disk, system: int) -> int:
    """The datastore that the disk's volume is in: volatile disks are in the VM's system datastore."""
    return system if disk.volatile or disk.datastore_id is None else disk.datastore_id


def link_steps(here: Deployment, place: Place, size_kib: int, seconds: float) -> list[Step]:
    """What makes a deployed volume a disk of a VM on its host."""
    device = str(here.device)
    return [
        MakeDirectory(place.directory),
        WaitForDevice(device, size_kib, seconds),
        LinkDevice(device, place.path, here.alias),
    ]


def other_links(place: Place, here: Deployment, beside: str = "") -> CountLinks | None:
    """The question how many disks of the host lead to the same device beside that at *place*, or those in *beside*.

    None where there is no device.
    """
    if here.device is None:
        return None
    datastores = str(PurePosixPath(place.directory).parent.parent)
    return CountLinks(datastores, here.device, here.alias, beside or place.path)


class Disks:
    """The rules for one disk of one VM."""

    def __init__(
        self,
        storages: Storages,
        oned: Oned,
        hosts: Hosts,
        locks: Locks,
        attachment: Attachment,
        lifetime: Lifetime,
        healing: Healing,
        debts: Debts,
        legacy_contexts: LegacyContexts,
        sizes: Sizes,
        parting: Callable[[], Parting],
    ) -> None:
        self._storages = storages
        self._oned = oned
        self._hosts = hosts
        self._locks = locks
        self._attachment = attachment
        self._lifetime = lifetime
        self._healing = healing
        self._debts = debts
        self._legacy_contexts = legacy_contexts
        self._sizes = sizes
        self._parting = parting

    def clone(self, order: CloneDisk) -> None:
        """Give the disk a private copy of the image, grown to the disk's size before anybody links it."""
        vm = self._oned.vm(order.of.vm)
        disk = known_disk(vm, order.of)
        storage = self._storages.of(order.datastore_id).placing_by(disk.attributes, vm.attributes)
        target = copy_of_source(order.source, order.of)
        marks = marking.for_disk(order.of, vm.seq, order.source)
        size_kib = disk.size_mib * 1024
        with self._locks.hold([target], storage.settings.limits.lock), undoing() as undo:
            new = self._lifetime.copy(storage, order.source, target, marks, undo, user=order.place.host)
            if disk.size_mib > disk.original_size_mib:
                self._sizes.grow_copy(storage, target, size_kib, new=new)
            storage.cluster.attach(target, order.place.host)
            here = self._attachment.read_back(storage, target, order.place.host)
            self._link(storage, here, order.place, size_kib, vm)

    def link(self, order: LinkDisk) -> None:
        """Make the image's own volume the disk. Raises UnknownVolume, BeingDeleted; no empty volume is ever made."""
        storage = self._storages.of(order.datastore_id)
        with self._locks.hold([order.source], storage.settings.limits.lock), undoing() as undo:
            definition = existing(storage, order.source)
            self._debts.settle(storage, definition, order.place)
            self._healing.heal(storage, definition, [order.place.host])
            here = self._attachment.ensure(storage, order.source, order.place.host, undo)
            self._link(storage, here, order.place, 0, None)

    def make_volatile(self, order: MakeVolatile) -> None:
        """Make a volatile disk, with the file system that oned wants on it."""
        vm = self._oned.vm(order.of.vm)
        disk = vm.disk(order.of.disk)
        own = disk.attributes if disk is not None else {}
        storage = self._storages.of(order.datastore_id).placing_by(own, vm.attributes)
        volume = volatile_volume(order.of)
        size_kib = _volume_kib(order)
        with self._locks.hold([volume], storage.settings.limits.lock), undoing() as undo:
            self._lifetime.create(storage, volume, size_kib, marking.for_disk(order.of, vm.seq), undo)
            here = self._attachment.ensure(storage, volume, order.place.host, undo)
            self._link(storage, here, order.place, size_kib, vm, _filling(order, here, disk))

    def _link(
        self,
        storage: Storage,
        here: Deployment,
        place: Place,
        size_kib: int,
        vm: Vm | None,
        filling: Sequence[Step] = (),
    ) -> None:
        steps = [*link_steps(here, place, size_kib, storage.settings.limits.device), *filling]
        if vm is not None and vm.history and vm.history[-1].tm_mad == DRIVER:
            # a shared system datastore is measured by oned itself (opennebula.md 8.3 no. 21)
            steps.append(StopMonitoring(str(PurePosixPath(place.directory).parent)))
        self._hosts.run(place.host, steps)

    def release(self, order: ReleaseDisk) -> None:
        """A persistent disk ends: its link and its attachment go, its volume and data stay."""
        storage = self._storages.of(order.datastore_id)
        with self._locks.hold([order.source], storage.settings.limits.lock):
            self._release(storage, order.source, order.place, order.of)

    def _release(self, storage: Storage, volume: VolumeName, place: Place, of: DiskOf) -> None:
        definition = storage.cluster.definitions([volume]).get(volume)
        if definition is None:
            self._unlink(place)
            return
        self._healing.heal(storage, definition, [place.host])
        self._debts.settle(storage, definition, place)
        if not marking.UNFINISHED.isdisjoint(definition.marks):
            self._parting().part(storage, definition, of.vm)
        here = on_host(storage.cluster.deployments([volume])[volume], place.host)
        if self._users_left(storage, volume, place, here, of) == 0 and here is not None:
            self._attachment.release(storage, volume, place.host)

    def _users_left(
        self, storage: Storage, volume: VolumeName, place: Place, here: Deployment | None, of: DiskOf
    ) -> int:
        """Remove the link; how many other disks of the host use the same device.

        A dead host does not block. It cannot tell who uses a common image, so that somebody may.
        """
        count = other_links(place, here) if here is not None else None
        try:
            told = self._hosts.run(place.host, [Unlink(place.path), *([count] if count is not None else [])])
        except HostUnreachable:
            self._debts.write_down(storage, volume, place)
            return int(self._may_be_common(of))
        return int(told[-1]) if count is not None else 0

    def _may_be_common(self, of: DiskOf) -> bool:
        disk = self._disk(of)
        return disk is None or disk.common

    def _unlink(self, place: Place) -> None:
        """Remove the link to a volume that is gone; a dead host does not block, and nothing can carry its debt."""
        with suppress(HostUnreachable):
            self._hosts.run(place.host, [Unlink(place.path)])

    def delete(self, order: DeleteDisk) -> None:
        """A disk ends. Its own volume is destroyed; an image's volume is only taken off the host (rule 3)."""
        storage = self._storages.of(order.datastore_id)
        disk = self._disk(order.of)
        volume = own_volume(disk, order.of) if disk is not None else self._marked(storage, order.of)
        if volume is None:
            if disk is not None:
                image = volume_name(disk.source)
                with self._locks.hold([image], storage.settings.limits.lock):
                    self._release(storage, image, order.place, order.of)
            else:
                self._unlink(order.place)
            return
        with self._locks.hold([volume], storage.settings.limits.lock):
            self._destroy(storage, volume, order)
            self._unlink(order.place)

    def _destroy(self, storage: Storage, volume: VolumeName, order: DeleteDisk) -> None:
        """Destroy the volume of this disk and of no other. Raises ForeignVolume, VolumeInUse.

        Nobody knows of its debts afterwards, so they are settled first.
        """
        of = order.of
        if disk_of(volume) != of:
            raise ForeignVolume(volume, f"vm {of.vm} disk {of.disk}")
        found = storage.cluster.definitions([volume]).get(volume)
        if found is None:
            return
        if marking.of_other_disk(found.marks, of):
            raise ForeignVolume(volume, f"its marks say vm {found.marks.get(marking.VM)}")
        self._debts.settle(storage, found, order.place)
        self._lifetime.delete(storage, volume)

    def _disk(self, of: DiskOf) -> Disk | None:
        """What oned says of the disk; None when it does not know the VM or the disk any more."""
        try:
            return self._oned.vm(of.vm).disk(of.disk)
        except OnedRefused as refused:
            if refused.missing:
                return None
            raise
        except OnedError:
            return None

    @staticmethod
    def _marked(storage: Storage, of: DiskOf) -> VolumeName | None:
        """The disk's own volume by its marks, for when oned cannot tell what the disk is."""
        wanted: Mapping[str, str] = {marking.VM: str(of.vm), marking.DISK: str(of.disk)}
        names = [each.name for each in storage.cluster.definitions_marked(wanted) if disk_of(each.name) == of]
        return names[0] if len(names) == 1 else None

    def delete_directory(self, order: DeleteDirectory) -> None:
        """The VM directory ends, with the context and whatever files are left. A dead host does not block."""
        if PurePosixPath(order.place.path).name != str(order.vm_id):
            raise BadOrder(f"{order.place.path} is not the directory of VM {order.vm_id}; nothing was removed")
        with suppress(HostUnreachable):
            self._hosts.run(order.place.host, [RemoveTree(order.place.path)])
        self._legacy_contexts.end(order.vm_id, order.datastore_id)


def known_disk(vm: Vm, of: DiskOf) -> Disk:
    """What oned says of a disk. Raises BadOrder when it says nothing."""
    disk = vm.disk(of.disk)
    if disk is None:
        raise BadOrder(f"VM {of.vm} has no disk {of.disk} in oned; the order cannot tell how large it must be")
    return disk


def _volume_kib(order: MakeVolatile) -> int:
    """Size of the volume: a qcow2 image needs room for its tables, at most 1/4096 of it and a little."""
    size_kib = order.size_mib * 1024
    return size_kib + size_kib // 4096 + 1024 if order.format == "qcow2" else size_kib


def _filling(order: MakeVolatile, here: Deployment, disk: Disk | None) -> list[Step]:
    """What is put on the disk. Raises BadOrder for a format that this driver cannot make."""
    device = str(here.device)
    if order.format == "qcow2":
        return [MakeQcow2(device, order.size_mib * 1024)]
    if order.format not in ("", "raw", *FILLINGS):
        raise BadOrder(
            f"disk {order.of.disk} of VM {order.of.vm} wants format {order.format}; "
            f"raw, qcow2, {', '.join(FILLINGS)} exist"
        )
    kind = order.format if order.format in FILLINGS else disk.file_system if disk is not None else ""
    return [MakeFileSystem(device, kind)] if kind else []
