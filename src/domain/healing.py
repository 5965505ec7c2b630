"""End what a live migration left behind when its last order was never called or was killed (rule 5, linstor.md 2.18).

OpenNebula's ssh and shared drivers never pass `failmigrate` on, so the next order about the volume has to do it.
"""

from __future__ import annotations

from collections.abc import Collection

from domain import marks as marking
from domain.attachment import Attachment
from domain.errors import StillTwoWriters
from domain.names import HostName, same_host
from domain.storage import Storage
from domain.volumes import Definition, Deployment, Role, on_host

Pair = tuple[HostName, HostName]


def connection(pair: Pair, seen: tuple[Deployment, ...]) -> Pair | None:
    """Where two writers are allowed: the connection of the pair; None = the volume, where neither has a replica.

    Two hosts without a replica have no connection with each other (linstor.md 2.8).
    """
    ends = [on_host(seen, host) for host in pair]
    return pair if any(end is not None and end.role is Role.REPLICA for end in ends) else None


class Healing:
    """Takes back what a migration allowed, when no migration runs any more."""

    def __init__(self, attachment: Attachment) -> None:
        self._attachment = attachment

    def heal(self, storage: Storage, definition: Definition, homes: Collection[HostName]) -> None:
        """End the migration that *definition* still carries, and the permission of two writers without one.

        While both hosts write, a migration is running: everything stays. *homes* are the hosts that the order counts
        on: it knows where the VM is, so the other end of that migration is wanted by nobody, unless other VMs use the
        volume, too: then both ends stay.
        """
        pair = marking.migration_pair(definition.marks)
        if pair is None and not definition.two_writers:
            return
        seen = storage.cluster.deployments([definition.name])[definition.name]
        if len([each for each in seen if each.in_use]) > 1:
            return
        self.forbid(storage, definition, pair, seen)
        common = marking.migration_of_common(definition.marks)
        if pair is None or common or self._drop_unused(storage, definition, pair, homes):
            self.forget(storage, definition)

    def forbid(self, storage: Storage, definition: Definition, pair: Pair | None, seen: tuple[Deployment, ...]) -> None:
        """Take the permission of two writers away wherever it may be. Raises StillTwoWriters after trying all."""
        places = [connection(pair, seen)] if pair is not None else []
        if definition.two_writers:
            places.append(None)
        refused = [each for where in dict.fromkeys(places) if (each := self._forbid(storage, definition, where))]
        if refused:
            raise refused[-1]

    @staticmethod
    def forget(storage: Storage, definition: Definition) -> None:
        """Remove the mark; that makes every host adjust, so a permission that only a kernel kept goes, too."""
        storage.cluster.mark(definition.name, {}, [marking.MIGRATION])

    @staticmethod
    def _forbid(storage: Storage, definition: Definition, where: Pair | None) -> StillTwoWriters | None:
        try:
            storage.cluster.forbid_two_writers(definition.name, where)
        except StillTwoWriters as refused:
            return refused
        return None

    def _drop_unused(self, storage: Storage, definition: Definition, pair: Pair, homes: Collection[HostName]) -> bool:
        """Detach the ends that no VM uses: those that are neither open nor at home. Whether all of them can be judged.

        Where LINSTOR cannot see a host, a guest may still write there: its attachment stays, and a later order looks
        again.
        """
        seen = storage.cluster.deployments([definition.name])[definition.name]
        ends = [each for host in pair if (each := on_host(seen, host)) is not None]
        away = [each for each in ends if not any(same_host(each.host, home) for home in homes)]
        for each in away:
            if each.in_use is False:
                self._attachment.release(storage, definition.name, each.host)
        return all(each.in_use is not None or each.role is not Role.ATTACHMENT for each in away)
