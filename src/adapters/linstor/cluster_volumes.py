"""Volumes over REST: look up, make, copy, grow, mark, delete (linstor.md 2.3, 2.4, 2.10, 2.12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from adapters.linstor.cluster_part import ClusterPart, new_request
from adapters.linstor.codes import Code, Kind
from adapters.linstor.controller import path_of
from adapters.linstor.deployments import deployments, has_own_ports
from adapters.linstor.meanings import BUSY, NO_PLACE, NOT_BUILT_FOR, OUT_OF_STEP, group_missing
from adapters.linstor.reading import (
    MARKS,
    REQUEST,
    Json,
    definition,
    first_volume,
    list_of,
    number_of,
    properties,
)
from adapters.linstor.replies import Replies, about_volume, first_of
from domain.errors import (
    HasSnapshots,
    NoPlacement,
    NotInSync,
    NotPossible,
    UnknownVolume,
    VolumeError,
    VolumeInUse,
)
from domain.names import GroupName, VolumeName
from domain.ports import Marks
from domain.volumes import Definition, Deployment

_UNKNOWN: dict[type[VolumeError], Collection[int]] = {
    UnknownVolume: [Code.UNKNOWN_DEFINITION, Code.UNKNOWN_VOLUME_DEFINITION]
}

PORTS_OF_RESOURCES = "1.26.0"
"""The REST version that brought `tcp_ports` of single resources, with the properties of a clone (CHANGELOG-OPENAPI)."""


class ClusterVolumes(ClusterPart):
    """The part of the Cluster port that is about whole volumes."""

    def definitions(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, Definition]:
        """See the port."""
        query = [("with_volume_definitions", "true")]
        path = path_of("resource-definitions")
        found = self._found_by_name(f"look up {_named(volumes)}", path, "resource_definitions", volumes, query)
        return {volume: definition(each, volume) for volume, each in found}

    def definitions_marked(self, marks: Marks) -> Sequence[Definition]:
        """See the port."""
        filters = [("props", f"{key}={value}") for key, value in properties(marks).items()]
        query = [*filters, ("with_volume_definitions", "true")]
        found = self._listed("look up volumes by their marks", path_of("resource-definitions"), query)
        read = [definition(each) for each in found]
        return [each for each in read if marks.items() <= each.marks.items()]

    def deployments(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, tuple[Deployment, ...]]:
        """See the port."""
        raw: dict[VolumeName, list[Json]] = {volume: [] for volume in volumes}
        path = path_of("view", "resources")
        for volume, each in self._found_by_name(f"look up where {_named(volumes)} is", path, "resources", volumes):
            raw[volume].append(each)
            if has_own_ports(each):
                self._controller.shows(PORTS_OF_RESOURCES)
        return {volume: deployments(found, volume, self._nodes.host) for volume, found in raw.items()}

    def create(self, volume: VolumeName, size_kib: int, group: GroupName, marks: Marks) -> bool:
        """See the port."""
        doing, request = f"create volume {volume}", new_request()
        wanted = properties({**marks, REQUEST: request})
        body: dict[str, object] = {"resource_definition_name": volume, "volume_sizes": [size_kib]}
        at_once = self._controller.at_least("1.22.0")
        if at_once:
            body["resource_definition_props"] = wanted
        replies = self._controller.change(doing, "POST", path_of("resource-groups", group, "spawn"), body)
        if replies.failed_with(Code.DEFINITION_EXISTS):
            return replies.repeated and self._made_by(volume, request)
        if not replies.begun:
            self._take_back(replies, volume, request)
        if not at_once and replies.error is None:
            path = path_of("resource-definitions", volume)
            replies = Replies(replies.entries + self._change_properties(doing, path, wanted, ()).entries)
        self._keep_if_whole(doing, volume, replies, group)
        return True

    def _keep_if_whole(self, doing: str, volume: VolumeName, replies: Replies, group: GroupName) -> None:
        """Raises by the replies to a creation, after removing what a satellite's failure left (linstor.md 2.5)."""
        empty = replies.has(Kind.INFO, Code.NOTHING_SPAWNED) or replies.has(Kind.WARNING, Code.ALL_DISKLESS)
        if replies.begun and (replies.error is not None or empty):
            self._delete_quietly(volume)
        placing = about_volume(volume, {NoPlacement: NO_PLACE, NotPossible: NOT_BUILT_FOR})
        replies.check(doing, first_of(placing, group_missing(group)))
        if empty:
            raise NoPlacement(volume, f"resource group {group} asks for no replica")

    def grow(self, volume: VolumeName, size_kib: int) -> bool:
        """See the port."""
        doing = f"grow volume {volume} to {size_kib} KiB"
        path = path_of("resource-definitions", volume, "volume-definitions", "0")
        replies = self._controller.change(doing, "PUT", path, {"size_kib": size_kib})
        if replies.has(Kind.WARNING, Code.SAME_SIZE):
            return False
        if replies.failed_with(Code.INVALID_VOLUME_SIZE) and self._size_on_record(volume) == size_kib:
            return False
        meanings = about_volume(volume, {NotInSync: OUT_OF_STEP, NoPlacement: [Code.NO_FREE_SPACE], **_UNKNOWN})
        replies.check(doing, meanings)
        return True

    def _size_on_record(self, volume: VolumeName) -> int:
        """Servers before 1.30.3 refuse the same size as if it were an impossible one."""
        found = self._raw_definition(volume) or {}
        return number_of(first_volume(list_of(found, "volume_definitions")), "size_kib")

    def mark(self, volume: VolumeName, put: Marks, drop: Collection[str] = ()) -> bool:
        """See the port."""
        if not put and not drop:
            return False
        doing, path = f"mark volume {volume}", path_of("resource-definitions", volume)
        replies = self._change_properties(doing, path, properties(put), [f"{MARKS}{key}" for key in drop])
        return replies.check(doing, about_volume(volume, _UNKNOWN)).adjusted

    def place(self, volume: VolumeName) -> None:
        """See the port."""
        doing = f"place the replicas of volume {volume}"
        replies = self._controller.change(doing, "POST", path_of("resource-definitions", volume, "autoplace"), {})
        replies.check(doing, about_volume(volume, {NoPlacement: NO_PLACE, **_UNKNOWN}))

    def delete(self, volume: VolumeName) -> None:
        """See the port."""
        doing = f"delete volume {volume}"
        replies = self._controller.change(doing, "DELETE", path_of("resource-definitions", volume))
        if replies.failed_with(Code.UNKNOWN_DEFINITION):
            return
        codes = {VolumeInUse: [Code.IN_USE, *BUSY], HasSnapshots: [Code.SNAPSHOT_EXISTS]}
        replies.check(doing, about_volume(volume, codes))


def _named(volumes: Collection[VolumeName]) -> str:
    """Volumes in an error: the first of them, and how many more there are."""
    first = next(iter(volumes), "")
    return f"volume {first}" if len(volumes) < 2 else f"volume {first} and {len(volumes) - 1} more"
