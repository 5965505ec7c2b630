"""What oned asks for: frozen data, complete (opennebula.md 2.2, 3.1). Sizes in MiB as oned gives them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Datastore, Image, Vm
from domain.records import distinct


@distinct
class Place(NamedTuple):
    """A path on a host. The path is absolute, without double slashes."""

    host: HostName
    path: str

    @property
    def directory(self) -> str:
        """The directory that holds the path."""
        return str(PurePosixPath(self.path).parent)


@distinct
class CloneDisk(NamedTuple):
    """`clone FE:SOURCE HOST:DIR/disk.N VMID DSID`: a private copy of an image for one disk."""

    source: VolumeName
    place: Place
    of: DiskOf
    datastore_id: int


@distinct
class LinkDisk(NamedTuple):
    """`ln FE:SOURCE HOST:DIR/disk.N VMID DSID`: the image's own volume for one disk."""

    source: VolumeName
    place: Place
    of: DiskOf
    datastore_id: int


@distinct
class MakeVolatile(NamedTuple):
    """`mkimage SIZE FORMAT HOST:DIR/disk.N VMID DSID` and `mkswap SIZE HOST:DIR/disk.N VMID DSID`."""

    size_mib: int
    format: str
    place: Place
    of: DiskOf
    datastore_id: int


@distinct
class ReleaseDisk(NamedTuple):
    """`mvds HOST:DIR/disk.N SOURCE VMID DSID`: a persistent disk ends."""

    place: Place
    source: VolumeName
    of: DiskOf
    datastore_id: int


@distinct
class DeleteDisk(NamedTuple):
    """`delete HOST:DIR/disk.N VMID DSID`: a disk ends; whether its volume does is decided by what it is."""

    place: Place
    of: DiskOf
    datastore_id: int


@distinct
class DeleteDirectory(NamedTuple):
    """`delete HOST:DIR VMID DSID`: the VM directory ends."""

    place: Place
    vm_id: int
    datastore_id: int


@distinct
class Migrate(NamedTuple):
    """`premigrate|postmigrate|failmigrate SRC DST DIR VMID DSID [CALLER]`, the VM on stdin, before 5.10 after DSID.

    *caller* is the driver of the system datastore that passed the call on; "" when it is ours.
    *argv* and *payload* (standard input) are as oned gave them, for drivers that this one passes the call on to.
    """

    source: HostName
    target: HostName
    directory: str
    vm: Vm
    datastore_id: int
    caller: str = ""
    argv: tuple[str, ...] = ()
    payload: bytes = b""


@distinct
class MakeContext(NamedTuple):
    """`context FILE... HOST:DIR/disk.N VMID DSID`; *argv* as oned gave it."""

    argv: tuple[str, ...]
    place: Place
    vm_id: int
    datastore_id: int
    payload: bytes = b""


@distinct
class BackUp(NamedTuple):
    """`prebackup|prebackup_live|postbackup|postbackup_live HOST:DIR DISKS DEPLOYID [JOB] VMID DSID`, the VM on stdin.

    *disks* are the ids to save, *document* is the VM as oned gave it (opennebula.md 5).
    """

    place: Place
    disks: tuple[int, ...]
    deploy_id: str
    vm: Vm
    datastore_id: int
    document: bytes = b""


@distinct
class RestoreDisks(NamedTuple):
    """`restore HOST:DIR VMID IMAGEID INCREMENT DISK`: disks of a VM get what a backup has.

    *increment* is None for the last one, *disk* for all of them.
    """

    place: Place
    vm_id: int
    image_id: int
    increment: int | None
    disk: int | None


@distinct
class Monitor(NamedTuple):
    """`monitor`: the space of a datastore; with *vm_disks* the sizes of the disks of its VMs, too.

    *vm_disks* is None where oned does not say: for image datastores, and before 5.10.
    """

    datastore: Datastore
    vm_disks: bool | None = None


@distinct
class StatImage(NamedTuple):
    """`stat`: the size of what an image will be made from. *argv* and *payload* as oned gave them."""

    image: Image
    datastore: Datastore
    argv: tuple[str, ...]
    payload: bytes


@distinct
class CreateImage(NamedTuple):
    """`cp`: an image from a path or URL. *payload_base64* for the sources that ask for it (s3)."""

    image: Image
    datastore: Datastore
    payload_base64: str


@distinct
class MakeImage(NamedTuple):
    """`mkfs`: an empty or formatted image, or only a name (`save_as`)."""

    image: Image
    datastore: Datastore


@distinct
class CloneImage(NamedTuple):
    """`clone` of the datastore driver: an image from an image."""

    image: Image
    datastore: Datastore


@distinct
class RemoveImage(NamedTuple):
    """`rm`: an image ends."""

    image: Image
    datastore: Datastore


@distinct
class MoveDisk(NamedTuple):
    """`mv H1:DIR1/disk.N H2:DIR2/disk.N VMID DSID`: a disk changes host or directory, or goes to the front-end."""

    source: Place
    target: Place
    of: DiskOf
    datastore_id: int


@distinct
class MoveDirectory(NamedTuple):
    """`mv H1:DIR1 H2:DIR2 VMID DSID`: the files of the VM directory change host, directory or both."""

    source: Place
    target: Place
    vm_id: int
    datastore_id: int


@distinct
class ResizeDisk(NamedTuple):
    """`resize HOST:DIR/disk.N SIZE VMID DSID`; the host is the last one of the VM, the device may not be there."""

    place: Place
    size_mib: int
    of: DiskOf
    datastore_id: int


@distinct
class SnapshotDisk(NamedTuple):
    """`snap_create|snap_create_live|snap_revert|snap_delete HOST:DIR/disk.N SNAPID VMID DSID`."""

    place: Place
    snapshot_id: int
    of: DiskOf
    datastore_id: int


@distinct
class SaveDisk(NamedTuple):
    """`cpds HOST:DIR/disk.N NEWSOURCE SNAPID VMID DSID`; *snapshot_id* is None for the current state."""

    place: Place
    target: VolumeName
    snapshot_id: int | None
    of: DiskOf
    datastore_id: int


@distinct
class SnapshotImage(NamedTuple):
    """`snap_delete|snap_revert|snap_flatten` of the datastore driver: the image's TARGET_SNAPSHOT."""

    image: Image
    datastore: Datastore


@distinct
class ExportImage(NamedTuple):
    """`export`: an image becomes a file that a market can fetch."""

    image: Image
    datastore: Datastore
