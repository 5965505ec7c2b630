"""Orders about a disk that exists: resize and snapshots, told apart by volume and never by path."""

from __future__ import annotations

from contextlib import nullcontext

from domain.disks import known_disk, volume_of
from domain.freezing import frozen
from domain.names import VolumeName
from domain.opennebula import Vm
from domain.orders import ResizeDisk, SnapshotDisk
from domain.ports import Hosts, Locks, Oned
from domain.reverting import Reverting
from domain.sizes import Sizes
from domain.snapshots import Snapshots
from domain.steps import WaitForDevice
from domain.storage import Storage, Storages
from domain.volumes import on_host


class DiskChanges:
    """`resize`, `snap_create`, `snap_create_live`, `snap_revert`, `snap_delete`."""

    def __init__(
        self,
        storages: Storages,
        oned: Oned,
        hosts: Hosts,
        locks: Locks,
        sizes: Sizes,
        snapshots: Snapshots,
        reverting: Reverting,
    ) -> None:
        self._storages = storages
        self._oned = oned
        self._hosts = hosts
        self._locks = locks
        self._sizes = sizes
        self._snapshots = snapshots
        self._reverting = reverting

    def resize(self, order: ResizeDisk) -> None:
        """Grow the volume, and end when the VM's host sees the size: the guest is told right after."""
        vm = self._oned.vm(order.of.vm)
        storage = self._storages.of(order.datastore_id)
        volume = volume_of(known_disk(vm, order.of), order.of)
        size_kib = order.size_mib * 1024
        with self._locks.hold([volume], storage.settings.limits.lock):
            self._sizes.ensure(storage, volume, size_kib)
            here = on_host(storage.cluster.deployments([volume])[volume], order.place.host)
            if here is None or here.device is None:
                return
            wait = WaitForDevice(here.device, size_kib, storage.settings.limits.device)
            self._hosts.run(order.place.host, [wait])

    def snapshot(self, order: SnapshotDisk) -> None:
        """Take a snapshot of a disk that nobody writes."""
        vm, storage, volume = self._about(order)
        with self._locks.hold([volume], storage.settings.limits.lock):
            self._snapshots.take(storage, volume, order.snapshot_id, _asked(vm, order))

    def snapshot_live(self, order: SnapshotDisk) -> None:
        """Take a snapshot of a running guest with its file systems frozen, where its agent can do that."""
        vm, storage, volume = self._about(order)
        with self._locks.hold([volume], storage.settings.limits.lock):
            freeze = frozen(self._hosts, order.place.host, vm.deploy_id) if vm.deploy_id else nullcontext()
            with freeze:
                self._snapshots.take(storage, volume, order.snapshot_id, _asked(vm, order))

    def revert(self, order: SnapshotDisk) -> None:
        """Set the disk back; under ALLOW_ORPHANS=LINEAR oned has dropped the younger snapshots, so they go here."""
        vm, storage, volume = self._about(order)
        with self._locks.hold([volume], storage.settings.limits.lock):
            self._reverting.revert(storage, volume, order.snapshot_id, order.place)
            disk = known_disk(vm, order.of)
            if disk.attributes.get("ALLOW_ORPHANS", "").upper() == "LINEAR":
                self._snapshots.delete_younger(storage, volume, order.snapshot_id)

    def delete_snapshot(self, order: SnapshotDisk) -> None:
        """Delete a snapshot; gone already is fine."""
        _, storage, volume = self._about(order)
        with self._locks.hold([volume], storage.settings.limits.lock):
            self._snapshots.delete(storage, volume, order.snapshot_id)

    def _about(self, order: SnapshotDisk) -> tuple[Vm, Storage, VolumeName]:
        vm = self._oned.vm(order.of.vm)
        return vm, self._storages.of(order.datastore_id), volume_of(known_disk(vm, order.of), order.of)


def _asked(vm: Vm, order: SnapshotDisk) -> str:
    """What tells this request from an earlier one of the same number: when oned wrote it down."""
    record = vm.snapshot(order.of.disk, order.snapshot_id)
    return str(record.date) if record is not None and record.date else ""
