"""Port Clusters in memory: one LINSTOR for each list of controllers."""

from __future__ import annotations

from collections.abc import Callable

from adapters.memory.cluster import MemoryCluster
from domain.settings import StorageSettings

Controllers = tuple[str, ...]


class MemoryClusters:
    """*make* gives the cluster behind controllers, the first time that they are asked for."""

    def __init__(self, make: Callable[[Controllers], MemoryCluster]) -> None:
        self._make = make
        self._made: dict[Controllers, MemoryCluster] = {}

    def of(self, settings: StorageSettings) -> MemoryCluster:
        """The cluster of *settings*."""
        if settings.controllers not in self._made:
            self._made[settings.controllers] = self._make(settings.controllers)
        return self._made[settings.controllers]
