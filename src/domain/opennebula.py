"""What oned knows: VMs, disks and datastores, as far as the rules need it (opennebula.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

INCREMENT = "INCREMENT"
"""MODE of a VM whose backups are chains (opennebula.md 5.2)."""


@dataclass(frozen=True)
class Disk:
    """One DISK of a VM. Sizes in MiB, 0 where absent. *clone* is None where oned left CLONE out."""

    disk_id: int
    image_id: int | None = None
    source: str = ""
    size_mib: int = 0
    original_size_mib: int = 0
    clone: bool | None = None
    persistent: bool = False
    readonly: bool = False
    shareable: bool = False
    kind: str = ""
    tm_mad: str = ""
    tm_mad_system: str = ""
    datastore_id: int | None = None
    file_system: str = ""
    format: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def volatile(self) -> bool:
        """Whether the disk has no image (opennebula.md 4.2: by TYPE, or no IMAGE_ID; never by CLONE)."""
        return self.kind.lower() in ("fs", "swap") or self.image_id is None

    @property
    def common(self) -> bool:
        """Whether other VMs may use the same volume at the same time (opennebula.md 4.2)."""
        return self.readonly or self.shareable

    @property
    def private(self) -> bool:
        """Whether the volume belongs to this disk alone and ends with it."""
        return self.volatile or self.clone is True


@dataclass(frozen=True)
class DiskSnapshot:
    """One record of /VM/SNAPSHOTS: which disk, which id, when it was asked for (epoch seconds), size in MiB."""

    disk_id: int
    snapshot_id: int
    date: int = 0
    size_mib: int = 0


@dataclass(frozen=True)
class History:
    """One history record: which host and system datastore, and the sequence number."""

    seq: int
    host: str
    datastore_id: int
    tm_mad: str = ""


@dataclass(frozen=True)
class Vm:
    """A VM. *history* is oldest first and may hold the current record alone. States: opennebula.md 4.1, 4.6.

    *backup* is its BACKUP_CONFIG (opennebula.md 5.2), *backup_ids* are the images of its backups.
    """

    vm_id: int
    state: int = 0
    lcm_state: int = 0
    deploy_id: str = ""
    disks: tuple[Disk, ...] = ()
    context_disk_id: int | None = None
    history: tuple[History, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    snapshots: tuple[DiskSnapshot, ...] = ()
    name: str = ""
    backup: Mapping[str, str] = field(default_factory=dict)
    backup_ids: tuple[int, ...] = ()

    def snapshot(self, disk_id: int, snapshot_id: int) -> DiskSnapshot | None:
        """Oned's record of a disk snapshot."""
        wanted = (disk_id, snapshot_id)
        return next((each for each in self.snapshots if (each.disk_id, each.snapshot_id) == wanted), None)

    def disk(self, disk_id: int) -> Disk | None:
        """The disk of that id."""
        return next((disk for disk in self.disks if disk.disk_id == disk_id), None)

    @property
    def seq(self) -> int:
        """The number of the current history record; -1 before the first."""
        return self.history[-1].seq if self.history else -1


@dataclass(frozen=True)
class Datastore:
    """A datastore; *attributes* are those of its TEMPLATE, names in upper case. *kind*: 0 image, 1 system, 2 file."""

    datastore_id: int
    name: str = ""
    kind: int = 0
    ds_mad: str = ""
    tm_mad: str = ""
    base_path: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Image:
    """An image. Sizes in MiB; *source* is "" until an action succeeded. States: opennebula.md 4.5.

    *registered*: seconds since 1970, 0 where absent.
    """

    image_id: int
    source: str = ""
    path: str = ""
    size_mib: int = 0
    format: str = ""
    file_system: str = ""
    md5: str = ""
    sha1: str = ""
    cloning_id: int = -1
    target_snapshot: int = -1
    snapshots: tuple[int, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    state: int = 0
    datastore_id: int | None = None
    persistent: bool = False
    registered: int = 0
