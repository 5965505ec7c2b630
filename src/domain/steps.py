"""What a host is asked to do: a short list of typed steps, carried out in order in one session.

Paths are absolute. A step that is already done succeeds. `Hosts.run` gives one text for each step, "" where
the step has nothing to tell.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.records import distinct


@distinct
class MakeDirectory(NamedTuple):
    """Make *path* and its parents."""

    path: str


@distinct
class WaitForDevice(NamedTuple):
    """Wait until *device* is a block device of at least *size_kib*; fails after *seconds*.

    Never opens a name that does not exist (linstor.md 2.18: dd makes plain files in /dev).
    """

    device: str
    size_kib: int = 0
    seconds: float = 30.0


@distinct
class LinkDevice(NamedTuple):
    """Make *path* a link to *device*, through *alias* when that resolves to the same device within 2 s.

    Replaces an older link in one step. Fails when *path* is anything but a link. Tells the target that it chose.
    """

    device: str
    path: str
    alias: str | None = None


@distinct
class Unlink(NamedTuple):
    """Remove *path* if it is a link. Fails when it is anything else."""

    path: str


@distinct
class RemoveTree(NamedTuple):
    """Remove the directory *path* and what is in it, never following a link, never leaving its file system.

    Nothing is removed, and "kept" is told, when the directory holds a file named *unless*.
    """

    path: str
    unless: str = ""


@distinct
class MakeFile(NamedTuple):
    """Make the empty file *path*; its directory exists."""

    path: str


@distinct
class FileExists(NamedTuple):
    """Tell "yes" or "no": whether *path* exists."""

    path: str


@distinct
class FileSize(NamedTuple):
    """Tell the size of the plain file *path* in bytes, "" where there is none (a link is none)."""

    path: str


@distinct
class RemoveFile(NamedTuple):
    """Remove the plain file *path*; a missing one is fine, a directory is refused."""

    path: str


@distinct
class CountLinks(NamedTuple):
    """Tell how many `disk.*` links below *directory*/<datastore>/<vm>/ resolve to *device*.

    *path*, a link or a directory of links, does not count.
    """

    directory: str
    device: str
    alias: str | None
    path: str


@distinct
class CheckClosed(NamedTuple):
    """Tell "open" or "closed": whether a process of this host has *device* open, as far as oneadmin can see."""

    device: str


@distinct
class MakeFileSystem(NamedTuple):
    """Put a file system of *kind* (ext4, xfs, swap, ...) on *device* with the words *options*."""

    device: str
    kind: str
    options: tuple[str, ...] = ()


@distinct
class MakeQcow2(NamedTuple):
    """Put an empty qcow2 image of *size_kib* into *device*, which has room for it and for its metadata."""

    device: str
    size_kib: int


@distinct
class CopyDevice(NamedTuple):
    """Make the first *size_kib* of *device* equal to those of *source*, and what follows zeros; compared at the end.

    Only what differs is written: a thin pool keeps its holes. Fails where somebody else writes *device*.
    """

    source: str
    device: str
    size_kib: int


@distinct
class ExportDevice(NamedTuple):
    """Write what *device* holds into the new qcow2 file *path*.

    With *base*, a device with older data, only what differs from that is written, and *backing*, a file beside *path*
    that holds the older data, is named as its backing file.
    """

    device: str
    path: str
    base: str = ""
    backing: str = ""


@distinct
class AppendText(NamedTuple):
    """Add *text* to the end of the plain file *path*, which is made where there is none."""

    path: str
    text: str


@distinct
class StopMonitoring(NamedTuple):
    """Remove the flag file `.monitor` of the system datastore directory *directory* (opennebula.md 2.8)."""

    directory: str


STANDS_STILL = 60.0
"""Seconds after which a host lets a guest go on by itself."""


@distinct
class FreezeGuest(NamedTuple):
    """Freeze the file systems of the domain *deploy_id* through its agent; tells "frozen" or "no agent".

    A watchdog on the host thaws them after *seconds*, whatever becomes of the driver (design.md rule 9).
    """

    deploy_id: str
    seconds: float = STANDS_STILL


@distinct
class ThawGuest(NamedTuple):
    """Thaw the file systems of the domain *deploy_id* and end the watchdog; thawed already is fine."""

    deploy_id: str


@distinct
class PauseGuest(NamedTuple):
    """Let the domain *deploy_id* stand still as a whole; a watchdog lets it go on after *seconds*."""

    deploy_id: str
    seconds: float = STANDS_STILL


@distinct
class ResumeGuest(NamedTuple):
    """Let the domain *deploy_id* go on and end the watchdog; going on already is fine."""

    deploy_id: str


@distinct
class DeviceSize(NamedTuple):
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
    | CopyDevice
    | ExportDevice
    | AppendText
    | StopMonitoring
    | DeviceSize
    | FreezeGuest
    | ThawGuest
    | PauseGuest
    | ResumeGuest
)
