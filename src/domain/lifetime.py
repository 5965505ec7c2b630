"""Volumes begin and end: made once, never taken over from somebody else, gone when the order says gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from domain import marks as marking
from domain.errors import (
    BeingDeleted,
    ControllerFailed,
    CopyFailed,
    Expired,
    HasSnapshots,
    Interrupted,
    NotInSync,
    UnknownVolume,
    VolumeExists,
    VolumeInUse,
    interruption,
)
from domain.local_volumes import require_data_for, require_one_truth
from domain.names import (
    HostName,
    VolumeName,
    backup_volume,
    base_volume,
    disk_of,
    is_of_backup,
    is_safety,
    revert_volume,
)
from domain.ports import Clock, Cluster
from domain.storage import Storage
from domain.undoing import Undo
from domain.volumes import CopyState, Definition, Deployment, Role, Snapshot
from domain.waiting import wait_for, wait_while_open

Marks = Mapping[str, str]


class Lifetime:
    """Creation, copies and deletion of volumes. The group is that of the storage's datastore."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def create(self, storage: Storage, volume: VolumeName, size_kib: int, marks: Marks, undo: Undo) -> None:
        """Make an empty volume. One that an earlier try made is made anew: its content is not known.

        Raises VolumeExists for one that is not ours, and what `Cluster.create` raises.
        """
        group = storage.settings.group
        self._make_once(storage, volume, marks, lambda: storage.cluster.create(volume, size_kib, group, marks), _never)
        undo.add(lambda: self.delete(storage, volume))

    def copy(
        self,
        storage: Storage,
        source: VolumeName,
        target: VolumeName,
        marks: Marks,
        undo: Undo,
        user: HostName | None = None,
        standing_still: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> bool:
        """Make *target* a complete copy of *source*, which *user* can use; whether it is new.

        *standing_still* is a block around the moment whose data the copy holds. A copy of this very order from before
        is kept, one for an earlier life of the disk replaced (opennebula.md 8.3 no. 14), one that breaks on a host
        tried once more (linstor.md 2.17 no. 3). Raises CopyFailed, NotInSync, NotPossible, VolumeExists, Interrupted.
        """
        seen = _copyable(storage.cluster, source, user)
        for _ in range(2):
            made = self._start_copy(storage, source, target, marks, standing_still)
            if made:
                undo.add(lambda: self.delete(storage, target))
            if self._complete(storage, source, target):
                if any(each.role is Role.ATTACHMENT for each in seen):
                    drop_attachments(storage.cluster, target)
                return made
            self.delete(storage, target)
        raise CopyFailed(target, f"of {source}, tried twice")

    def _start_copy(
        self,
        storage: Storage,
        source: VolumeName,
        target: VolumeName,
        marks: Marks,
        standing_still: Callable[[], AbstractContextManager[None]],
    ) -> bool:
        """Start a copy unless this order's own copy is there; whether one was started."""
        group = storage.settings.group

        def start() -> bool:
            try:
                with standing_still():
                    return storage.cluster.copy(source, target, group, marks)
            except ControllerFailed as failed:
                raise interruption(source, failed) from failed

        return self._make_once(storage, target, marks, start, lambda found: marking.same_life(found.marks, marks))

    def restore(self, storage: Storage, snapshot: Snapshot, target: VolumeName, marks: Marks, undo: Undo) -> None:
        """Make *target* from a snapshot; one that this order completed before is kept.

        LINSTOR fills a restored volume after it made it, so a mark tells one that a kill left empty.
        Raises UnknownSnapshot, NotPossible, VolumeExists.
        """
        begun = {**marks, marking.STATE: marking.CREATING}

        def complete(found: Definition) -> bool:
            return marking.same_life(found.marks, marks) and marking.STATE not in found.marks

        if self._make_once(storage, target, marks, _restoring(storage, snapshot, target, begun), complete):
            undo.add(lambda: self.delete(storage, target))
            storage.cluster.mark(target, {}, [marking.STATE])

    def borrow(self, storage: Storage, snapshot: Snapshot, target: VolumeName, undo: Undo) -> None:
        """Make *target* from a snapshot for as long as this order runs; its marks say that nobody counts on it.

        One that an earlier order left is made anew. Raises UnknownSnapshot, NotPossible, VolumeExists.
        """
        marks = {marking.SOURCE: f"{snapshot.volume}@{snapshot.name}", marking.STATE: marking.CREATING}
        # before it is made: an answer that is lost leaves it behind, too
        undo.add(lambda: self.end_loan(storage, target))
        self._make_once(storage, target, marks, _restoring(storage, snapshot, target, marks), _never)

    def lend(self, storage: Storage, target: VolumeName, size_kib: int, undo: Undo) -> None:
        """Make an empty volume *target* for as long as this order runs; its marks say that nobody counts on it.

        One that an earlier order left is made anew. Raises what `Cluster.create` raises, VolumeExists.
        """
        group, marks = storage.settings.group, {marking.STATE: marking.CREATING}
        undo.add(lambda: self.end_loan(storage, target))
        self._make_once(storage, target, marks, lambda: storage.cluster.create(target, size_kib, group, marks), _never)

    def end_loan(self, storage: Storage, target: VolumeName) -> None:
        """Delete what :meth:`borrow` made; gone already is fine, and what others made stays."""
        found = storage.cluster.definitions([target]).get(target)
        if found is not None and marking.laid_out_for(target, found.marks):
            self.delete(storage, target)

    def _make_once(
        self,
        storage: Storage,
        volume: VolumeName,
        marks: Marks,
        make: Callable[[], bool],
        keep: Callable[[Definition], bool],
    ) -> bool:
        """Make *volume* unless one that *keep* wants is there; whether it was made. Raises VolumeExists."""
        if make():
            return True
        found = self.settled(storage, volume, marks)
        if found is not None and not found.failed and keep(found):
            return False
        self._clear_the_name(storage, found, marks)
        if not make():
            raise VolumeExists(volume)
        return True

    def _complete(self, storage: Storage, source: VolumeName, target: VolumeName) -> bool:
        """Whether the copy got complete. One that never ends is removed: no controller goes on with it after a restart
        (linstor.md 2.17 no. 0a). Raises Interrupted.
        """

        def look() -> CopyState | None:
            state = storage.cluster.copy_state(source, target)
            return None if state is CopyState.RUNNING else state

        limit = storage.settings.limits.copy
        try:
            return wait_for(f"the copy {target} of {source}", look, self._clock, limit) is CopyState.COMPLETE
        except Expired as expired:
            self.delete(storage, target)
            raise Interrupted(source, str(expired)) from expired

    def _clear_the_name(self, storage: Storage, found: Definition | None, marks: Marks) -> None:
        """Remove what an earlier try or an earlier life of the same owner left. Raises VolumeExists."""
        if found is None:
            return
        if not _ours_to_replace(found, marks):
            raise VolumeExists(found.name)
        self.delete(storage, found.name)

    def settled(self, storage: Storage, volume: VolumeName, marks: Marks) -> Definition | None:
        """The definition, None when there is none; one that goes away is waited for.

        LINSTOR does not go on with a deletion that a host left half done (linstor.md 2.17 no. 6), so that is asked for
        again where *marks* are those of its owner. Raises BeingDeleted, and what :meth:`delete` raises.
        """

        def look() -> tuple[Definition | None] | None:
            found = storage.cluster.definitions([volume]).get(volume)
            return None if found is not None and found.deleting else (found,)

        found = storage.cluster.definitions([volume]).get(volume)
        if found is None or not found.deleting:
            return found
        if _same_owner(found, marks):
            self.delete(storage, volume)

        try:
            return wait_for(f"the end of {volume}", look, self._clock, storage.settings.limits.close)[0]
        except Expired as expired:
            raise BeingDeleted(volume) from expired

    def delete(self, storage: Storage, volume: VolumeName) -> None:
        """Delete *volume* with its snapshots and see that it is gone, or is going where a node is offline.

        Raises VolumeInUse after the limit, and nothing is destroyed then; DeviceHeldOpen where it is half done.
        """

        def gone() -> bool | None:
            try:
                storage.cluster.delete(volume)
            except HasSnapshots:
                self._delete_parts(storage, volume)
                return None
            found = storage.cluster.definitions([volume]).get(volume)
            return True if found is None or found.deleting else None

        wait_while_open(gone, VolumeInUse(volume), self._clock, storage.settings.limits.close)

    def _delete_parts(self, storage: Storage, volume: VolumeName) -> None:
        """Delete every snapshot of *volume*: those of other makers end with the volume, too (linstor.md 2.15).

        What an interrupted revert or backup made of one of them goes first.
        """
        snapshots = storage.cluster.snapshots(volume)
        if any(is_safety(each.name) for each in snapshots):
            self.end_loan(storage, revert_volume(volume))
        if any(is_of_backup(each.name) for each in snapshots):
            self.end_loan(storage, backup_volume(volume))
            self.end_loan(storage, base_volume(volume))
        for each in snapshots:
            storage.cluster.delete_snapshot(volume, each.name)


def drop_attachments(cluster: Cluster, volume: VolumeName) -> None:
    """End the attachments that a new volume took over from its source: no VM uses it yet (linstor.md 2.12)."""
    for each in cluster.deployments([volume])[volume]:
        if each.role is Role.ATTACHMENT:
            cluster.detach(volume, each.host)


def require_in_step(cluster: Cluster, volume: VolumeName) -> tuple[Deployment, ...]:
    """Where the volume is. Raises NotInSync for a replica that is cut off, though LINSTOR calls it up to date."""
    seen = cluster.deployments([volume])[volume]
    replicas = [each for each in seen if each.role is Role.REPLICA]
    apart = [each.host for each in replicas if each.reachable and not each.connected]
    if apart:
        raise NotInSync(volume, f"no connection on {', '.join(apart)}")
    return seen


def _copyable(cluster: Cluster, source: VolumeName, user: HostName | None) -> tuple[Deployment, ...]:
    """Where *source* is. Raises NotInSync, and NotPossible where *user* could not use a copy of it."""
    seen = require_in_step(cluster, source)
    if user is None:
        require_one_truth(source, seen)
    else:
        require_data_for(source, seen, user)
    return seen


def _restoring(storage: Storage, snapshot: Snapshot, target: VolumeName, marks: Marks) -> Callable[[], bool]:
    """What makes *target* from *snapshot*, in the group of the storage's datastore."""
    return lambda: storage.cluster.restore(snapshot.volume, snapshot.name, target, storage.settings.group, marks)


def _never(_: Definition) -> bool:
    return False


def _ours_to_replace(found: Definition, marks: Marks) -> bool:
    """Whether only an order of the same owner can have made it, and nobody counts on it."""
    if marking.laid_out_for(found.name, found.marks):
        return True
    if not _same_owner(found, marks):
        return False
    unfinished = found.failed or found.marks.get(marking.STATE) == marking.CREATING
    return unfinished or disk_of(found.name) is not None


def _same_owner(found: Definition, marks: Marks) -> bool:
    """Whether its name, or the image in its marks, is that of who asks."""
    if (of := disk_of(found.name)) is not None:
        return not marking.of_other_disk(found.marks, of)
    return found.marks.get(marking.IMAGE) == marks.get(marking.IMAGE)


def existing(storage: Storage, volume: VolumeName) -> Definition:
    """The definition of a volume that must be there. Raises UnknownVolume, BeingDeleted."""
    found = storage.cluster.definitions([volume]).get(volume)
    if found is None:
        raise UnknownVolume(volume)
    if found.deleting:
        raise BeingDeleted(volume)
    return found
