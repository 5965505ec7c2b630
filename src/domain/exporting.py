"""An image becomes a file that a marketplace fetches and then disposes of (opennebula.md 2.7)."""

from __future__ import annotations

from dataclasses import dataclass

from domain.choosing import nearest_replica
from domain.errors import VolumeInUse
from domain.lifetime import existing
from domain.names import HostName, VolumeName, volume_name
from domain.orders import ExportImage
from domain.ports import Exports
from domain.staging import staging_directory
from domain.storage import Storage, Storages
from domain.volumes import Deployment


@dataclass(frozen=True)
class ExportedImage:
    """The raw bytes of an image in the file *path* of the front-end; its MD5, and its size rounded up."""

    path: str
    md5: str
    size_mib: int


class Exporting:
    """`export`. The caller removes the file; one that is never removed goes with a later export."""

    def __init__(self, storages: Storages, exports: Exports, front_end: HostName) -> None:
        self._storages = storages
        self._exports = exports
        self._front_end = front_end

    def export(self, order: ExportImage) -> ExportedImage:
        """Read the image on one host that has its data. The size is the volume's: an image may have grown.

        Raises UnknownVolume, VolumeInUse, NoUsableReplica, BadConfiguration, ExportFailed; then there is no file.
        """
        directory = staging_directory(order.datastore)
        storage = self._storages.of_datastore(order.datastore)
        volume = volume_name(order.image.source)
        size_bytes = existing(storage, volume).size_kib * 1024
        here = self._readable(storage, volume)
        saved = self._exports.save(here.host, str(here.device), size_bytes, directory)
        return ExportedImage(saved.path, saved.md5, -(-size_bytes // 2**20))

    def _readable(self, storage: Storage, volume: VolumeName) -> Deployment:
        """Where to read. While a VM writes, no two blocks are of one moment, and DRBD refuses other readers."""
        seen = storage.cluster.deployments([volume])[volume]
        writers = [each.host for each in seen if each.in_use]
        if writers:
            raise VolumeInUse(volume, f"on {', '.join(writers)}")
        return nearest_replica(volume, seen, self._front_end, storage.settings.bridges)
