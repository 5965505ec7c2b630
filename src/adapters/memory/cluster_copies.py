"""Copies and snapshots in the model, as the Cluster port has them."""

from __future__ import annotations

from contextlib import suppress

from adapters.memory import cluster_refusals as refusals
from adapters.memory.cluster_part import ClusterPart
from adapters.memory.cluster_refusals import about, carried_out, group_missing, translated
from adapters.memory.cluster_seen import MARKS, TWO_WRITERS, properties, seen_snapshot
from adapters.memory.linstor.objects import Definition
from adapters.memory.linstor.replies import ControllerDied, Refused
from domain.errors import (
    ControllerFailed,
    NoPlacement,
    NotInSync,
    NotPossible,
    NotTheNewest,
    SnapshotFailed,
    UnknownSnapshot,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, SnapshotName, VolumeName
from domain.ports import Marks
from domain.volumes import CopyState, Snapshot


class MemoryCopies(ClusterPart):
    """The part of the Cluster port that is about copies and snapshots."""

    def copy(self, source: VolumeName, target: VolumeName, group: GroupName | None, marks: Marks) -> bool:
        """See the port."""
        with self._state.lock:
            found = self._state.find(source)
            if found is None:
                raise UnknownVolume(source)
            put = properties(marks)
            drop = _inherited(found) - put.keys()
            try:
                self._model.clones.start(source, target, group=group or "", override=put, delete=sorted(drop))
            except Refused as refused:
                if refused.error.code == refusals.EXISTS:
                    return False
                errors = {
                    NotInSync: (*refusals.OUT_OF_STEP, 971),
                    NoPlacement: refusals.NO_PLACE,
                    NotPossible: refusals.NOT_BUILT_FOR,
                }
                meanings = {**about(source, errors), **group_missing(group)}
                raise translated(refused, f"copy volume {source} to {target}", meanings) from refused
            except ControllerDied as died:
                raise ControllerFailed(f"copy volume {source} to {target}", str(died), unclear=True) from died
            return True

    def copy_state(self, source: VolumeName, target: VolumeName) -> CopyState:
        """See the port."""
        with self._state.lock:
            status, found = self._model.clones.status(target), self._state.find(target)
            if status is None or found is None:
                return CopyState.GONE
            if status == "FAILED":
                return CopyState.FAILED if "FAILED" in found.flags else CopyState.RUNNING
            return CopyState.COMPLETE if status == "COMPLETE" else CopyState.RUNNING

    def snapshots(self, volume: VolumeName) -> tuple[Snapshot, ...]:
        """See the port."""
        with self._state.lock:
            found = self._state.find(volume)
            known = sorted(found.snapshots.values(), key=lambda each: each.created) if found is not None else []
            return tuple(seen_snapshot(each, volume, tuple(map(self._host, each.parts))) for each in known)

    def snapshot(self, volume: VolumeName, name: SnapshotName, marks: Marks) -> bool:
        """See the port."""
        doing = f"take snapshot {name} of volume {volume}"
        try:
            self._model.snapshots.create(volume, name, properties(marks))
        except Refused as refused:
            if refused.error.code == refusals.SNAPSHOT_EXISTS:
                return False
            errors = {
                UnknownVolume: refusals.NO_VOLUME,
                NotInSync: refusals.OUT_OF_STEP,
                NotPossible: refusals.NOT_BUILT_FOR,
                SnapshotFailed: refusals.INTERNAL,
                VolumeInUse: refusals.IN_USE,
            }
            raise translated(refused, doing, about(volume, errors)) from refused
        except ControllerDied as died:
            raise ControllerFailed(doing, str(died), unclear=True) from died
        return True

    def delete_snapshot(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port."""
        carried_out(
            f"delete snapshot {name} of volume {volume}",
            lambda: self._model.snapshots.delete(volume, name),
            about(volume, {VolumeInUse: refusals.IN_USE}),
        )

    def goes_back_to_any(self) -> bool:
        """See the port."""
        return self._model.snapshots.goes_back_to_any()

    def roll_back(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port."""
        errors = {
            UnknownVolume: refusals.NO_VOLUME,
            UnknownSnapshot: refusals.NO_SNAPSHOT,
            VolumeInUse: refusals.IN_USE,
            NotInSync: refusals.OUT_OF_STEP,
            NotTheNewest: (refusals.SNAPSHOT_EXISTS, 977),
        }
        carried_out(
            f"roll volume {volume} back to snapshot {name}",
            lambda: self._model.snapshots.roll_back(volume, name),
            about(volume, errors),
        )

    def restore(
        self, volume: VolumeName, name: SnapshotName, target: VolumeName, group: GroupName | None, marks: Marks
    ) -> bool:
        """See the port."""
        doing = f"restore snapshot {name} of volume {volume} to {target}"
        found = self._state.find(volume)
        if found is None:
            raise UnknownSnapshot(volume, "there is no such volume")
        try:
            self._model.definitions.create(target, group or found.group, properties(marks))
        except Refused as refused:
            if refused.error.code == refusals.EXISTS:
                return False
            raise translated(refused, doing, group_missing(group)) from refused
        self._fill(doing, volume, name, target, marks)
        return True

    def _fill(self, doing: str, volume: VolumeName, name: SnapshotName, target: VolumeName, marks: Marks) -> None:
        """Give the new definition the snapshot's data, and marks of its own; it goes away when that fails."""
        try:
            self._model.snapshots.restore_volumes(volume, name, target)
            self._model.snapshots.restore_resources(volume, name, target)
            made, put = self._state.definition(target, 0), properties(marks)
            self._model.definitions.modify(target, put, sorted(_inherited(made) - put.keys()))
        except Refused as refused:
            with suppress(Refused):
                self._model.definitions.delete(target)
            errors = {
                UnknownSnapshot: (*refusals.NO_SNAPSHOT, *refusals.NO_VOLUME),
                NotPossible: (*refusals.NOT_BUILT_FOR, *refusals.NO_PLACE),
            }
            raise translated(refused, doing, about(volume, errors)) from refused


def _inherited(found: Definition) -> set[str]:
    """What a copy takes over and must not have: marks, and the permission of two writers."""
    return {key for key in found.props if key.startswith(MARKS)} | {TWO_WRITERS}
