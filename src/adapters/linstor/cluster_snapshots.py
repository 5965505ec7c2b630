"""Snapshots over REST: take, delete, roll back, restore (linstor.md 2.11)."""

from __future__ import annotations

from adapters.linstor.cluster_part import ClusterPart, carries, new_request
from adapters.linstor.codes import Code
from adapters.linstor.controller import path_of
from adapters.linstor.meanings import BUSY, NO_PLACE, NOT_BUILT_FOR, OUT_OF_STEP, group_missing
from adapters.linstor.reading import (
    DEFAULT_GROUP,
    MARKS,
    REQUEST,
    TWO_WRITERS,
    Json,
    object_of,
    oldest_first,
    properties,
    snapshot,
)
from adapters.linstor.replies import about_volume
from domain.errors import (
    DriverError,
    Interrupted,
    NotInSync,
    NotPossible,
    NotTheNewest,
    SnapshotFailed,
    UnknownSnapshot,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.ports import Marks
from domain.volumes import Snapshot

_NO_SNAPSHOT = (Code.UNKNOWN_SNAPSHOT_DEFINITION, Code.UNKNOWN_SNAPSHOT_VOLUME, Code.UNKNOWN_SNAPSHOT)
_SATELLITE_FAILED = (Code.UNKNOWN_ERROR, Code.IMPLEMENTATION_ERROR)


MARKED_SNAPSHOTS = "1.24.0"
"""The REST version from which on a snapshot can have properties of its own."""

ANY_SNAPSHOT = "1.25.0"
"""That of LINSTOR 1.31."""


class ClusterSnapshots(ClusterPart):
    """The part of the Cluster port that is about snapshots."""

    def snapshots(self, volume: VolumeName) -> tuple[Snapshot, ...]:
        """See the port."""
        return tuple(snapshot(each, volume, self._nodes.host) for each in oldest_first(self._raw_snapshots(volume)))

    def _raw_snapshots(self, volume: VolumeName) -> list[Json]:
        doing = f"look up the snapshots of volume {volume}"
        found = self._listed(doing, path_of("view", "snapshots"), [("resources", volume)])
        return [each for each in found if str(each.get("resource_name", "")).lower() == volume.lower()]

    def snapshot(self, volume: VolumeName, name: SnapshotName, marks: Marks) -> bool:
        """See the port. Servers before REST 1.24 cannot mark a snapshot: it is made without."""
        doing, request = f"take snapshot {name} of volume {volume}", new_request()
        body: dict[str, object] = {"name": name}
        if self._controller.at_least(MARKED_SNAPSHOTS):
            body["snapshot_definition_props"] = properties({**marks, REQUEST: request})
        replies = self._controller.change(doing, "POST", path_of("resource-definitions", volume, "snapshots"), body)
        if replies.failed_with(Code.SNAPSHOT_EXISTS):
            return replies.repeated and self._taken_by(volume, name, request)
        codes = {
            UnknownVolume: [Code.UNKNOWN_DEFINITION],
            NotInSync: OUT_OF_STEP,
            NotPossible: NOT_BUILT_FOR,
            SnapshotFailed: _SATELLITE_FAILED,
            VolumeInUse: [Code.IN_USE, *BUSY],
        }
        replies.check(doing, about_volume(volume, codes))
        return True

    def _taken_by(self, volume: VolumeName, name: SnapshotName, request: str) -> bool:
        """Whether a snapshot whose reply was lost is that of *request*. Raises SnapshotFailed, Interrupted."""
        named = [each for each in self._raw_snapshots(volume) if str(each.get("name", "")).lower() == name.lower()]
        ours = [each for each in named if self._carries(each, request)]
        for each in ours:
            _require_complete(each, volume, name)
        return bool(ours)

    def _carries(self, found: Json, request: str) -> bool:
        """A server that cannot mark has nothing to tell: the rules take no name that was there before."""
        marked = self._controller.at_least(MARKED_SNAPSHOTS)
        return not marked or carries(object_of(found, "snapshot_definition_props"), request)

    def delete_snapshot(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port."""
        doing = f"delete snapshot {name} of volume {volume}"
        replies = self._controller.change(doing, "DELETE", path_of("resource-definitions", volume, "snapshots", name))
        if not replies.failed_with(Code.UNKNOWN_DEFINITION, *_NO_SNAPSHOT):
            replies.check(doing, about_volume(volume, {VolumeInUse: [Code.IN_USE]}))

    def goes_back_to_any(self) -> bool:
        """See the port."""
        return self._controller.at_least(ANY_SNAPSHOT)

    def roll_back(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port. It is not repeated after a lost reply: the first one may still run (linstor.md 2.11)."""
        doing = f"roll volume {volume} back to snapshot {name}"
        path = path_of("resource-definitions", volume, "snapshot-rollback", name)
        replies = self._controller.change(doing, "POST", path, {}, seconds=self._limits.copy, repeat=False)
        codes = {
            UnknownVolume: [Code.UNKNOWN_DEFINITION],
            UnknownSnapshot: _NO_SNAPSHOT,
            VolumeInUse: [Code.IN_USE, *BUSY],
            NotInSync: OUT_OF_STEP,
            NotTheNewest: [Code.SNAPSHOT_EXISTS, Code.NOT_THE_NEWEST],
        }
        replies.check(doing, about_volume(volume, codes))

    def restore(
        self,
        volume: VolumeName,
        name: SnapshotName,
        target: VolumeName,
        group: GroupName | None,
        marks: Marks,
    ) -> bool:
        """See the port. Without *group* the copy belongs to that of *volume*."""
        doing, request = f"restore snapshot {name} of volume {volume} to {target}", new_request()
        wanted = properties({**marks, REQUEST: request})
        chosen = group or self._group_of(volume)
        if not self._begun(doing, target, chosen, wanted, request):
            return False
        try:
            self._fill(doing, volume, name, target)
            self._clean(doing, target, wanted)
        except DriverError:
            self._delete_quietly(target)
            raise
        return True

    def _group_of(self, volume: VolumeName) -> GroupName:
        found = self._raw_definition(volume)
        if found is None:
            raise UnknownSnapshot(volume, "there is no such volume")
        return GroupName(str(found.get("resource_group_name") or DEFAULT_GROUP))

    def _begun(self, doing: str, target: VolumeName, group: GroupName, wanted: Marks, request: str) -> bool:
        """Make the empty definition; False when the name is taken."""
        body = {"resource_definition": {"name": target, "resource_group_name": group, "props": dict(wanted)}}
        replies = self._controller.change(doing, "POST", path_of("resource-definitions"), body)
        if replies.failed_with(Code.DEFINITION_EXISTS):
            return replies.repeated and self._made_by(target, request)
        self._take_back(replies, target, request)
        replies.check(doing, group_missing(group))
        return True

    def _fill(self, doing: str, volume: VolumeName, name: SnapshotName, target: VolumeName) -> None:
        """Volumes first, then their data. After a lost reply "exists" is our own work: the definition is ours."""
        codes = {
            UnknownSnapshot: [*_NO_SNAPSHOT, Code.UNKNOWN_DEFINITION],
            NotPossible: [*NOT_BUILT_FOR, *NO_PLACE],
        }
        steps = {
            "snapshot-restore-volume-definition": Code.VOLUME_DEFINITION_EXISTS,
            "snapshot-restore-resource": Code.RESOURCE_EXISTS,
        }
        for step, exists in steps.items():
            path = path_of("resource-definitions", volume, step, name)
            replies = self._controller.change(doing, "POST", path, {"to_resource": target}, seconds=self._limits.copy)
            if not (replies.repeated and replies.failed_with(exists)):
                replies.check(doing, about_volume(volume, codes))

    def _clean(self, doing: str, target: VolumeName, wanted: Marks) -> None:
        """Put right what the snapshot brought along: the source's marks and its two writers (linstor.md 2.11)."""
        found = self._raw_definition(target) or {}
        props = object_of(found, "props")
        foreign = {key for key in props if key.startswith(MARKS) or key == TWO_WRITERS} - wanted.keys()
        lost = {key: value for key, value in wanted.items() if props.get(key) != value}
        if foreign or lost:
            self._change_properties(doing, path_of("resource-definitions", target), lost, foreign).check(doing)


def _require_complete(found: Json, volume: VolumeName, name: SnapshotName) -> None:
    """Raises SnapshotFailed, or Interrupted without any flag: the controller died in it (linstor.md 2.11)."""
    if snapshot(found, volume, HostName).complete:
        return
    error = SnapshotFailed if found.get("flags") else Interrupted
    raise error(volume, f"snapshot {name}")
