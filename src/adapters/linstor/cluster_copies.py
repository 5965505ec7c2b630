"""Copies that LINSTOR makes (linstor.md 2.12)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.linstor.cluster_part import ClusterPart, new_request
from adapters.linstor.codes import Code
from adapters.linstor.controller import path_of
from adapters.linstor.meanings import BUSY, NO_PLACE, NOT_BUILT_FOR, OUT_OF_STEP, group_missing
from adapters.linstor.reading import MARKS, REQUEST, TWO_WRITERS, definition, object_of, properties
from adapters.linstor.replies import Meaning, about_volume, first_of
from domain.errors import ControllerFailed, NoPlacement, NotInSync, NotPossible, UnknownVolume
from domain.names import GroupName, VolumeName
from domain.ports import Marks
from domain.volumes import CopyState


class ClusterCopies(ClusterPart):
    """The part of the Cluster port that is about copies."""

    def copy(self, source: VolumeName, target: VolumeName, group: GroupName | None, marks: Marks) -> bool:
        """See the port."""
        doing, request = f"copy volume {source} to {target}", new_request()
        put = properties({**marks, REQUEST: request})
        drop = self._inherited(source) - put.keys()
        body: dict[str, object] = {"name": target}
        with_group, with_props = self._controller.at_least("1.24.0"), self._controller.at_least("1.26.0")
        if with_group and group is not None:
            body["resource_group"] = group
        if with_props:
            body |= {"override_props": put, "delete_props": sorted(drop)}
        path = path_of("resource-definitions", source, "clone")
        replies = self._controller.change(doing, "POST", path, body)
        if replies.failed_with(Code.DEFINITION_EXISTS):
            return replies.repeated and self._made_by(target, request)
        self._take_back(replies, target, request)
        replies.check(doing, _meanings(source, group))
        if not with_props:
            self._finish_old_copy(doing, target, None if with_group else group, put, drop)
        return True

    def _inherited(self, source: VolumeName) -> set[str]:
        """What a copy takes over and must not have: its source's marks, and the permission of two writers.

        They are named one by one: LINSTOR sets properties before it deletes, so that deleting the whole
        namespace would take the new marks away, too. Raises UnknownVolume.
        """
        found = self._raw_definition(source)
        if found is None:
            raise UnknownVolume(source)
        return {key for key in object_of(found, "props") if key.startswith(MARKS)} | {TWO_WRITERS}

    def _finish_old_copy(
        self, doing: str, target: VolumeName, group: GroupName | None, put: Marks, drop: Collection[str]
    ) -> None:
        """What servers before REST 1.24 and 1.26 cannot do within the clone request."""
        body: dict[str, object] = {"override_props": dict(put), "delete_props": sorted(drop)}
        if group is not None:
            body["resource_group"] = group
        replies = self._controller.change(doing, "PUT", path_of("resource-definitions", target), body)
        if replies.error is not None:
            self._delete_quietly(target)
        replies.check(doing, first_of(about_volume(target, {NoPlacement: NO_PLACE}), group_missing(group)))

    def copy_state(self, source: VolumeName, target: VolumeName) -> CopyState:
        """See the port."""
        doing = f"ask for the state of the copy {target}"
        gone: Mapping[int, Meaning] = {Code.UNKNOWN_DEFINITION: lambda said: UnknownVolume(target, said)}
        try:
            found = self._controller.read(doing, path_of("resource-definitions", source, "clone", target), (), gone)
        except UnknownVolume:
            return CopyState.GONE
        if not isinstance(found, dict) or "status" not in found:
            raise ControllerFailed(doing, "the answer has no status")
        if found["status"] == "FAILED":
            return self._failed_for_good(target)
        return CopyState.COMPLETE if found["status"] == "COMPLETE" else CopyState.RUNNING

    def _failed_for_good(self, target: VolumeName) -> CopyState:
        """LINSTOR also says FAILED while a node is away; only the flag of the definition is final."""
        found = self._raw_definition(target)
        if found is None:
            return CopyState.GONE
        return CopyState.FAILED if definition(found).failed else CopyState.RUNNING


def _meanings(source: VolumeName, group: GroupName | None) -> dict[int, Meaning]:
    codes = {
        NotInSync: [*OUT_OF_STEP, *BUSY],
        NoPlacement: NO_PLACE,
        NotPossible: NOT_BUILT_FOR,
        UnknownVolume: [Code.UNKNOWN_DEFINITION],
    }
    return first_of(about_volume(source, codes), group_missing(group))
