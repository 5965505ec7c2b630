"""What the files of a backup are made from: snapshots of the disks, laid out as volumes while they are read.

The snapshot that the next increment begins from stays; all else ends with the order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from domain import marks as marking
from domain.attachment import Attachment
from domain.backup_plans import BackupPlan
from domain.errors import NoBaseOfBackup, UnknownSnapshot
from domain.lifetime import Lifetime
from domain.names import BACKUPS, DiskOf, HostName, VolumeName, backup_volume, base_volume, disk_of, snapshot_number
from domain.snapshots import Snapshots, usable
from domain.storage import Storage
from domain.undoing import Undo
from domain.volumes import Deployment, Snapshot


class Part(NamedTuple):
    """One disk of a backup."""

    of: DiskOf
    storage: Storage
    volume: VolumeName


class Source(NamedTuple):
    """Where a host reads a disk, and for an increment what it had in the backup before."""

    disk_id: int
    now: Deployment
    before: Deployment | None


class BackupSnapshots:
    """The snapshots of backups."""

    def __init__(self, attachment: Attachment, lifetime: Lifetime, snapshots: Snapshots) -> None:
        self._attachment = attachment
        self._lifetime = lifetime
        self._snapshots = snapshots

    def clear(self, part: Part, plan: BackupPlan) -> None:
        """Remove what an earlier try left: it is of another moment. Raises NoBaseOfBackup, and nothing is removed."""
        if plan.base:
            self._base(part, plan)
        self.end_loans(part.storage, part.volume)
        self._snapshots.delete(part.storage, part.volume, plan.number)
        if disk_of(part.volume) is None:
            # it outlives the VM, which may end before a later order looks after what a killed one left
            part.storage.cluster.mark(part.volume, {marking.BACKUP: str(part.of.vm)})

    def take(self, part: Part, plan: BackupPlan) -> None:
        """Keep the data of this moment."""
        self._snapshots.take(part.storage, part.volume, plan.number, plan.kept)

    def give_up(self, part: Part, plan: BackupPlan) -> None:
        """The backup has failed: nobody needs the data of its moment."""
        self._snapshots.delete(part.storage, part.volume, plan.number)

    def lay_out(self, part: Part, plan: BackupPlan, host: HostName, undo: Undo) -> Source:
        """Make what the snapshots hold readable on *host*."""
        now = self._snapshots.find(part.storage, part.volume, plan.number)
        laid_out = self._laid_out(part, now, backup_volume(part.volume), host, undo)
        if not plan.base:
            return Source(part.of.disk, laid_out, None)
        before = self._laid_out(part, self._base(part, plan), base_volume(part.volume), host, undo)
        return Source(part.of.disk, laid_out, before)

    def _laid_out(self, part: Part, snapshot: Snapshot, target: VolumeName, host: HostName, undo: Undo) -> Deployment:
        self._lifetime.borrow(part.storage, snapshot, target, undo)
        return self._attachment.ensure(part.storage, target, host, undo)

    def _base(self, part: Part, plan: BackupPlan) -> Snapshot:
        """The snapshot of the very backup that oned counts as the one before. Raises NoBaseOfBackup."""
        try:
            found = usable(part.volume, part.storage.cluster.snapshots(part.volume), plan.number_before)
        except UnknownSnapshot as unknown:
            raise NoBaseOfBackup(part.volume, f"disk {part.of.disk}") from unknown
        if found.marks.get(marking.ASKED) != plan.base:
            raise NoBaseOfBackup(part.volume, f"disk {part.of.disk}")
        return found

    def forget(self, storage: Storage, volume: VolumeName) -> None:
        """No increment will begin from what backups left of *volume*."""
        self.end_loans(storage, volume)
        self._drop(storage, volume, lambda *_: True)
        storage.cluster.mark(volume, {}, [marking.BACKUP])

    def end_loans(self, storage: Storage, volume: VolumeName) -> None:
        """Nobody reads the disk any more."""
        for each in storage.cluster.definitions([backup_volume(volume), base_volume(volume)]):
            self._lifetime.end_loan(storage, each)

    def drop_unneeded(self, part: Part, needed: Collection[int]) -> None:
        """Delete the snapshots of all backups but those with the numbers *needed*."""
        self._drop(part.storage, part.volume, lambda number, _: number not in needed)

    def drop_left_over(self, part: Part) -> None:
        """Delete the snapshots that no increment will begin from: an order that was killed left them."""
        self._drop(part.storage, part.volume, lambda _, snapshot: not snapshot.marks.get(marking.ASKED))

    def _drop(self, storage: Storage, volume: VolumeName, goes: Callable[[int, Snapshot], bool]) -> None:
        for each in storage.cluster.snapshots(volume):
            number, _ = snapshot_number(each.name) or (-1, 0)
            if number in BACKUPS and goes(number, each):
                self._snapshots.drop(storage, volume, number, [each], 0)
