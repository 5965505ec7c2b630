"""Snapshots of one volume: taken once, and never under a used name.

LINSTOR accepts the name of a deleted snapshot again, and can then show old data under it (linstor.md 2.17 no. 0). So
a deletion writes down that the name was used, and the next snapshot of that number gets another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from domain import marks as marking
from domain.errors import (
    ControllerFailed,
    DriverError,
    Interrupted,
    SnapshotExists,
    SnapshotFailed,
    UnknownSnapshot,
    interruption,
)
from domain.lifetime import existing
from domain.names import SnapshotName, VolumeName, snapshot_name, snapshot_number
from domain.storage import Storage
from domain.volumes import Snapshot
from domain.wholeness import require_all_replicas, require_whole


class Snapshots:
    """The snapshots that oned numbers."""

    def take(self, storage: Storage, volume: VolumeName, number: int, asked: str) -> None:
        """Take snapshot *number*; *asked* tells this request from an earlier one of the same number.

        A complete snapshot of the same request is done; another one of that number is stale and replaced
        (opennebula.md 3.6). Raises UnknownVolume, HalfWritten, NotInSync, NotPossible, SnapshotFailed, Interrupted.
        """
        definition = existing(storage, volume)
        found = _numbered(storage.cluster.snapshots(volume), number)
        if any(each.complete and asked and each.marks.get(marking.ASKED) == asked for each in found):
            return
        seen = storage.cluster.deployments([volume])[volume]
        require_whole(volume, seen)
        require_all_replicas(volume, seen)
        used = marking.snapshot_uses(definition.marks, number)
        if found:
            used = self.drop(storage, volume, number, found, used)
        self._take(storage, volume, number, used, asked)

    def _take(self, storage: Storage, volume: VolumeName, number: int, used: int, asked: str) -> None:
        """Take it under a name that was never used; one that failed is removed."""
        name = snapshot_name(number, used)
        try:
            if not storage.cluster.snapshot(volume, name, {marking.ASKED: asked}):
                raise SnapshotExists(volume, name)
        except (SnapshotFailed, Interrupted):
            # why it failed is what a person must hear, and the next try removes what stays
            with suppress(DriverError):
                self.drop(storage, volume, number, [_failed(volume, name)], used)
            raise
        except ControllerFailed as failed:
            raise interruption(volume, failed) from failed

    def delete(self, storage: Storage, volume: VolumeName, number: int) -> None:
        """Delete snapshot *number*; gone already is fine, and so is a volume that is gone."""
        found = _numbered(storage.cluster.snapshots(volume), number)
        if found:
            self.drop(storage, volume, number, found, 0)

    @staticmethod
    def drop(storage: Storage, volume: VolumeName, number: int, found: Sequence[Snapshot], used: int) -> int:
        """Delete *found* after writing down that their names are used; the first use that is free."""
        taken = [use for each in found if (use := _use_of(each.name)) is not None]
        following = max([used, *(use + 1 for use in taken)])
        storage.cluster.mark(volume, {marking.snapshot_key(number): str(following)})
        for each in found:
            storage.cluster.delete_snapshot(volume, each.name)
        return following

    def delete_younger(self, storage: Storage, volume: VolumeName, number: int) -> None:
        """Delete the snapshots that were taken after *number*."""
        for each in storage.cluster.snapshots(volume):
            if (parts := snapshot_number(each.name)) is not None and parts[0] > number:
                self.drop(storage, volume, parts[0], [each], 0)

    def find(self, storage: Storage, volume: VolumeName, number: int) -> Snapshot:
        """The usable snapshot of that number, the latest where several names have it. Raises UnknownSnapshot."""
        return usable(volume, storage.cluster.snapshots(volume), number)


def usable(volume: VolumeName, snapshots: Sequence[Snapshot], number: int) -> Snapshot:
    """That one of *snapshots*, which are those of *volume*. Raises UnknownSnapshot."""
    found = [each for each in _numbered(snapshots, number) if each.complete]
    if not found:
        raise UnknownSnapshot(volume, f"number {number}")
    return max(found, key=lambda each: _use_of(each.name) or 0)


def _numbered(snapshots: Sequence[Snapshot], number: int) -> list[Snapshot]:
    return [each for each in snapshots if (parts := snapshot_number(each.name)) is not None and parts[0] == number]


def _use_of(name: SnapshotName) -> int | None:
    parts = snapshot_number(name)
    return parts[1] if parts is not None else None


def _failed(volume: VolumeName, name: SnapshotName) -> Snapshot:
    return Snapshot(volume, name, (), 0, complete=False)
