"""`snap_revert` and `snap_flatten`: a volume goes back to one of its snapshots, whatever the server can do."""

from __future__ import annotations

from domain import marks as marking
from domain.errors import NotTheNewest
from domain.lifetime import existing
from domain.names import VolumeName, is_safety, snapshot_number
from domain.orders import Place
from domain.rewriting import Rewriting
from domain.rolling_back import RollingBack
from domain.snapshots import Snapshots, usable
from domain.storage import Storage


class Reverting:
    """Reverts, and what ends with one."""

    def __init__(self, snapshots: Snapshots, rolling_back: RollingBack, rewriting: Rewriting) -> None:
        self._rolling_back = rolling_back
        self._snapshots = snapshots
        self._rewriting = rewriting

    def revert(self, storage: Storage, volume: VolumeName, number: int, place: Place | None = None) -> None:
        """Set the volume back to snapshot *number*; the other snapshots, the marks and the size stay.

        *place* is the link of the VM that has the disk. Where LINSTOR cannot go back the data is written over the
        volume (:mod:`domain.rewriting`).
        Raises UnknownSnapshot, VolumeInUse, NotInSync, NotTheNewest without DRBD; nothing is changed then.
        """
        definition = existing(storage, volume)
        snapshots = storage.cluster.snapshots(volume)
        snapshot = usable(volume, snapshots, number)
        try:
            home = place.host if place is not None else None
            seen = self._rolling_back.go_back(storage, definition, snapshot, home)
        except NotTheNewest:
            if not definition.replicated:
                raise
            self._rewriting.set_back(storage, definition, snapshot, place)
        else:
            if any(is_safety(each.name) for each in snapshots):
                self._rewriting.end(storage, volume, seen, place)

    def flatten(self, storage: Storage, volume: VolumeName, number: int) -> None:
        """Make snapshot *number* the content, then drop all snapshots: never before the content is whole (rule 4).

        The snapshot itself goes last. Where all are gone and its name was used, an earlier try has done everything.
        """
        numbers = [
            (each, parts[0])
            for each in storage.cluster.snapshots(volume)
            if (parts := snapshot_number(each.name)) is not None
        ]
        if not numbers and marking.snapshot_uses(existing(storage, volume).marks, number):
            return
        self.revert(storage, volume, number)
        for each, its in sorted(numbers, key=lambda pair: pair[1] == number):
            self._snapshots.drop(storage, volume, its, [each], 0)
