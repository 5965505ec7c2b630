"""The space of a datastore, as OpenNebula wants to hear it (opennebula.md 2.8, linstor.md 2.3)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.orders import Monitor
from domain.storage import Storages


@dataclass(frozen=True)
class Space:
    """Sizes in MiB; used and free add up to total."""

    total_mib: int
    free_mib: int

    @property
    def used_mib(self) -> int:
        """What is taken; thin accounting can never make it negative."""
        return max(0, self.total_mib - self.free_mib)


def monitor(order: Monitor, storages: Storages) -> Space:
    """What LINSTOR can place for the datastore's group. Raises UnknownGroup, BadConfiguration: never zeros instead."""
    storage = storages.of_datastore(order.datastore)
    found = storage.cluster.capacity(storage.settings.group)
    total = found.total_kib // 1024
    return Space(total, min(total, found.free_kib // 1024))
