"""Save-as: a disk, or one of its snapshots, becomes a new image; nothing of it stays when that fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from domain import marks as marking
from domain.disks import known_disk, volume_of
from domain.freezing import frozen_where_possible
from domain.lifetime import Lifetime
from domain.names import HostName, VolumeName, image_of
from domain.opennebula import Vm
from domain.orders import SaveDisk
from domain.ports import Hosts, Locks, Oned
from domain.snapshots import Snapshots
from domain.storage import Storages
from domain.undoing import undoing

HOTPLUG_SAVEAS = 26
"""The LCM state of a save-as of a running VM (opennebula.md 4.6)."""


class Saving:
    """`cpds`. The host of the order does not matter: LINSTOR copies volume to volume (opennebula.md 8.3 no. 9)."""

    def __init__(
        self, storages: Storages, oned: Oned, hosts: Hosts, locks: Locks, lifetime: Lifetime, snapshots: Snapshots
    ) -> None:
        self._storages = storages
        self._oned = oned
        self._hosts = hosts
        self._locks = locks
        self._lifetime = lifetime
        self._snapshots = snapshots

    def save(self, order: SaveDisk) -> None:
        """Copy the disk, running or not, or the chosen snapshot; a running guest with an agent stands still.

        Raises UnknownSnapshot, VolumeExists, CopyFailed.
        """
        vm = self._oned.vm(order.of.vm)
        disk = known_disk(vm, order.of)
        storage = self._storages.of(order.datastore_id)
        source = volume_of(disk, order.of)
        with self._locks.hold([order.target], storage.settings.limits.lock), undoing() as undo:
            if order.snapshot_id is None:
                marks, freeze = _marks(order.target, source), self._freeze(vm)
                self._lifetime.copy(storage, source, order.target, marks, undo, standing_still=freeze)
            else:
                snapshot = self._snapshots.find(storage, source, order.snapshot_id)
                marks = _marks(order.target, f"{source}@{snapshot.name}")
                self._lifetime.restore(storage, snapshot, order.target, marks, undo)
            storage.cluster.place(order.target)

    def _freeze(self, vm: Vm) -> Callable[[], AbstractContextManager[None]]:
        """What makes the guest stand still: of a running VM, on the host that oned has it on."""
        if vm.lcm_state != HOTPLUG_SAVEAS or not vm.deploy_id or not vm.history:
            return nullcontext
        host = HostName(vm.history[-1].host)
        return lambda: frozen_where_possible(self._hosts, host, vm.deploy_id)


def _marks(target: VolumeName, source: str) -> dict[str, str]:
    """Owner and origin: the retry of the same order finds its own copy by them."""
    image = image_of(target)
    return {marking.SOURCE: source} | ({marking.IMAGE: str(image)} if image is not None else {})
