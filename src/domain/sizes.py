"""Volumes grow, never shrink, and an order that says done can be believed (linstor.md 2.10, rule 8)."""

from __future__ import annotations

from domain.errors import Expired, NotInSync
from domain.lifetime import existing, require_in_step
from domain.names import VolumeName
from domain.ports import Clock
from domain.storage import Storage
from domain.waiting import wait_for

EXTENT_KIB = 4096
"""One extent of LVM: a growth that broke is only driven on by a size beyond the one on record (linstor.md 2.17)."""


class Sizes:
    """Growth of volumes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def ensure(self, storage: Storage, volume: VolumeName, size_kib: int) -> None:
        """Bring *volume* to at least *size_kib*; larger already is done. Raises UnknownVolume, NotInSync."""
        found = existing(storage, volume)
        if found.size_kib >= size_kib and not found.resizing:
            return
        require_in_step(storage.cluster, volume)
        self._grow(storage, volume, max(size_kib, found.size_kib))
        if found.resizing:
            self._drive_on(storage, volume)

    def grow_copy(self, storage: Storage, volume: VolumeName, size_kib: int, *, new: bool) -> None:
        """Grow a copy; a *new* one has its source's size for certain, so nothing has to be looked up first."""
        if new:
            self._grow(storage, volume, size_kib)
        else:
            self.ensure(storage, volume, size_kib)

    def _grow(self, storage: Storage, volume: VolumeName, size_kib: int) -> None:
        """Ask until LINSTOR takes it: a replica that catches up refuses for a while (974)."""
        refused: list[NotInSync] = []

        def ask() -> bool | None:
            try:
                storage.cluster.grow(volume, size_kib)
            except NotInSync as error:
                refused[:] = [error]
                return None
            return True

        try:
            wait_for(f"the growth of {volume}", ask, self._clock, storage.settings.limits.close)
        except Expired as expired:
            raise refused[0] from expired

    def _drive_on(self, storage: Storage, volume: VolumeName) -> None:
        found = existing(storage, volume)
        if found.resizing:
            storage.cluster.grow(volume, found.size_kib + EXTENT_KIB)
