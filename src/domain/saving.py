"""Save-as: a disk, or one of its snapshots, becomes a new image; nothing of it stays when that fails."""

from __future__ import annotations

from domain import marks as marking
from domain.disks import known_disk, volume_of
from domain.lifetime import Lifetime
from domain.names import VolumeName, image_of
from domain.orders import SaveDisk
from domain.ports import Locks, Oned
from domain.snapshots import Snapshots
from domain.storage import Storages
from domain.undoing import undoing


class Saving:
    """`cpds`. The host of the order does not matter: LINSTOR copies volume to volume (opennebula.md 8.3 no. 9)."""

    def __init__(self, storages: Storages, oned: Oned, locks: Locks, lifetime: Lifetime, snapshots: Snapshots) -> None:
        self._storages = storages
        self._oned = oned
        self._locks = locks
        self._lifetime = lifetime
        self._snapshots = snapshots

    def save(self, order: SaveDisk) -> None:
        """Copy the disk, running or not, or the chosen snapshot. Raises UnknownSnapshot, VolumeExists, CopyFailed."""
        disk = known_disk(self._oned.vm(order.of.vm), order.of)
        storage = self._storages.of(order.datastore_id)
        source = volume_of(disk, order.of)
        with self._locks.hold([order.target], storage.settings.limits.lock), undoing() as undo:
            if order.snapshot_id is None:
                self._lifetime.copy(storage, source, order.target, _marks(order.target, source), undo)
            else:
                snapshot = self._snapshots.find(storage, source, order.snapshot_id)
                marks = _marks(order.target, f"{source}@{snapshot.name}")
                self._lifetime.restore(storage, snapshot, order.target, marks, undo)
            storage.cluster.place(order.target)


def _marks(target: VolumeName, source: str) -> dict[str, str]:
    """Owner and origin: the retry of the same order finds its own copy by them."""
    image = image_of(target)
    return {marking.SOURCE: source} | ({marking.IMAGE: str(image)} if image is not None else {})
