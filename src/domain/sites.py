"""Every LINSTOR that oned's datastores name, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.errors import BadConfiguration
from domain.opennebula import Datastore
from domain.ports import Clusters
from domain.settings import settings_of
from domain.storage import Storage

DRIVER = "linstor"


def is_ours(datastore: Datastore) -> bool:
    """Whether this driver serves the datastore."""
    return DRIVER in (datastore.ds_mad, datastore.tm_mad)


def site_of(controllers: Iterable[str]) -> str:
    """What a LINSTOR is called here: its controllers, in whatever order a datastore names them."""
    return ",".join(sorted(controllers))


def storages_of(
    datastores: Iterable[Datastore], clusters: Clusters, environment: Mapping[str, str]
) -> dict[str, Storage]:
    """One storage for each LINSTOR; a datastore that maps host names comes first. Raises BadConfiguration for none."""
    found: dict[str, Storage] = {}
    for each in filter(is_ours, datastores):
        settings = settings_of(each, environment)
        name = site_of(settings.controllers)
        if name not in found or (settings.nodes and not found[name].settings.nodes):
            found[name] = Storage(settings, clusters.of(settings))
    if not found:
        raise BadConfiguration("oned has no datastore with the driver linstor")
    return found
