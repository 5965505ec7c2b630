"""Snapshots of an image that no VM uses: `snap_delete`, `snap_revert`, `snap_flatten` of the datastore driver.

Their numbers are those of the VM disk's snapshots (opennebula.md 3.6), so the names are, too.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.errors import BadOrder
from domain.names import VolumeName, volume_name
from domain.orders import SnapshotImage
from domain.ports import Locks
from domain.reverting import Reverting
from domain.snapshots import Snapshots
from domain.storage import Storage, Storages


class ImageSnapshots:
    """The rules for the snapshots of images."""

    def __init__(self, storages: Storages, locks: Locks, snapshots: Snapshots, reverting: Reverting) -> None:
        self._storages = storages
        self._locks = locks
        self._snapshots = snapshots
        self._reverting = reverting

    def delete_snapshot(self, order: SnapshotImage) -> None:
        """Delete the target snapshot; gone already is fine."""
        self._with_image(order, self._snapshots.delete)

    def revert(self, order: SnapshotImage) -> None:
        """Set the image back to the target snapshot; the others stay. Raises UnknownSnapshot, VolumeInUse."""
        self._with_image(order, self._reverting.revert)

    def flatten(self, order: SnapshotImage) -> None:
        """Make the target snapshot the image and drop all snapshots, the data first (linstor.md 8, row 3)."""
        self._with_image(order, self._reverting.flatten)

    def _with_image(self, order: SnapshotImage, work: Callable[[Storage, VolumeName, int], None]) -> None:
        if order.image.target_snapshot < 0:
            raise BadOrder(f"image {order.image.image_id} has no TARGET_SNAPSHOT in the order")
        storage = self._storages.of_datastore(order.datastore)
        volume = volume_name(order.image.source)
        with self._locks.hold([volume], storage.settings.limits.lock):
            work(storage, volume, order.image.target_snapshot)
