"""Snapshots of one volume: taken once, never under a used name, reverted to without losing the others.

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
    NotInSync,
    SnapshotExists,
    SnapshotFailed,
    UnknownSnapshot,
    interruption,
)
from domain.lifetime import existing
from domain.names import HostName, SnapshotName, VolumeName, same_host, snapshot_name, snapshot_number
from domain.ports import Clock
from domain.sizes import Sizes
from domain.storage import Storage
from domain.volumes import Definition, Deployment, Role, Snapshot
from domain.waiting import wait_for


class Snapshots:
    """The snapshots that oned numbers."""

    def __init__(self, clock: Clock, sizes: Sizes) -> None:
        self._clock = clock
        self._sizes = sizes

    def take(self, storage: Storage, volume: VolumeName, number: int, asked: str) -> None:
        """Take snapshot *number*; *asked* tells this request from an earlier one of the same number.

        A complete snapshot of the same request is done; another one of that number is stale and replaced
        (opennebula.md 3.6). Raises UnknownVolume, NotInSync, NotPossible, SnapshotFailed, Interrupted.
        """
        definition = existing(storage, volume)
        found = _numbered(storage.cluster.snapshots(volume), number)
        if any(each.complete and asked and each.marks.get(marking.ASKED) == asked for each in found):
            return
        _require_all_replicas(volume, storage.cluster.deployments([volume])[volume])
        used = marking.snapshot_uses(definition.marks, number)
        if found:
            used = self._drop(storage, volume, number, found, used)
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
                self._drop(storage, volume, number, [_failed(volume, name)], used)
            raise
        except ControllerFailed as failed:
            raise interruption(volume, failed) from failed

    def delete(self, storage: Storage, volume: VolumeName, number: int) -> None:
        """Delete snapshot *number*; gone already is fine, and so is a volume that is gone."""
        found = _numbered(storage.cluster.snapshots(volume), number)
        if found:
            self._drop(storage, volume, number, found, 0)

    @staticmethod
    def _drop(storage: Storage, volume: VolumeName, number: int, found: Sequence[Snapshot], used: int) -> int:
        """Delete *found* after writing down that their names are used; the first use that is free."""
        taken = [use for each in found if (use := _use_of(each.name)) is not None]
        following = max([used, *(use + 1 for use in taken)])
        storage.cluster.mark(volume, {marking.snapshot_key(number): str(following)})
        for each in found:
            storage.cluster.delete_snapshot(volume, each.name)
        return following

    def revert(self, storage: Storage, volume: VolumeName, number: int, home: HostName | None = None) -> None:
        """Set the volume back to snapshot *number*; the other snapshots, the marks and the size stay.

        A VM that is not running keeps its attachment to the host *home*.

        A rollback would shrink what grew since (linstor.md 2.11); what is added again reads as zeros (rule 8).
        Raises UnknownSnapshot, VolumeInUse, NotInSync, NotTheNewest; nothing is changed then. Whether somebody uses
        it is for LINSTOR to judge, in the same request: a look before would be older than that.
        Until every replica is complete again the order is not done: a failed rollback may leave an empty one
        (linstor.md 2.17 no. 11).
        """
        definition = existing(storage, volume)
        snapshot = self.find(storage, volume, number)
        storage.cluster.roll_back(volume, snapshot.name)
        self._restore_marks(storage, definition, snapshot)
        self._restore_witness(storage, self._wait_whole(storage, volume), home)
        if definition.resizing or definition.size_kib != snapshot.size_kib:
            self._sizes.ensure(storage, volume, definition.size_kib)

    @staticmethod
    def _restore_marks(storage: Storage, definition: Definition, snapshot: Snapshot) -> None:
        """The volume has its marks of now, or those that it had at the snapshot: that depends on the server.

        Where both are the same nothing is to be done, and where LINSTOR does not tell the old ones, everything.
        """
        if snapshot.volume_marks != definition.marks:
            gone = [key for key in snapshot.volume_marks or {} if key not in definition.marks]
            storage.cluster.mark(definition.name, definition.marks, gone)

    @staticmethod
    def _restore_witness(storage: Storage, seen: Sequence[Deployment], home: HostName | None) -> None:
        """A rollback brings a witness back as a plain attachment (linstor.md 2.11); it goes where nobody uses it.

        Where the witness was is not asked: an earlier try that was killed has forgotten it.
        """
        for each in seen:
            at_home = home is not None and same_host(each.host, home)
            if each.role is Role.ATTACHMENT and each.in_use is False and not at_home:
                storage.cluster.detach(each.volume, each.host)

    def delete_younger(self, storage: Storage, volume: VolumeName, number: int) -> None:
        """Delete the snapshots that were taken after *number*."""
        for each in storage.cluster.snapshots(volume):
            if (parts := snapshot_number(each.name)) is not None and parts[0] > number:
                self._drop(storage, volume, parts[0], [each], 0)

    def find(self, storage: Storage, volume: VolumeName, number: int) -> Snapshot:
        """The usable snapshot of that number, the latest where several names have it. Raises UnknownSnapshot."""
        usable = [each for each in _numbered(storage.cluster.snapshots(volume), number) if each.complete]
        if not usable:
            raise UnknownSnapshot(volume, f"number {number}")
        return max(usable, key=lambda each: _use_of(each.name) or 0)

    def _wait_whole(self, storage: Storage, volume: VolumeName) -> tuple[Deployment, ...]:
        """Where the volume is, once all its replicas are complete. Raises Expired."""

        def whole() -> tuple[Deployment, ...] | None:
            seen = storage.cluster.deployments([volume])[volume]
            replicas = [each for each in seen if each.role is Role.REPLICA]
            return seen if replicas and all(each.good_replica for each in replicas) else None

        return wait_for(f"complete replicas of {volume}", whole, self._clock, storage.settings.limits.change)

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
            self._drop(storage, volume, its, [each], 0)


def _numbered(snapshots: Sequence[Snapshot], number: int) -> list[Snapshot]:
    return [each for each in snapshots if (parts := snapshot_number(each.name)) is not None and parts[0] == number]


def _use_of(name: SnapshotName) -> int | None:
    parts = snapshot_number(name)
    return parts[1] if parts is not None else None


def _failed(volume: VolumeName, name: SnapshotName) -> Snapshot:
    return Snapshot(volume, name, (), 0, complete=False)


def _require_all_replicas(volume: VolumeName, seen: Sequence[Deployment]) -> None:
    """A snapshot without one of the replicas could not be gone back to there. Raises NotInSync."""
    lacking = [each.host for each in seen if each.role is Role.REPLICA and not (each.good_replica and each.connected)]
    if lacking:
        raise NotInSync(volume, f"on {', '.join(lacking)}")
