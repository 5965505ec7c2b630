"""What the rules need from outside, as Protocols. Every call is one effect on the outside (design.md 3).

Implementations: `adapters.linstor`, `adapters.opennebula`, `adapters.memory`; one contract suite holds them together.
Every call ends within a limit and raises errors of `domain.errors` only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.opennebula import Datastore, Vm
from domain.settings import StorageSettings
from domain.steps import Step
from domain.volumes import Capacity, CopyState, Definition, Deployment, Snapshot

Item = TypeVar("Item")
Result = TypeVar("Result")

Marks = Mapping[str, str]
"""`Aux/OpenNebula/<key>` properties, without the prefix."""


class Cluster(Protocol):
    """The volumes of one LINSTOR. Hosts go by OpenNebula's names; the adapter knows the nodes.

    Raises ControllerUnreachable, AccessDenied, ControllerFailed from every call.
    """

    def definitions(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, Definition]:
        """The definitions of *volumes* that exist, under the names asked for (LINSTOR ignores case)."""

    def definitions_marked(self, marks: Marks) -> Sequence[Definition]:
        """All definitions that carry every one of *marks*."""

    def deployments(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, tuple[Deployment, ...]]:
        """Where *volumes* are; a volume that is nowhere, or does not exist, has an empty tuple."""

    def allocated(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, int]:
        """KiB that the fullest good replica of each of *volumes* takes in its pool, from one request however many.

        A volume of which nobody tells is missing: its nodes are offline, it is new, or there is no such volume.
        """

    def snapshots(self, volume: VolumeName) -> tuple[Snapshot, ...]:
        """The snapshots of *volume*, oldest first; none where the volume does not exist."""

    def capacity(self, group: GroupName) -> Capacity:
        """What *group* can place. Raises UnknownGroup, ControllerFailed when the total is not known."""

    def create(self, volume: VolumeName, size_kib: int, group: GroupName, marks: Marks) -> bool:
        """Make *volume* with the placement of *group*; False when the name is taken.

        Nothing is left of a placement that failed. Raises UnknownGroup, NoPlacement, NotPossible.
        """

    def copy(self, source: VolumeName, target: VolumeName, group: GroupName | None, marks: Marks) -> bool:
        """Start a copy of *source*; False when the name *target* is taken. See :meth:`copy_state`.

        The copy carries *marks* and none of the source's, and never its two writers.
        Raises UnknownVolume, NotInSync, NoPlacement, NotPossible (pools that cannot clone), UnknownGroup.
        """

    def copy_state(self, source: VolumeName, target: VolumeName) -> CopyState:
        """Progress of a copy. FAILED only where that is final."""

    def grow(self, volume: VolumeName, size_kib: int) -> bool:
        """Ask for *size_kib*; False when that was the size on record already (then nothing is driven on).

        Never shrinks: the caller has compared. Raises UnknownVolume, NotInSync, NoPlacement, ControllerFailed.
        """

    def attach(self, volume: VolumeName, host: HostName, *, replica: bool = False) -> None:
        """Make *volume* available on *host*. "Done" is not proof: read the deployment back (linstor.md 2.17).

        Raises UnknownVolume, UnknownHostNode, NoPlacement (host offline or excluded), NotPossible.
        """

    def detach(self, volume: VolumeName, host: HostName) -> None:
        """Take the deployment on *host* away, keeping the quorum witness; gone already is fine.

        Raises VolumeInUse, DeviceHeldOpen, ControllerFailed (both half done: repeat it once the cause is gone).
        """

    def mark(self, volume: VolumeName, put: Marks, drop: Collection[str] = ()) -> bool:
        """Write and remove marks; whether any host was made to adjust (linstor.md 2.18). Raises UnknownVolume."""

    def allow_two_writers(self, volume: VolumeName, pair: tuple[HostName, HostName] | None) -> None:
        """Let both hosts of *pair* (None: every host) open *volume* for writing. Both have it deployed."""

    def forbid_two_writers(self, volume: VolumeName, pair: tuple[HostName, HostName] | None) -> bool:
        """Take that away; whether any host was made to adjust. A pair with an end gone is fine.

        Raises StillTwoWriters when the kernel refuses: LINSTOR has then forgotten it, the kernel has not.
        """

    def mark_half_written(self, volume: VolumeName, hosts: Collection[HostName], *, half: bool) -> None:
        """Write on the replicas of *hosts* that the data of *volume* is half written, or that it is whole.

        Every deployment of the volume shows it. A rollback may take it away. Raises UnknownVolume, ControllerFailed.
        """

    def place(self, volume: VolumeName) -> None:
        """Bring the replicas up to what its group asks for. Raises NoPlacement."""

    def delete(self, volume: VolumeName) -> None:
        """Delete *volume* everywhere; gone already is fine. With a node offline it stays `deleting`.

        Raises VolumeInUse, HasSnapshots, DeviceHeldOpen, ControllerFailed (both half done: repeat it).
        """

    def snapshot(self, volume: VolumeName, name: SnapshotName, marks: Marks) -> bool:
        """Snapshot *volume*; False when the name is taken. Raises UnknownVolume, NotInSync, NotPossible,
        SnapshotFailed, Interrupted (both stay under the name).
        """

    def delete_snapshot(self, volume: VolumeName, name: SnapshotName) -> None:
        """Delete a snapshot; gone already is fine."""

    def goes_back_to_any(self) -> bool:
        """Whether the server goes back to any snapshot; before LINSTOR 1.31 it goes back to the newest only."""

    def roll_back(self, volume: VolumeName, name: SnapshotName) -> None:
        """Set *volume* back to a snapshot. Raises UnknownSnapshot, VolumeInUse, NotInSync, NotTheNewest
        (younger snapshots exist, and the server is old or the pool ZFS).
        """

    def restore(
        self,
        volume: VolumeName,
        name: SnapshotName,
        target: VolumeName,
        group: GroupName | None,
        marks: Marks,
    ) -> bool:
        """Make the new volume *target* from a snapshot; False when the name is taken.

        A restore that fails half way is removed. Raises UnknownSnapshot, NotPossible, ControllerFailed.
        """


class Clusters(Protocol):
    """Gives the LINSTOR that a datastore names."""

    def of(self, settings: StorageSettings) -> Cluster:
        """The cluster of *settings*; the same object for the same controllers."""


class Hosts(Protocol):
    """Hosts of OpenNebula, the front-end among them. One call = one session on each host it names."""

    def run(self, host: HostName, steps: Sequence[Step]) -> tuple[str, ...]:
        """Carry out *steps* in order; the first that fails ends it. One text for each step.

        Raises HostUnreachable, HostCommandFailed.
        """

    def copy_files(
        self, source: HostName, directory: str, target: HostName, to: str, then: Sequence[Step] = (), only: str = ""
    ) -> bool:
        """Copy the plain files of *directory* to *to* on *target*, streamed, never following or copying links.

        With *only*, the name of a file in *directory*, none but that one.
        The steps *then* follow on *target* in the same session, whether there was anything to copy or not.
        False, and nothing done, when both are one directory of a shared file system. A missing source is
        nothing to copy. Checked before it returns. Raises HostUnreachable, HostCommandFailed.
        """


@dataclass(frozen=True)
class ImageSource:
    """What an image is made from: a path or URL, its checksums, and how OpenNebula wants it fetched."""

    path: str
    md5: str = ""
    sha1: str = ""
    limit_bandwidth: str = ""
    no_decompress: bool = False
    staging_directory: str = "/var/tmp"  # noqa: S108 - OpenNebula's own default
    payload_base64: str = ""


class Sources(Protocol):
    """Where images come from, on the front-end, through OpenNebula's own scripts."""

    def real_path(self, path: str) -> str:
        """*path* with every link resolved. Raises SourceUnreadable when it does not exist."""

    def fetch(self, source: ImageSource) -> AbstractContextManager[FetchedImage]:
        """Fetch, check sums, look at the format and convert to raw; temporaries vanish at the end.

        Raises SourceRefused (a backing file, an unknown format), SourceUnreadable.
        """

    def write(self, image: FetchedImage, host: HostName, device: str, *, zeroed: bool, wait: float = 0.0) -> int:
        """Write the raw bytes to *device* of *host*, flush, read them back and compare; bytes written.

        For at most *wait* seconds the device may still be about to appear. Holes are skipped only where *zeroed*.
        Raises HostUnreachable, HostCommandFailed, SourceUnreadable.
        """


