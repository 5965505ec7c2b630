"""From a datastore id to its settings and its LINSTOR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.opennebula import Datastore
from domain.ports import Cluster, Clusters, Oned
from domain.settings import KnownLimits, StorageSettings, group_in, settings_of


@dataclass(frozen=True)
class Storage:
    """The LINSTOR of one datastore and how it wants to be used."""

    settings: StorageSettings
    cluster: Cluster

    def placing_by(self, *templates: Mapping[str, str]) -> Storage:
        """The same storage with the resource group of the first of *templates* that names one. Raises BadName."""
        group = next(filter(None, map(group_in, templates)), None)
        return self if group is None else replace(self, settings=replace(self.settings, group=group))


class Storages:
    """Finds the storage of a datastore; asks oned at most once for each. *limits* learn of each one found."""

    def __init__(
        self, oned: Oned, clusters: Clusters, environment: Mapping[str, str], limits: KnownLimits | None = None
    ) -> None:
        self._oned = oned
        self._clusters = clusters
        self._environment = environment
        self._limits = limits or KnownLimits()
        self._found: dict[int, Storage] = {}

    def of(self, datastore_id: int) -> Storage:
        """The storage of a datastore that oned is asked about. Raises OnedError, BadConfiguration."""
        if datastore_id not in self._found:
            self.of_datastore(self._oned.datastore(datastore_id))
        return self._found[datastore_id]

    def of_datastore(self, datastore: Datastore) -> Storage:
        """The storage of a datastore that oned sent along. Raises BadConfiguration."""
        settings = settings_of(datastore, self._environment)
        storage = Storage(settings, self._clusters.of(settings))
        self._limits.add(settings.limits)
        self._found[datastore.datastore_id] = storage
        return storage
