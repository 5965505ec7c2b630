"""What an order could not do on a host that was down; the next order about the disk does it (rule 6).

A link that stays is no danger by itself: LINSTOR removes its device when the node is back. But nobody else would ever
remove it. The volume carries the debt, because a driver has no other memory.
"""

from __future__ import annotations

from contextlib import suppress

from domain import marks as marking
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName, VolumeName
from domain.orders import Place
from domain.ports import Hosts
from domain.steps import Unlink
from domain.storage import Storage
from domain.volumes import Definition, on_host

MOST_PATHS = 20
"""Values of LINSTOR's properties end at about 4096 characters (linstor.md 2.17 no. 9)."""


class Debts:
    """Links that are still to be removed."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    @staticmethod
    def write_down(storage: Storage, volume: VolumeName, place: Place) -> None:
        """Note that the link at *place* stays. A volume that is gone needs no note."""
        definition = storage.cluster.definitions([volume]).get(volume)
        if definition is None or definition.deleting:
            return
        known = marking.debts(definition.marks).get(place.host, ())
        paths = [*(path for path in known if path != place.path), place.path][-MOST_PATHS:]
        storage.cluster.mark(volume, {marking.debt_key(place.host): " ".join(paths)})

    def settle(self, storage: Storage, definition: Definition, arriving: Place | None = None) -> None:
        """Remove the links that are owed. The one at *arriving* is about to be made again, so it is owed no more.

        A host that is still down keeps its debts and costs no waiting where LINSTOR knows that it is down.
        """
        for host, owed in marking.debts(definition.marks).items():
            left = [path for path in owed if arriving is None or (host, path) != (arriving.host, arriving.path)]
            if left and self._paid(storage, definition.name, host, left):
                left = []
            if len(left) < len(owed):
                key = marking.debt_key(host)
                storage.cluster.mark(definition.name, {key: " ".join(left)} if left else {}, [] if left else [key])

    def _paid(self, storage: Storage, volume: VolumeName, host: HostName, paths: list[str]) -> bool:
        here = on_host(storage.cluster.deployments([volume])[volume], host)
        if here is not None and not here.reachable:
            return False
        try:
            for path in paths:
                # what is no link any more is not what was left there
                with suppress(HostCommandFailed):
                    self._hosts.run(host, [Unlink(path)])
        except HostUnreachable:
            return False
        return True