@dataclass(frozen=True)
class FetchedImage:
    """An image ready to be written: raw bytes behind *path*, or a *command* that streams them (size 0: unknown)."""

    size_bytes: int
    path: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedImage:
    """A file of the front-end and the MD5 of what is in it, as hexadecimal digits."""

    path: str
    md5: str


class Exports(Protocol):
    """Files on the front-end in which exported images wait for a marketplace."""

    def save(self, host: HostName, device: str, size_bytes: int, directory: str) -> SavedImage:
        """Read the first *size_bytes* of *device* of *host* into a new file of *directory*, holes where it has zeros.

        Of a save that fails nothing is left. Files of saves that ended more than a day ago are removed: nobody
        fetches them any more. Raises HostUnreachable, HostCommandFailed, ExportFailed.
        """


class BackupStores(Protocol):
    """What the drivers of backup datastores keep."""

    def files(self, vm_id: int, image_id: int, increment: int | None) -> Mapping[int, str]:
        """Disk id -> URL of what the backup *image_id* has of that disk, its increments up to *increment* merged.

        None is the last one. Raises OnedUnreachable, OnedRefused, ScriptFailed.
        """


DAY = 86400.0
"""Seconds: what another driver may take that copies whole disks."""


class Scripts(Protocol):
    """OpenNebula's own drivers beside this one."""

    def run(self, kind: str, driver: str, action: str, argv: Sequence[str], stdin: bytes, seconds: float = DAY) -> str:
        """Run `remotes/<kind>/<driver>/<action>` and give its standard output.

        Raises ScriptFailed, also when it has not ended after *seconds*.
        """

    def exists(self, kind: str, driver: str, action: str) -> bool:
        """Whether that script is installed."""


class Oned(Protocol):
    """oned's own knowledge. Raises OnedUnreachable, OnedRefused."""

    def vm(self, vm_id: int) -> Vm:
        """The VM."""

    def datastore(self, datastore_id: int) -> Datastore:
        """The datastore."""


class Clock(Protocol):
    """Time, as a port, so that tests need not wait."""

    def now(self) -> float:
        """Seconds that only ever grow."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Parallel(Protocol):
    """Work over several disks or hosts at once; the one place that decides the interleaving."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results in order. All are run to the end; then one error is raised as it is, several as SeveralFailed."""


class Locks(Protocol):
    """One order at a time for one volume, on this front-end."""

    def hold(self, volumes: Collection[VolumeName], seconds: float) -> AbstractContextManager[None]:
        """Hold all of *volumes*. Raises Expired when another order keeps one for longer than *seconds*."""
