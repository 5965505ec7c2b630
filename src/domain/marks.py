"""What the driver writes on a volume (`Aux/OpenNebula/...`): owner, life, work in progress, debts.

A mark says what a later order must know after a kill: there is no other memory (design.md 1).
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.names import DiskOf, HostName, VolumeName, origin_of

IMAGE = "image"
VM = "vm"
DISK = "disk"
SEQ = "seq"
SOURCE = "source"
STATE = "state"
CREATING = "creating"
RETURNED = "returned"
HALF_WRITTEN = "half-written"
"""On replicas, while a revert writes: neither the old data nor the new (decision 3)."""
REWRITTEN = "rewritten"
"""Since the data of before was kept and until all is done: who ends the use of the volume takes that back."""
BACKUP = "backup"
"""The VM that has backups of an image's volume: what they left ends when the disk leaves that VM."""
UNFINISHED = frozenset((BACKUP, REWRITTEN))
"""What must end when a VM gives the volume up."""
MIGRATION = "migration"
ASKED = "asked"
_DEBT = "debt-"
_COMMON = ">common"


def for_image(image_id: int) -> dict[str, str]:
    """Marks of an image that is being made; `state` goes when its data is complete."""
    return {IMAGE: str(image_id), STATE: CREATING}


def for_disk(of: DiskOf, seq: int, source: VolumeName | None = None) -> dict[str, str]:
    """Marks of a disk's own volume; *seq* names the life of the VM that it was made for (opennebula.md 8.3 no. 14)."""
    made = {VM: str(of.vm), DISK: str(of.disk), SEQ: str(seq)}
    return made | {SOURCE: source} if source else made


def laid_out_for(name: str, marks: Mapping[str, str]) -> VolumeName | None:
    """The volume that a revert or a backup laid *name* out for, else None: nobody but that order counts on it.

    LINSTOR may put marks of the reverted volume over the others while it fills it (linstor.md 2.11).
    """
    return origin_of(name) if marks.get(STATE) == CREATING else None


def of_other_disk(marks: Mapping[str, str], of: DiskOf) -> bool:
    """Whether *marks* name a disk that is not *of*; volumes of the addon 3.x carry no marks and name none."""
    return (marks.get(VM, str(of.vm)), marks.get(DISK, str(of.disk))) != (str(of.vm), str(of.disk))


def same_life(found: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a volume was made by an earlier try of the very order that carries *wanted*."""
    return all(found.get(key) == value for key, value in wanted.items())


def migration(source: HostName, target: HostName, *, common: bool = False) -> dict[str, str]:
    """The mark of a live migration under way: who may write besides whom, and whether other VMs use the volume, too."""
    return {MIGRATION: f"{source}>{target}{_COMMON if common else ''}"}


def migration_pair(marks: Mapping[str, str]) -> tuple[HostName, HostName] | None:
    """The two hosts of a migration that was begun and not ended, else None."""
    source, arrow, target = marks.get(MIGRATION, "").removesuffix(_COMMON).partition(">")
    return (HostName(source), HostName(target)) if arrow else None


def migration_of_common(marks: Mapping[str, str]) -> bool:
    """Whether other VMs may use the volume of that migration, wherever they are."""
    return marks.get(MIGRATION, "").endswith(_COMMON)


def debt_key(host: HostName) -> str:
    """The mark of what could not be done on *host*: paths of links to remove there, separated by blanks."""
    return f"{_DEBT}{host}"


def debts(marks: Mapping[str, str]) -> dict[HostName, tuple[str, ...]]:
    """The links to remove, by host."""
    return {
        HostName(key.removeprefix(_DEBT)): tuple(text.split()) for key, text in marks.items() if key.startswith(_DEBT)
    }


def snapshot_key(number: int) -> str:
    """The mark that tells how often the name of snapshot *number* was used on a volume."""
    return f"snapshot-{number}"


def snapshot_uses(marks: Mapping[str, str], number: int) -> int:
    """The first use of the name of snapshot *number* that is still free (linstor.md 2.17 no. 0)."""
    text = marks.get(snapshot_key(number), "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
