"""Volumes of the model, as the Cluster port has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from adapters.memory import cluster_refusals as refusals
from adapters.memory.cluster_deployments import SeenResource
from adapters.memory.cluster_part import ClusterPart
from adapters.memory.cluster_refusals import about, adjusted, carried_out, group_missing
from adapters.memory.cluster_seen import MARKS, properties, seen_definition
from adapters.memory.linstor.replies import Refused
from adapters.memory.linstor.space import Filter
from domain.errors import (
    ControllerFailed,
    HasSnapshots,
    NoPlacement,
    NotInSync,
    NotPossible,
    UnknownGroup,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, VolumeName
from domain.ports import Marks
from domain.volumes import Capacity, Definition, Deployment


class MemoryVolumes(ClusterPart):
    """The part of the Cluster port that is about whole volumes."""

    def definitions(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, Definition]:
        """See the port."""
        with self._state.lock:
            found = {volume: self._state.find(volume) for volume in volumes}
            return {volume: seen_definition(each, volume) for volume, each in found.items() if each is not None}

    def definitions_marked(self, marks: Marks) -> Sequence[Definition]:
        """See the port."""
        with self._state.lock:
            known = [seen_definition(each, VolumeName(each.name)) for each in self._state.definitions.values()]
            return [each for each in known if marks.items() <= each.marks.items()]

    def deployments(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, tuple[Deployment, ...]]:
        """See the port."""
        with self._state.lock:
            return {volume: self._seen(volume) for volume in volumes}

    def _seen(self, volume: VolumeName) -> tuple[Deployment, ...]:
        found = self._state.find(volume)
        if found is None or 0 not in found.volumes:
            return ()
        return tuple(
            SeenResource(self._state, found, each).deployment(volume, self._host(each.node))
            for _, each in sorted(found.resources.items())
        )

    def allocated(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, int]:
        """See the port."""
        seen = self.deployments(volumes)
        told = {volume: [each.allocated_kib for each in all_ if each.good_replica] for volume, all_ in seen.items()}
        return {volume: max(sizes) for volume, sizes in told.items() if sizes}

    def capacity(self, group: GroupName) -> Capacity:
        """See the port."""
        with self._state.lock:
            try:
                found = self._state.group(group, 0)
            except Refused as refused:
                raise UnknownGroup(group) from refused
            space = self._model.space.size_info(Filter.of(found))
        if not space["capacity_in_kib"]:
            raise ControllerFailed(f"ask for the space of resource group {group}", "its total size is not known")
        return Capacity(space["capacity_in_kib"], space["available_size_in_kib"], space["max_vlm_size_in_kib"])

    def create(self, volume: VolumeName, size_kib: int, group: GroupName, marks: Marks) -> bool:
        """See the port."""
        doing = f"create volume {volume}"
        try:
            self._model.definitions.spawn(group, volume, [size_kib], props=properties(marks))
        except Refused as refused:
            if refused.error.code == refusals.EXISTS:
                return False
            if len(refused.replies) > 1 or refused.error.code in refusals.INTERNAL:
                self._drop(volume)
            errors = {NoPlacement: refusals.NO_PLACE, NotPossible: refusals.NOT_BUILT_FOR}
            meanings = {**about(volume, errors), **group_missing(group)}
            raise refusals.translated(refused, doing, meanings) from refused
        return True

    def _drop(self, volume: VolumeName) -> None:
        """Take back what this very call made."""
        with suppress(Refused):
            self._model.definitions.delete(volume)

    def grow(self, volume: VolumeName, size_kib: int) -> bool:
        """See the port."""
        errors = {NotInSync: refusals.OUT_OF_STEP, NoPlacement: (980,), UnknownVolume: refusals.NO_VOLUME}
        replies = carried_out(
            f"grow volume {volume} to {size_kib} KiB",
            lambda: self._model.volumes.resize(volume, 0, size_kib),
            about(volume, errors),
        )
        return not any(each.code == refusals.SAME_SIZE for each in replies)

    def mark(self, volume: VolumeName, put: Marks, drop: Collection[str] = ()) -> bool:
        """See the port."""
        if not put and not drop:
            return False
        dropped = [f"{MARKS}{key}" for key in drop]
        replies = carried_out(
            f"mark volume {volume}",
            lambda: self._model.definitions.modify(volume, properties(put), dropped),
            about(volume, {UnknownVolume: refusals.NO_VOLUME}),
        )
        return adjusted(replies)

    def place(self, volume: VolumeName) -> None:
        """See the port."""
        errors = {NoPlacement: refusals.NO_PLACE, UnknownVolume: refusals.NO_VOLUME}
        carried_out(
            f"place the replicas of volume {volume}",
            lambda: self._model.resources.autoplace(volume),
            about(volume, errors),
        )

    def delete(self, volume: VolumeName) -> None:
        """See the port."""
        errors = {VolumeInUse: refusals.IN_USE, HasSnapshots: (refusals.SNAPSHOT_EXISTS,)}
        carried_out(f"delete volume {volume}", lambda: self._model.definitions.delete(volume), about(volume, errors))
