"""Disks that the addon 3.x had moved out of LINSTOR come back when their VM is resumed (linstor.md 8, rows 5 and 6).

On a front-end that is no LINSTOR node it copied the volume to a file, and deleted the volume with its snapshots. So the
file is all there is: it goes when its data has been read back from the new volume, and not before.
"""

from __future__ import annotations

from domain import marks as marking
from domain.attachment import Attachment
from domain.disks import DRIVER, own_volume
from domain.errors import BeingDeleted, UnknownVolume
from domain.lifetime import Lifetime
from domain.names import DiskOf, VolumeName, image_of
from domain.opennebula import Disk, Vm
from domain.orders import MoveDisk, Place
from domain.ports import FetchedImage, Hosts, Sources
from domain.steps import FileSize, LinkDevice, RemoveFile
from domain.storage import Storage
from domain.undoing import undoing
from domain.volumes import Definition


class Returning:
    """Makes a volume from the file that stands in its place."""

    def __init__(self, hosts: Hosts, sources: Sources, attachment: Attachment, lifetime: Lifetime) -> None:
        self._hosts = hosts
        self._sources = sources
        self._attachment = attachment
        self._lifetime = lifetime

    def bring_back(self, storage: Storage, volume: VolumeName, order: MoveDisk, vm: Vm, disk: Disk) -> Definition:
        """The volume of the disk, made from the file at the order's source where LINSTOR has none.

        Raises UnknownVolume where there is neither, BeingDeleted, and what making and writing a volume raises.
        """
        found = storage.cluster.definitions([volume]).get(volume)
        if found is not None and found.deleting:
            raise BeingDeleted(volume)
        state = found.marks.get(marking.STATE) if found is not None else marking.CREATING
        if state == marking.CREATING:
            self._make(storage, volume, order, _marks(disk, order.of, vm.seq))
        if state in (marking.CREATING, marking.RETURNED):
            self._replace_file(storage, volume, order, vm)
            storage.cluster.mark(volume, {}, [marking.STATE])
            found = None
        return found or storage.cluster.definitions([volume])[volume]

    def _make(self, storage: Storage, volume: VolumeName, order: MoveDisk, marks: dict[str, str]) -> None:
        """The mark `returned` tells a retry that the file is not needed any more."""
        size = self._size(order.source, volume)
        begun = {**marks, marking.STATE: marking.CREATING}
        with undoing() as undo:
            self._lifetime.create(storage, volume, -(-size // 1024), begun, undo)
            here = self._attachment.ensure(storage, volume, order.target.host, undo)
            image, wait = FetchedImage(size, order.source.path), storage.settings.limits.device
            self._sources.write(image, order.target.host, str(here.device), zeroed=here.zeroed, wait=wait)
            storage.cluster.mark(volume, {marking.STATE: marking.RETURNED})

    def _replace_file(self, storage: Storage, volume: VolumeName, order: MoveDisk, vm: Vm) -> None:
        """The file goes. Another driver's `mv` brings the directory as it is there, so a link takes its place."""
        source = order.source
        if self._bytes(source):
            self._hosts.run(source.host, [RemoveFile(source.path)])
        if vm.history[-1].tm_mad == DRIVER:
            return
        with undoing() as undo:
            here = self._attachment.ensure(storage, volume, order.target.host, undo)
            self._hosts.run(source.host, [LinkDevice(str(here.device), source.path)])

    def _size(self, place: Place, volume: VolumeName) -> int:
        size = self._bytes(place)
        if size == 0:
            raise UnknownVolume(volume)
        return size

    def _bytes(self, place: Place) -> int:
        """The size of the plain file there, 0 where there is none."""
        told = self._hosts.run(place.host, [FileSize(place.path)])[0]
        return int(told) if told else 0


def _marks(disk: Disk, of: DiskOf, seq: int) -> dict[str, str]:
    """The owner, as the volume had it that the addon deleted."""
    volume = own_volume(disk, of)
    if volume is not None:
        return marking.for_disk(of, seq)
    image = image_of(disk.source)
    return {marking.IMAGE: str(image)} if image is not None else {}
