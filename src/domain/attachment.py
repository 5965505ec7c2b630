"""Make a volume usable on a host, and take that away again (linstor.md 2.6, 2.7, 2.16)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import Expired, NotAttached, NoUsableReplica, VolumeInUse
from domain.local_volumes import require_data_for
from domain.names import HostName, VolumeName
from domain.ports import Clock
from domain.storage import Storage
from domain.undoing import Undo
from domain.volumes import Deployment, DiskState, Role, on_host
from domain.waiting import wait_for, wait_while_open


def require_good_replica(volume: VolumeName, seen: tuple[Deployment, ...]) -> None:
    """Raises NoUsableReplica: LINSTOR would make an empty disk (linstor.md 2.6)."""
    if not any(each.good_replica for each in seen):
        raise NoUsableReplica(volume)


def openable(here: Deployment, seen: tuple[Deployment, ...]) -> bool:
    """Whether a program there can use the volume: also a replica that is behind, while a good one is connected."""
    if here.usable:
        return True
    behind = here.device is not None and here.reachable and here.state is DiskState.BEHIND
    return behind and here.connected and not here.deleting and any(each.good_replica for each in seen)


def wanted_here(here: Deployment | None, seen: tuple[Deployment, ...]) -> bool:
    """Whether nothing has to change: usable, and not a witness that LINSTOR may move at any time."""
    return here is not None and here.role is not Role.WITNESS and openable(here, seen)


class Attachment:
    """Attachments of volumes to hosts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def ensure(self, storage: Storage, volume: VolumeName, host: HostName, undo: Undo) -> Deployment:
        """Make *volume* usable on *host*. Raises as :meth:`bring`."""
        return self.bring(storage, volume, host, undo)[0]

    def bring(
        self, storage: Storage, volume: VolumeName, host: HostName, undo: Undo
    ) -> tuple[Deployment, tuple[Deployment, ...]]:
        """Make *volume* usable on *host*: its deployment there, and all of them as they are then.

        Raises NoUsableReplica, NotAttached, NotPossible and what `Cluster.attach` raises.
        """
        cluster = storage.cluster
        seen = cluster.deployments([volume])[volume]
        require_data_for(volume, seen, host)
        here = on_host(seen, host)
        if here is not None and wanted_here(here, seen):
            return here, seen
        require_good_replica(volume, seen)
        cluster.attach(volume, host)
        if here is None or here.role is Role.WITNESS:
            undo.add(lambda: cluster.detach(volume, host))
        return self._usable(storage, [volume], host)[volume]

    def read_back(self, storage: Storage, volume: VolumeName, host: HostName) -> Deployment:
        """The deployment once it is usable: a reply is no proof (linstor.md 2.17 no. 1). Raises NotAttached."""
        return self.read_back_all(storage, [volume], host)[volume]

    def read_back_all(
        self, storage: Storage, volumes: Sequence[VolumeName], host: HostName
    ) -> dict[VolumeName, Deployment]:
        """The same for several volumes, with one request each time it looks. Raises NotAttached for those missing."""
        return {volume: here for volume, (here, _) in self._usable(storage, volumes, host).items()}

    def _usable(
        self, storage: Storage, volumes: Sequence[VolumeName], host: HostName
    ) -> dict[VolumeName, tuple[Deployment, tuple[Deployment, ...]]]:
        """For each volume its deployment on *host*, once it is usable, and all of them. Raises NotAttached."""
        if not volumes:
            return {}
        missing: list[VolumeName] = []

        def look() -> dict[VolumeName, tuple[Deployment, tuple[Deployment, ...]]] | None:
            seen = storage.cluster.deployments(volumes)
            here = {volume: on_host(seen[volume], host) for volume in volumes}
            ready = {
                volume: (each, seen[volume])
                for volume, each in here.items()
                if each is not None and wanted_here(each, seen[volume])
            }
            missing[:] = [volume for volume in volumes if volume not in ready]
            return None if missing else ready

        limit = storage.settings.limits.device
        try:
            return wait_for(f"volumes on host {host}", look, self._clock, limit)
        except Expired as expired:
            raise NotAttached(", ".join(missing), f"{host}, waited {limit:g} seconds") from expired

    def in_use(self, storage: Storage, volume: VolumeName, host: HostName) -> bool:
        """Whether LINSTOR says that *host* has the volume open for writing."""
        here = on_host(storage.cluster.deployments([volume])[volume], host)
        return here is not None and bool(here.in_use)

    def release(self, storage: Storage, volume: VolumeName, host: HostName) -> None:
        """End the attachment on *host* as LINSTOR has it now. Raises VolumeInUse after the limit."""
        here = on_host(storage.cluster.deployments([volume])[volume], host)
        if here is not None:
            self.end(storage, here)

    def end(self, storage: Storage, here: Deployment) -> None:
        """End an attachment; replicas and witnesses stay. Raises VolumeInUse, DeviceHeldOpen after the limit.

        LINSTOR says "in use" for a moment after the last close (linstor.md 2.7).
        """
        if here.role is not Role.ATTACHMENT or (here.deleting and not here.reachable):
            return

        def detach() -> bool:
            storage.cluster.detach(here.volume, here.host)
            return True

        in_use = VolumeInUse(here.volume, f"on host {here.host}")
        wait_while_open(detach, in_use, self._clock, storage.settings.limits.close)
