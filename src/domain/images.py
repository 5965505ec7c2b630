"""Images begin and end: cp, mkfs, clone, rm, stat (opennebula.md 2.2-2.6).

oned never calls `rm` for an image whose making failed, so nothing may be left of it (rule 2).
"""

from __future__ import annotations

from domain import marks as marking
from domain.attachment import Attachment
from domain.choosing import nearest_replica
from domain.errors import BadOrder, ForeignVolume
from domain.lifetime import Lifetime
from domain.names import HostName, VolumeName, image_of, image_volume, volume_name
from domain.opennebula import Datastore, Image
from domain.orders import CloneImage, CreateImage, MakeImage, RemoveImage
from domain.ports import FetchedImage, Hosts, ImageSource, Locks, Sources
from domain.safe_paths import refuse_unsafe
from domain.sizes import Sizes
from domain.staging import limit_bandwidth, staging_directory
from domain.steps import MakeFileSystem, WaitForDevice
from domain.storage import Storage, Storages
from domain.undoing import undoing
from domain.volumes import Deployment

MIB = 1024 * 1024
SAVE_AS = "save_as"
QCOW2 = "qcow2"
"""Before 6.0 the one word of an image, FSTYPE, may be this, too (opennebula.md 2.5)."""


class Images:
    """The rules for images."""

    def __init__(
        self,
        storages: Storages,
        hosts: Hosts,
        sources: Sources,
        locks: Locks,
        lifetime: Lifetime,
        attachment: Attachment,
        front_end: HostName,
        sizes: Sizes,
    ) -> None:
        self._storages = storages
        self._hosts = hosts
        self._sources = sources
        self._locks = locks
        self._lifetime = lifetime
        self._attachment = attachment
        self._front_end = front_end
        self._sizes = sizes

    def create(self, order: CreateImage) -> VolumeName:
        """Make an image from a path or URL, and give its name.

        Raises SourceRefused, SourceUnreadable, NoPlacement, UnknownGroup, BadConfiguration; then nothing is left.
        """
        refuse_unsafe(order.image.path, order.datastore, self._sources)
        storage = self._storages.of_datastore(order.datastore).placing_by(order.image.attributes)
        volume = image_volume(order.image.image_id)
        with self._locks.hold([volume], storage.settings.limits.lock):
            if not self._is_complete(storage, volume, order.image):
                source = _source(order.image, order.datastore, order.payload_base64)
                with self._sources.fetch(source) as fetched:
                    self._fill(storage, volume, order.image, fetched)
        return volume

    def _fill(self, storage: Storage, volume: VolumeName, image: Image, fetched: FetchedImage) -> None:
        size_kib = max(image.size_mib * 1024, -(-fetched.size_bytes // 1024))
        with undoing() as undo:
            self._lifetime.create(storage, volume, size_kib, marking.for_image(image.image_id), undo)
            here = self._writable(storage, volume)
            wait = storage.settings.limits.device
            self._sources.write(fetched, here.host, str(here.device), zeroed=here.zeroed, wait=wait)
            storage.cluster.mark(volume, {}, [marking.STATE])

    def make(self, order: MakeImage) -> VolumeName:
        """Make an empty image, formatted where oned says so; for `save_as` only its name is given."""
        volume = image_volume(order.image.image_id)
        kind = _kind_to_make(order.image)
        if kind == SAVE_AS:
            return volume
        storage = self._storages.of_datastore(order.datastore).placing_by(order.image.attributes)
        with self._locks.hold([volume], storage.settings.limits.lock):
            if not self._is_complete(storage, volume, order.image):
                self._make(storage, volume, order.image, kind)
        return volume

    def _make(self, storage: Storage, volume: VolumeName, image: Image, kind: str) -> None:
        size_kib = image.size_mib * 1024
        with undoing() as undo:
            self._lifetime.create(storage, volume, size_kib, marking.for_image(image.image_id), undo)
            if kind:
                here = self._writable(storage, volume)
                wait = WaitForDevice(str(here.device), size_kib, storage.settings.limits.device)
                self._hosts.run(here.host, [wait, MakeFileSystem(str(here.device), kind)])
            storage.cluster.mark(volume, {}, [marking.STATE])

    def clone(self, order: CloneImage) -> VolumeName:
        """Make an image from an image of this or another datastore, with the replicas that its own group wants."""
        storage = self._storages.of_datastore(order.datastore).placing_by(order.image.attributes)
        source = volume_name(order.image.path)
        volume = image_volume(order.image.image_id)
        marks = {marking.IMAGE: str(order.image.image_id), marking.SOURCE: source}
        with self._locks.hold([volume], storage.settings.limits.lock), undoing() as undo:
            self._lifetime.copy(storage, source, volume, marks, undo)
            if order.image.size_mib:
                self._sizes.ensure(storage, volume, order.image.size_mib * 1024)
            storage.cluster.place(volume)
        return volume

    def remove(self, order: RemoveImage) -> None:
        """End an image with its snapshots; one that is gone already is fine. Raises ForeignVolume, VolumeInUse."""
        if not order.image.source:
            return
        volume = volume_name(order.image.source)
        storage = self._storages.of_datastore(order.datastore)
        with self._locks.hold([volume], storage.settings.limits.lock):
            found = storage.cluster.definitions([volume]).get(volume)
            if found is None:
                return
            if not _belongs(volume, found.marks.get(marking.IMAGE), order.image.image_id):
                raise ForeignVolume(volume, f"image {order.image.image_id}")
            self._lifetime.delete(storage, volume)

    def _is_complete(self, storage: Storage, volume: VolumeName, image: Image) -> bool:
        """Whether an earlier run of this very order finished; its marks say so."""
        found = self._lifetime.settled(storage, volume, {marking.IMAGE: str(image.image_id)})
        if found is None or found.failed:
            return False
        owner = found.marks.get(marking.IMAGE)
        return owner == str(image.image_id) and marking.STATE not in found.marks

    def _writable(self, storage: Storage, volume: VolumeName) -> Deployment:
        """Where to write: an up-to-date replica; the front-end's own first, then those of BRIDGE_LIST."""
        seen = storage.cluster.deployments([volume])[volume]
        return nearest_replica(volume, seen, self._front_end, storage.settings.bridges)


def _belongs(volume: VolumeName, marked: str | None, image_id: int) -> bool:
    """By mark where there is one, else by name: the addon 3.x left no marks (linstor.md 8, row 59)."""
    return marked == str(image_id) if marked is not None else image_of(volume) == image_id


def _kind_to_make(image: Image) -> str:
    """File system to make, "" for none, or `save_as` (opennebula.md 2.5). Raises BadOrder for qcow2 and the like."""
    form = image.format or (QCOW2 if image.file_system == QCOW2 else "")
    if form not in ("", "raw", SAVE_AS):
        raise BadOrder(
            f"image {image.image_id} wants format {form}; a LINSTOR image is raw: "
            'set DRIVER="raw" in TM_MAD_CONF of linstor, then onedatastore update'
        )
    if image.format == SAVE_AS or image.file_system == SAVE_AS:
        return SAVE_AS
    return "" if image.file_system == "raw" else image.file_system


def _source(image: Image, datastore: Datastore, payload_base64: str) -> ImageSource:
    return ImageSource(
        path=image.path,
        md5=image.md5,
        sha1=image.sha1,
        limit_bandwidth=limit_bandwidth(datastore),
        no_decompress=datastore.attributes.get("NO_DECOMPRESS", "").lower() == "yes",
        staging_directory=staging_directory(datastore),
        payload_base64=payload_base64,
    )
