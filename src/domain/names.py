"""How things are called; the only place that builds or reads these names.

The names are those of the addon 3.x (design.md 5, opennebula.md 8.4), so that its volumes stay ours.
LINSTOR's alphabet: linstor.md 1.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

from domain.errors import BadName

VolumeName = NewType("VolumeName", str)
SnapshotName = NewType("SnapshotName", str)
HostName = NewType("HostName", str)
GroupName = NewType("GroupName", str)

_FLAGS = re.ASCII | re.IGNORECASE
_RESOURCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{1,47}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_IMAGE = re.compile(r"OpenNebula-Image-(\d{1,18})", _FLAGS)
_CLONE = re.compile(r"OpenNebula-Image-(\d{1,18})-vm(\d{1,18})-disk(\d{1,18})", _FLAGS)
_VOLATILE = re.compile(r"OpenNebula-Volatile-vm(\d{1,18})-disk(\d{1,18})", _FLAGS)
_CONTEXT = re.compile(r"OpenNebula-vm-context-vm(\d{1,18})-disk(\d{1,18})(?:-\d{1,18})?", re.ASCII)
SAFETY = 10**18 - 1
"""The number of the snapshot that holds the data of before a revert; oned never counts so far (opennebula.md 3.6)."""
BACKUPS = (SAFETY - 1, SAFETY - 2)
"""The numbers of the snapshots that hold what a backup has, in turn."""
REVERT = "Revert-"
BACKUP, BASE = "Backup-", "Base-"
_LAID_OUT = re.compile(rf"(?:{REVERT}|{BACKUP}|{BASE})([A-Za-z_][A-Za-z0-9_-]{{1,47}})", re.ASCII)
_SNAPSHOT = re.compile(r"OpenNebula-Snap-(\d{1,18})(?:-(\d{1,18}))?", _FLAGS)

LIVES_OF_CONTEXTS = 10


@dataclass(frozen=True)
class DiskOf:
    """One disk of one VM, as oned numbers them."""

    vm: int
    disk: int


def volume_name(text: str) -> VolumeName:
    """*text* as a volume name. Raises BadName where LINSTOR would refuse it."""
    return VolumeName(_checked(text, _RESOURCE, "a volume name of LINSTOR (2 to 48 of A-Z a-z 0-9 _ -)"))


def group_name(text: str) -> GroupName:
    """*text* as the name of a resource group. Raises BadName."""
    return GroupName(_checked(text, _RESOURCE, "a resource group of LINSTOR (2 to 48 of A-Z a-z 0-9 _ -)"))


def host_name(text: str) -> HostName:
    """*text* as a host name; never an option or a shell word. Raises BadName."""
    return HostName(_checked(text, _HOST, "a host name"))


def _checked(text: str, pattern: re.Pattern[str], what: str) -> str:
    if not pattern.fullmatch(text):
        raise BadName(text, what)
    return text


def image_volume(image: int) -> VolumeName:
    """The volume of an image."""
    return VolumeName(f"OpenNebula-Image-{image}")


def volatile_volume(of: DiskOf) -> VolumeName:
    """The volume of a volatile disk."""
    return VolumeName(f"OpenNebula-Volatile-vm{of.vm}-disk{of.disk}")


def copy_of_source(source: VolumeName, of: DiskOf) -> VolumeName:
    """The name of the copy of *source* for a disk; *source* as a datastore driver printed it."""
    return volume_name(f"{source}-vm{of.vm}-disk{of.disk}")


def revert_volume(volume: VolumeName) -> VolumeName:
    """Where the data of a snapshot of *volume* lies while it is written over it. Raises BadName for a long name."""
    return volume_name(f"{REVERT}{volume}")


def backup_volume(volume: VolumeName) -> VolumeName:
    """Where what a backup has of *volume* lies while it is read. Raises BadName for a long name."""
    return volume_name(f"{BACKUP}{volume}")


def base_volume(volume: VolumeName) -> VolumeName:
    """Where what the backup before has of *volume* lies while both are compared. Raises BadName for a long name."""
    return volume_name(f"{BASE}{volume}")


def origin_of(name: str) -> VolumeName | None:
    """The volume that a revert or a backup laid *name* out for, else None."""
    match = _LAID_OUT.fullmatch(name)
    return VolumeName(match[1]) if match else None


def is_safety(name: str) -> bool:
    """Whether a snapshot is one that a revert took for itself; where it stays, that revert was interrupted."""
    return (snapshot_number(name) or ())[:1] == (SAFETY,)


def is_of_backup(name: str) -> bool:
    """Whether a snapshot is one that a backup took."""
    return (snapshot_number(name) or (-1,))[0] in BACKUPS


def snapshot_name(snapshot: int, use: int = 0) -> SnapshotName:
    """The name of oned's snapshot *snapshot*; *use* counts how often the name was used before (linstor.md 2.17)."""
    return SnapshotName(f"OpenNebula-Snap-{snapshot}" + (f"-{use}" if use else ""))


def snapshot_number(name: str) -> tuple[int, int] | None:
    """Snapshot id and use of a name that :func:`snapshot_name` made, else None."""
    match = _SNAPSHOT.fullmatch(name)
    return (int(match[1]), int(match[2] or 0)) if match else None


def disk_of(name: str) -> DiskOf | None:
    """The one disk that a copy or a volatile volume belongs to; None for every other name.

    Only such names may be destroyed by an order about a disk (rule 3).
    """
    if match := _CLONE.fullmatch(name):
        return DiskOf(int(match[2]), int(match[3]))
    if match := _VOLATILE.fullmatch(name):
        return DiskOf(int(match[1]), int(match[2]))
    return None


def context_volumes(of: DiskOf) -> list[VolumeName]:
    """The names that the addon 2.x gave to the context volumes of a disk, one for each of its first lives."""
    first = f"OpenNebula-vm-context-vm{of.vm}-disk{of.disk}"
    return [VolumeName(first), *(VolumeName(f"{first}-{life}") for life in range(LIVES_OF_CONTEXTS))]


def context_disk(name: str) -> DiskOf | None:
    """The disk whose context volume of the addon 2.x has that name, else None."""
    match = _CONTEXT.fullmatch(name)
    return DiskOf(int(match[1]), int(match[2])) if match else None


def written_by_us(name: str) -> bool:
    """Whether *name* is, letter by letter, one that this driver or the addon gives to a volume.

    LINSTOR ignores case but keeps it, and numbers have no leading zeros.
    """
    if (image := image_of(name)) is not None:
        return name == image_volume(image)
    if context_disk(name) is not None:
        return True
    of = disk_of(name)
    match = _CLONE.fullmatch(name)
    source = image_volume(int(match[1])) if match else None
    return of is not None and name == (copy_of_source(source, of) if source else volatile_volume(of))


def image_of(name: str) -> int | None:
    """The image id that an image's own volume encodes, else None."""
    match = _IMAGE.fullmatch(name)
    return int(match[1]) if match else None


def same_host(one: str, other: str) -> bool:
    """Whether two names mean one machine: equal but for case, or a short name and its long form."""
    a, b = one.lower(), other.lower()
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    return "." not in short and long.split(".", 1)[0] == short
