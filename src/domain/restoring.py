"""Disks of a VM that is powered off get what a backup has (opennebula.md 5.6).

All files are there before the first disk is written over, and a disk is written over as by a revert: what it held
before comes back where that fails, and a disk that is half written is no disk (:mod:`domain.rewriting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from domain.attachment import Attachment
from domain.disks import disk_datastore, known_disk, volume_of
from domain.errors import BadOrder
from domain.lifetime import Lifetime
from domain.names import DiskOf, HostName, VolumeName, revert_volume
from domain.opennebula import Disk, Vm
from domain.orders import Place, RestoreDisks
from domain.ports import BackupStores, FetchedImage, ImageSource, Locks, Oned, Sources
from domain.rewriting import Rewriting
from domain.safe_paths import refuse_unsafe
from domain.sizes import Sizes
from domain.snapshots import Snapshots
from domain.staging import limit_bandwidth, staging_directory
from domain.storage import Storage, Storages
from domain.undoing import Undo
from domain.volumes import Deployment, Role


class Restoring:
    """`restore`."""

    def __init__(
        self,
        storages: Storages,
        oned: Oned,
        stores: BackupStores,
        sources: Sources,
        locks: Locks,
        attachment: Attachment,
        lifetime: Lifetime,
        snapshots: Snapshots,
        rewriting: Rewriting,
        sizes: Sizes,
    ) -> None:
        self._storages = storages
        self._oned = oned
        self._stores = stores
        self._sources = sources
        self._locks = locks
        self._attachment = attachment
        self._lifetime = lifetime
        self._snapshots = snapshots
        self._rewriting = rewriting
        self._sizes = sizes

    def restore(self, order: RestoreDisks) -> None:
        """Write the disk of the order, or all that the backup has and the VM still has.

        Raises BadOrder, SourceUnreadable, and what a revert raises; a disk that failed is as it was then.
        """
        vm = self._oned.vm(order.vm_id)
        files = _wanted(order, vm, self._stores.files(order.vm_id, order.image_id, order.increment))
        with ExitStack() as fetching:
            fetched = {
                number: fetching.enter_context(self._sources.fetch(self._source(vm, number, url, order)))
                for number, url in files.items()
            }
            disks = [known_disk(vm, DiskOf(vm.vm_id, number)) for number in fetched]
            for disk in disks:
                self._restore(order.place, vm, disk, fetched[disk.disk_id])
            for disk in disks:
                self._drop_forgotten(vm, disk)

    def _source(self, vm: Vm, number: int, url: str, order: RestoreDisks) -> ImageSource:
        """How to fetch the file. Raises SourceRefused."""
        disk = known_disk(vm, DiskOf(vm.vm_id, number))
        datastore = self._oned.datastore(disk_datastore(disk, vm.history[-1].datastore_id))
        refuse_unsafe(url, datastore, self._sources)
        return ImageSource(
            url,
            limit_bandwidth=limit_bandwidth(datastore),
            no_decompress=True,
            staging_directory=staging_directory(datastore),
        )

    def _restore(self, directory: Place, vm: Vm, disk: Disk, image: FetchedImage) -> None:
        storage, volume = self._about(vm, disk)
        place = Place(directory.host, f"{directory.path}/disk.{disk.disk_id}")
        with self._locks.hold([volume], storage.settings.limits.lock):
            size_kib = -(-image.size_bytes // 1024)
            self._make_room(storage, volume, size_kib)

            def lay_out(host: HostName, undo: Undo) -> Deployment:
                return self._laid_out(storage, volume, size_kib, image, host, undo)

            self._rewriting.write_over(storage, volume, place, lay_out, size_kib)

    def _drop_forgotten(self, vm: Vm, disk: Disk) -> None:
        """Of a copy oned forgets the snapshots, and counts from 0 again: but only when all disks are restored."""
        storage, volume = self._about(vm, disk)
        if disk.clone:
            with self._locks.hold([volume], storage.settings.limits.lock):
                self._snapshots.delete_younger(storage, volume, -1)

    def _make_room(self, storage: Storage, volume: VolumeName, size_kib: int) -> None:
        """Grow a disk whose device is too small for what the backup has, and no other.

        A device is as large as LINSTOR rounds it up to (linstor.md 1.6), and so is the file that was made from it.
        """
        replicas = [each for each in storage.cluster.deployments([volume])[volume] if each.role is Role.REPLICA]
        if min((each.size_kib for each in replicas), default=0) < size_kib:
            self._sizes.ensure(storage, volume, size_kib)

    def _about(self, vm: Vm, disk: Disk) -> tuple[Storage, VolumeName]:
        """The volume of a disk, and where it is."""
        storage = self._storages.of(disk_datastore(disk, vm.history[-1].datastore_id))
        return storage, volume_of(disk, DiskOf(vm.vm_id, disk.disk_id))

    def _laid_out(
        self,
        storage: Storage,
        volume: VolumeName,
        size_kib: int,
        image: FetchedImage,
        host: HostName,
        undo: Undo,
    ) -> Deployment:
        """The file as a volume of its own: what is equal is then not written, and a thin pool keeps its holes."""
        target = revert_volume(volume)
        self._lifetime.lend(storage, target, size_kib, undo)
        here, seen = self._attachment.bring(storage, target, host, undo)
        zeroed = all(each.zeroed for each in seen if each.role is Role.REPLICA)
        wait = storage.settings.limits.device
        self._sources.write(image, host, str(here.device), zeroed=zeroed, wait=wait)
        return here


def _wanted(order: RestoreDisks, vm: Vm, files: Mapping[int, str]) -> dict[int, str]:
    """The files of the disks to restore. Raises BadOrder when there is none."""
    found = {
        number: url
        for number, url in sorted(files.items())
        if order.disk in (None, number) and vm.disk(number) is not None
    }
    if not found:
        what = "a disk that the VM has" if order.disk is None else f"disk {order.disk}"
        raise BadOrder(f"backup {order.image_id} holds nothing of {what} (VM {vm.vm_id}); see oneimage show")
    return found
