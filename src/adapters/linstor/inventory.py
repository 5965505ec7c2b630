"""Port Inventory over REST: three lists, whatever the number of volumes (linstor.md 2.4, 2.11, 2.13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from adapters.linstor.access import access_of
from adapters.linstor.cluster_part import ClusterPart
from adapters.linstor.controller import Controller, path_of
from adapters.linstor.deployments import deployments
from adapters.linstor.endpoints import Controllers
from adapters.linstor.reading import Json, definition, oldest_first, snapshot
from domain.inventory import Holding
from domain.settings import StorageSettings

Lists = Mapping[str, list[Json]]
"""What lists have, by the name of the volume in lower case."""


class RestInventories:
    """Gives the inventory of a datastore's LINSTOR. *environment* is that of the process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def of(self, settings: StorageSettings) -> RestInventory:
        """See the port."""
        access = access_of(settings, self._environment)
        return RestInventory(Controller(Controllers(settings.controllers), access, settings.limits), settings)


class RestInventory(ClusterPart):
    """The whole of one LINSTOR."""

    def holdings(self) -> Sequence[Holding]:
        """See the port. A volume that began after the first list has no deployments, so its age is not known."""
        deployed = _by_name(self._listed("list the deployments", path_of("view", "resources"), ()), "name")
        taken = _by_name(self._listed("list the snapshots", path_of("view", "snapshots"), ()), "resource_name")
        query = [("with_volume_definitions", "true")]
        found = self._listed("list the volumes", path_of("resource-definitions"), query)
        read = [self._holding(each, deployed, taken) for each in found]
        return sorted(read, key=lambda each: each.definition.name)

    def _holding(self, raw: Json, deployed: Lists, taken: Lists) -> Holding:
        found = definition(raw)
        here, snapshots = deployed.get(found.name.lower(), []), oldest_first(taken.get(found.name.lower(), []))
        return Holding(
            found,
            deployments(here, found.name, self._nodes.host),
            tuple(snapshot(each, found.name, self._nodes.host) for each in snapshots),
        )


def _by_name(found: Sequence[Json], member: str) -> Lists:
    lists: dict[str, list[Json]] = defaultdict(list)
    for each in found:
        lists[str(each.get(member, "")).lower()].append(each)
    return lists
