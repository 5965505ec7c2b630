"""A volume gets the data of one of its snapshots written over, where LINSTOR cannot go back to it (decision 3).

Name, snapshots and size stay. A copy that breaks leaves neither the old data nor the new, under the name that a VM
boots from. So the VM's link is gone before the first write, the volume says itself that it is half written, and what
it held before is in a snapshot of its own until all is compared (rule 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain import marks as marking
from domain.attachment import Attachment
from domain.choosing import nearest
from domain.lifetime import Lifetime, existing
from domain.names import SAFETY, HostName, VolumeName, revert_volume
from domain.orders import Place
from domain.ports import Hosts
from domain.rolling_back import RollingBack
from domain.snapshots import Snapshots
from domain.steps import CopyDevice, LinkDevice, MakeDirectory, Unlink
from domain.storage import Storage
from domain.undoing import Undo, undoing
from domain.volumes import Definition, Deployment, Role, Snapshot, on_host
from domain.wholeness import require_all_replicas, require_idle

LayOut = Callable[[HostName, Undo], Deployment]
"""Makes the data to write readable on a host, as a volume of its own that the undoing of the order ends."""


class Rewriting:
    """Writes other data over a volume."""

    def __init__(
        self,
        hosts: Hosts,
        attachment: Attachment,
        lifetime: Lifetime,
        snapshots: Snapshots,
        rolling_back: RollingBack,
        front_end: HostName,
    ) -> None:
        self._hosts = hosts
        self._attachment = attachment
        self._lifetime = lifetime
        self._snapshots = snapshots
        self._rolling_back = rolling_back
        self._front_end = front_end

    def set_back(self, storage: Storage, definition: Definition, snapshot: Snapshot, place: Place | None) -> None:
        """Make the data that of *snapshot*, zeros beyond its end. See :meth:`write_over`."""
        lay_out: LayOut = lambda host, undo: self._laid_out(storage, snapshot, host, undo)  # noqa: E731
        self.write_over(storage, definition.name, place, lay_out, None)

    def write_over(
        self, storage: Storage, volume: VolumeName, place: Place | None, lay_out: LayOut, size_kib: int | None
    ) -> None:
        """Make the first *size_kib* those of the volume that *lay_out* makes readable on a host, and the rest zeros.

        None is all of its device: a guest uses what LINSTOR has rounded up, too (linstor.md 1.6).
        *place* is the link of the VM that has the disk.
        A run that was killed is begun anew, and the data of before is that of before the first one.
        Raises NotInSync, VolumeInUse, NotPossible, HostCommandFailed; the volume is as it was then.
        """
        seen = storage.cluster.deployments([volume])[volume]
        require_all_replicas(volume, seen)
        require_idle(volume, seen)
        here = self._writer(storage, volume, seen, place)
        with undoing() as undo:
            undo.add(lambda: self._give_back(storage, volume, place))
            self._keep_safe(storage, volume, seen)
            source = lay_out(here.host, undo)
            self._close(storage, volume, seen, place)
            copied = size_kib if size_kib is not None else _size_of_both(storage, source, here)
            self._hosts.run(here.host, [CopyDevice(str(source.device), str(here.device), copied)])
            self._open_up(storage, volume, seen, place)
        self._lifetime.delete(storage, source.volume)
        self._forget(storage, volume)

    def give_up(self, storage: Storage, volume: VolumeName) -> None:
        """Nobody will begin an interrupted run anew: the volume has the data of before again, and nothing else is left.

        Raises VolumeInUse, NotInSync; the volume stays half written then.
        """
        self._lifetime.end_loan(storage, revert_volume(volume))
        self._give_back(storage, volume, None)

    def _writer(
        self, storage: Storage, volume: VolumeName, seen: Sequence[Deployment], place: Place | None
    ) -> Deployment:
        """The host that writes: that of the VM, which can reach the device, else one with a replica.

        Raises NoUsableReplica.
        """
        here = on_host(seen, place.host) if place is not None else None
        if here is not None and here.usable and here.role is not Role.WITNESS:
            return here
        good = [each for each in seen if each.good_replica and each.device is not None]
        return nearest(volume, good, self._front_end, storage.settings.bridges)

    def _laid_out(self, storage: Storage, snapshot: Snapshot, host: HostName, undo: Undo) -> Deployment:
        """The data of *snapshot* as a volume of its own on *host*."""
        laid_out = revert_volume(snapshot.volume)
        self._lifetime.borrow(storage, snapshot, laid_out, undo)
        return self._attachment.ensure(storage, laid_out, host, undo)

    def _keep_safe(self, storage: Storage, volume: VolumeName, seen: Sequence[Deployment]) -> None:
        """Snapshot the data of before. What is half written already is nothing to keep.

        It comes before all else: where it is, what else an interrupted revert leaves is looked for.
        """
        storage.cluster.mark(volume, {marking.REWRITTEN: "yes"})
        if not any(each.half_written for each in seen):
            self._snapshots.take(storage, volume, SAFETY, "")

    def _close(self, storage: Storage, volume: VolumeName, seen: Sequence[Deployment], place: Place | None) -> None:
        """From here on nobody takes the volume for a disk."""
        if place is not None:
            self._hosts.run(place.host, [Unlink(place.path)])
        require_idle(volume, storage.cluster.deployments([volume])[volume])
        storage.cluster.mark_half_written(volume, _replicas(seen), half=True)

    def end(self, storage: Storage, volume: VolumeName, seen: Sequence[Deployment], place: Place | None) -> None:
        """LINSTOR has made the data whole, and what it held before is not needed any more."""
        self._open_up(storage, volume, seen, place)
        self._forget(storage, volume)

    def _forget(self, storage: Storage, volume: VolumeName) -> None:
        self._snapshots.delete(storage, volume, SAFETY)
        storage.cluster.mark(volume, {}, [marking.REWRITTEN])

    def _open_up(self, storage: Storage, volume: VolumeName, seen: Sequence[Deployment], place: Place | None) -> None:
        """Everybody may use the volume again."""
        storage.cluster.mark_half_written(volume, _replicas(seen), half=False)
        here = on_host(seen, place.host) if place is not None else None
        if place is not None and here is not None and here.device is not None:
            link = LinkDevice(here.device, place.path, here.alias)
            self._hosts.run(place.host, [MakeDirectory(place.directory), link])

    def _give_back(self, storage: Storage, volume: VolumeName, place: Place | None) -> None:
        """The data of before. Where that fails the volume stays half written, and the safety snapshot with it."""
        seen: Sequence[Deployment] = storage.cluster.deployments([volume])[volume]
        if any(each.half_written for each in seen):
            safe = self._snapshots.find(storage, volume, SAFETY)
            home = place.host if place is not None else None
            seen = self._rolling_back.go_back(storage, existing(storage, volume), safe, home)
        self.end(storage, volume, seen, place)


def _size_of_both(storage: Storage, source: Deployment, here: Deployment) -> int:
    """KiB that both devices have."""
    return min(each.size_kib or existing(storage, each.volume).size_kib for each in (source, here))


def _replicas(seen: Sequence[Deployment]) -> list[HostName]:
    return [each.host for each in seen if each.role is Role.REPLICA]
