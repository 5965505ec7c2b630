"""The LINSTOR of a datastore (port Clusters)."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping

from adapters.linstor.access import access_of
from adapters.linstor.cluster import RestCluster
from adapters.linstor.controller import Controller, Watch, unwatched
from adapters.linstor.endpoints import Controllers
from domain.ports import Cluster
from domain.settings import StorageSettings


class RestClusters:
    """Gives one cluster object for all datastores that reach LINSTOR in the same way."""

    def __init__(self, environment: Mapping[str, str], watch: Watch = unwatched) -> None:
        self._environment, self._watch = environment, watch
        self._known: dict[Hashable, RestCluster] = {}
        self._lock = threading.Lock()

    def of(self, settings: StorageSettings) -> Cluster:
        """The cluster of *settings*. No request is made.

        Raises BadConfiguration for an address, or for a file of a password or token, that makes no sense.
        """
        with self._lock:
            key = _key(settings)
            if key not in self._known:
                access = access_of(settings, self._environment)
                controller = Controller(Controllers(settings.controllers), access, settings.limits, self._watch)
                self._known[key] = RestCluster(controller, settings)
            return self._known[key]


def _key(settings: StorageSettings) -> Hashable:
    """What makes a difference to the connection; group, bridges and number of the datastore do not."""
    return (
        settings.controllers,
        settings.limits,
        tuple(sorted(settings.nodes.items())),
        (settings.ca_file, settings.cert_file, settings.key_file),
        (settings.user, settings.password, settings.password_file, settings.token, settings.token_file),
    )
