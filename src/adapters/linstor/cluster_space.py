"""Capacity over REST (linstor.md 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.linstor.cluster_part import NAMES_IN_ONE_REQUEST, ClusterPart
from adapters.linstor.codes import Code
from adapters.linstor.controller import path_of
from adapters.linstor.deployments import deployment
from adapters.linstor.meanings import group_missing
from adapters.linstor.pool_space import Space, Wanted, placed_kib, spaces, targets
from adapters.linstor.reading import Json, first_volume, known_number, list_of, number_of, object_of
from adapters.linstor.replies import replies_of
from domain.errors import ControllerFailed, NoPlacement, UnknownGroup
from domain.names import GroupName, HostName, VolumeName
from domain.volumes import Capacity


class ClusterSpace(ClusterPart):
    """The part of the Cluster port that is about space."""

    def capacity(self, group: GroupName) -> Capacity:
        """See the port. Servers before REST 1.17 have no such query: it is worked out from their pools."""
        doing = f"ask for the space of resource group {group}"
        answer = self._controller.ask(doing, path_of("resource-groups", group, "query-size-info"), {})
        found = answer.body if isinstance(answer.body, dict) else {}
        replies = replies_of(answer.body if answer.status >= 300 else list_of(found, "reports"), answer.status)
        if replies is not None and replies.missing_endpoint:
            return self._from_pools(doing, group)
        if replies is not None:
            replies.check(doing, group_missing(group))
        return _known(doing, _from_space_info(object_of(found, "space_info")))

    def allocated(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, int]:
        """See the port. More names than fit into a request are looked for in the list of all."""
        asked = {volume.lower(): volume for volume in volumes}
        filters = [("resources", name) for name in asked.values()] if len(asked) <= NAMES_IN_ONE_REQUEST else []
        told: dict[VolumeName, int] = {}
        for found in self._listed("look up what volumes take", path_of("view", "resources"), filters):
            volume = asked.get(str(found.get("name", "")).lower())
            size_kib = None if volume is None else _allocated_kib(found, volume)
            if volume is not None and size_kib is not None:
                told[volume] = max(size_kib, told.get(volume, 0))
        return told

    def _from_pools(self, doing: str, group: GroupName) -> Capacity:
        """What servers without the query can place; the controller's own word on the largest volume has the last say.

        It alone knows rules like replicas_on_different: where it finds no place, nothing is free.
        """
        largest = self._largest(doing, group)
        groups = self._listed(doing, path_of("resource-groups"), [("resource_groups", group)])
        if not groups:
            raise UnknownGroup(group)
        wanted = Wanted.of(object_of(groups[0], "select_filter"))
        found = self._spaces(doing, wanted)
        total = sum(placed_kib([(each.nodes, each.total_kib) for each in found], wanted.replicas))
        free = sum(placed_kib([(each.nodes, each.free_kib) for each in found], wanted.replicas))
        return _known(doing, Capacity(total, free if largest else 0, largest))

    def _largest(self, doing: str, group: GroupName) -> int:
        """The largest volume that can be placed, KiB; 0 where none can."""
        meanings = {**group_missing(group), Code.NOT_ENOUGH_NODES: NoPlacement}
        try:
            found = self._controller.read(
                doing, path_of("resource-groups", group, "query-max-volume-size"), (), meanings
            )
        except NoPlacement:
            return 0
        candidates = list_of(found, "candidates") if isinstance(found, dict) else []
        return max((number_of(each, "max_volume_size_kib") for each in candidates), default=0)

    def _spaces(self, doing: str, wanted: Wanted) -> list[Space]:
        nodes = targets(self._listed(doing, path_of("nodes"), ()))
        names = [("storage_pools", name) for name in sorted(wanted.pools)]
        pools = self._listed(doing, path_of("view", "storage-pools"), [*names, ("cached", "true")])
        return spaces(pools, wanted, nodes)


def _allocated_kib(found: Json, volume: VolumeName) -> int | None:
    """What a good replica takes, KiB; None for what is none, and where the satellite has not told (-1)."""
    size_kib = known_number(first_volume(list_of(found, "volumes")), "allocated_size_kib")
    known = size_kib is not None and size_kib >= 0 and deployment(found, volume, HostName).good_replica
    return size_kib if known else None


def _known(doing: str, capacity: Capacity) -> Capacity:
    """LINSTOR answers 0 while its satellites have not told, and where no set of nodes can serve the group."""
    if capacity.total_kib <= 0:
        raise ControllerFailed(doing, "its total size is not known, or no set of nodes can hold the group's replicas")
    return capacity


def _from_space_info(found: Json) -> Capacity:
    return Capacity(
        total_kib=number_of(found, "capacity_in_kib"),
        free_kib=number_of(found, "available_size_in_kib"),
        largest_volume_kib=number_of(found, "max_vlm_size_in_kib"),
    )
