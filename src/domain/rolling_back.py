"""LINSTOR sets a volume back to a snapshot: its data goes back, and nothing else changes (linstor.md 2.11)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import Expired, NotInSync
from domain.names import HostName, VolumeName, same_host
from domain.ports import Clock
from domain.sizes import Sizes
from domain.storage import Storage
from domain.volumes import Definition, Deployment, Role, Snapshot
from domain.waiting import wait_for


class RollingBack:
    """Rollbacks, and what must be put right after one."""

    def __init__(self, clock: Clock, sizes: Sizes) -> None:
        self._clock = clock
        self._sizes = sizes

    def go_back(
        self, storage: Storage, definition: Definition, snapshot: Snapshot, home: HostName | None
    ) -> Sequence[Deployment]:
        """Set the volume back; where it is then. A VM that is not running keeps its attachment to the host *home*.

        A rollback would shrink what grew since; what is added again reads as zeros (rule 8). Whether somebody uses the
        volume is for LINSTOR to judge, in the same request: a look before would be older than that.
        Until every replica is complete again it is not done: a failed rollback may leave an empty one
        (linstor.md 2.17 no. 11). Raises NotInSync where that takes too long.
        Raises VolumeInUse, NotInSync, NotTheNewest before anything is changed.
        """
        volume = definition.name
        storage.cluster.roll_back(volume, snapshot.name)
        self._restore_marks(storage, definition, snapshot)
        seen = self._wait_whole(storage, volume)
        self._restore_witness(storage, seen, home)
        if definition.resizing or definition.size_kib != snapshot.size_kib:
            self._sizes.ensure(storage, volume, definition.size_kib)
        return seen

    @staticmethod
    def _restore_marks(storage: Storage, definition: Definition, snapshot: Snapshot) -> None:
        """The volume has its marks of now, or those that it had at the snapshot: that depends on the server.

        Where both are the same nothing is to be done, and where LINSTOR does not tell the old ones, everything.
        """
        if snapshot.volume_marks != definition.marks:
            gone = [key for key in snapshot.volume_marks or {} if key not in definition.marks]
            storage.cluster.mark(definition.name, definition.marks, gone)

    @staticmethod
    def _restore_witness(storage: Storage, seen: Sequence[Deployment], home: HostName | None) -> None:
        """A rollback brings a witness back as a plain attachment (linstor.md 2.11); it goes where nobody uses it.

        Where the witness was is not asked: an earlier try that was killed has forgotten it.
        """
        for each in seen:
            at_home = home is not None and same_host(each.host, home)
            if each.role is Role.ATTACHMENT and each.in_use is False and not at_home:
                storage.cluster.detach(each.volume, each.host)

    def _wait_whole(self, storage: Storage, volume: VolumeName) -> tuple[Deployment, ...]:
        """Where the volume is, once all its replicas are complete. Raises NotInSync."""

        def whole() -> tuple[Deployment, ...] | None:
            seen = storage.cluster.deployments([volume])[volume]
            replicas = [each for each in seen if each.role is Role.REPLICA]
            return seen if replicas and all(each.good_replica for each in replicas) else None

        limit = storage.settings.limits.change
        try:
            return wait_for(f"complete replicas of {volume}", whole, self._clock, limit)
        except Expired as expired:
            raise NotInSync(volume, f"waited {limit:g} seconds after it was set back") from expired
