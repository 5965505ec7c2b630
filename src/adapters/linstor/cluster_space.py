"""Capacity over REST (linstor.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapters.linstor.cluster_part import ClusterPart
from adapters.linstor.controller import path_of
from adapters.linstor.meanings import group_missing
from adapters.linstor.reading import Json, list_of, number_of, object_of
from adapters.linstor.replies import replies_of
from domain.errors import ControllerFailed, UnknownGroup
from domain.names import GroupName
from domain.volumes import Capacity


class ClusterSpace(ClusterPart):
    """The part of the Cluster port that is about space."""

    def capacity(self, group: GroupName) -> Capacity:
        """See the port. Servers before REST 1.17 have no such query: their pools are added up."""
        doing = f"ask for the space of resource group {group}"
        answer = self._controller.ask(doing, path_of("resource-groups", group, "query-size-info"), {})
        found = answer.body if isinstance(answer.body, dict) else {}
        replies = replies_of(answer.body if answer.status >= 300 else list_of(found, "reports"), answer.status)
        if replies is not None and replies.missing_endpoint:
            return self._from_pools(doing, group)
        if replies is not None:
            replies.check(doing, group_missing(group))
        return _known(doing, _from_space_info(object_of(found, "space_info")))

    def _from_pools(self, doing: str, group: GroupName) -> Capacity:
        """Every space once, divided by the number of replicas."""
        groups = self._listed(doing, path_of("resource-groups"), [("resource_groups", group)])
        if not groups:
            raise UnknownGroup(group)
        wanted = object_of(groups[0], "select_filter")
        names = wanted.get("storage_pool_list") or [wanted["storage_pool"]] if "storage_pool" in wanted else []
        query = [("storage_pools", str(name)) for name in names]
        pools = self._listed(doing, path_of("view", "storage-pools"), [*query, ("cached", "true")])
        return _known(doing, _added_up(pools, max(1, number_of(wanted, "place_count"))))


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


def _added_up(pools: Iterable[Json], replicas: int) -> Capacity:
    """Shared pools are listed once for each node; their common name tells them (linstor.md 2.2)."""
    spaces: Mapping[str, Json] = {
        str(pool.get("free_space_mgr_name") or f"{pool.get('node_name')};{pool.get('storage_pool_name')}"): pool
        for pool in pools
        if pool.get("provider_kind") != "DISKLESS" and "total_capacity" in pool
    }
    free = sum(number_of(pool, "free_capacity") for pool in spaces.values()) // replicas
    total = sum(number_of(pool, "total_capacity") for pool in spaces.values()) // replicas
    return Capacity(total, free, free)
