"""What a host is asked to do: a short list of typed steps, carried out in order in one session.

Paths are absolute. A step that is already done succeeds. `Hosts.run` gives one text for each step, "" where
the step has nothing to tell.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MakeDirectory:
    """Make *path* and its parents."""

    path: str


@dataclass(frozen=True)
class WaitForDevice:
    """Wait until *device* is a block device of at least *size_kib*; fails after *seconds*.

    Never opens a name that does not exist (linstor.md 2.18: dd makes plain files in /dev).
    """

    device: str
    size_kib: int = 0
    seconds: float = 30.0


@dataclass(frozen=True)
class LinkDevice:
    """Make *path* a link to *device*, through *alias* when that resolves to the same device within 2 s.

    Replaces an older link in one step. Fails when *path* is anything but a link. Tells the target that it chose.
    """

    device: str
    path: str
    alias: str | None = None


@dataclass(frozen=True)
class Unlink:
    """Remove *path* if it is a link. Fails when it is anything else."""

    path: str


@dataclass(frozen=True)
class RemoveTree:
    """Remove the directory *path* and what is in it, never following a link, never leaving its file system.

    Nothing is removed, and "kept" is told, when the directory holds a file named *unless*.
    """

    path: str
    unless: str = ""


@dataclass(frozen=True)
class MakeFile:
    """Make the empty file *path*; its directory exists."""

    path: str


@dataclass(frozen=True)
class FileExists:
    """Tell "yes" or "no": whether *path* exists."""

    path: str


@dataclass(frozen=True)
class FileSize:
    """Tell the size of the plain file *path* in bytes, "" where there is none (a link is none)."""

    path: str


@dataclass(frozen=True)
class RemoveFile:
    """Remove the plain file *path*; a missing one is fine, a directory is refused."""

    path: str


@dataclass(frozen=True)
class CountLinks:
    """Tell how many `disk.*` links below *directory*/<datastore>/<vm>/ resolve to *device*, not counting *path*."""

    directory: str
    device: str
    alias: str | None
    path: str


@dataclass(frozen=True)
class CheckClosed:
    """Tell "open" or "closed": whether a process of this host has *device* open, as far as oneadmin can see."""

    device: str


@dataclass(frozen=True)
class MakeFileSystem:
    """Put a file system of *kind* (ext4, xfs, swap, ...) on *device* with the words *options*."""

    device: str
    kind: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class MakeQcow2:
    """Put an empty qcow2 image of *size_kib* into *device*, which has room for it and for its metadata."""

    device: str
    size_kib: int


@dataclass(frozen=True)
class StopMonitoring:
    """Remove the flag file `.monitor` of the system datastore directory *directory* (opennebula.md 2.8)."""

    directory: str


@dataclass(frozen=True)
class FreezeGuest:
    """Freeze the file systems of the domain *deploy_id* through its agent; tells "frozen" or "no agent".

    A watchdog on the host thaws them after *seconds*, whatever becomes of the driver (design.md rule 9).
    """

    deploy_id: str
    seconds: float = 60.0


@dataclass(frozen=True)
class ThawGuest:
    """Thaw the file systems of the domain *deploy_id* and end the watchdog; thawed already is fine."""

    deploy_id: str


@dataclass(frozen=True)
class DeviceSize:
    """Tell the size of *device* in bytes."""

    device: str


Step = (
    MakeDirectory
    | WaitForDevice
    | LinkDevice
    | Unlink
    | RemoveTree
    | MakeFile
    | FileExists
    | FileSize
    | RemoveFile
    | CountLinks
    | CheckClosed
    | MakeFileSystem
    | MakeQcow2
    | StopMonitoring
    | DeviceSize
    | FreezeGuest
    | ThawGuest
)
