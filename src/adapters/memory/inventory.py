"""Port Inventory in memory: what the model behind MemoryCluster holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.memory.cluster import MemoryCluster
from domain.inventory import Holding
from domain.settings import StorageSettings


class MemoryInventory:
    """The whole of *cluster*."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self._cluster = cluster

    def holdings(self) -> Sequence[Holding]:
        """See the port."""
        found = sorted(self._cluster.definitions_marked({}), key=lambda each: each.name)
        deployed = self._cluster.deployments([each.name for each in found])
        return [Holding(each, deployed[each.name], self._cluster.snapshots(each.name)) for each in found]


class MemoryInventories:
    """Port Inventories: *cluster* gives that of a datastore's settings."""

    def __init__(self, cluster: Callable[[StorageSettings], MemoryCluster]) -> None:
        self._cluster = cluster

    def of(self, settings: StorageSettings) -> MemoryInventory:
        """See the port."""
        return MemoryInventory(self._cluster(settings))
