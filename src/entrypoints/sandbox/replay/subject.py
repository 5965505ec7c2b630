"""What a recorded call is about: VM, disk, hosts and paths, read off its arguments (opennebula.md 2.1, 3.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree

from entrypoints.sandbox.replay.payload import is_document
from entrypoints.sandbox.replay.recording import Call

LINSTOR = "linstor"
"""The driver that is under test."""
BACKUP = "6"
"""IMAGE/TYPE of a backup (opennebula.md 4.5)."""

_DISK = re.compile(r"disk\.(\d+)$")
_DEPLOYMENT = re.compile(r"deployment\.(\d+)$")
_BACKUP_URL = re.compile(r"rsync://.*/(\d+)/[^/]+/disk\.\d+\.\d+")
"""A disk of a backup: its last directories are the VM and the backup (opennebula.md 5.6)."""


@dataclass(frozen=True)
class At:
    """A path on a host, double slashes squeezed."""

    host: str
    path: str

    @property
    def disk(self) -> int | None:
        """The disk id that the path ends with."""
        match = _DISK.search(self.path)
        return int(match[1]) if match else None

    @property
    def directory(self) -> At:
        """The VM directory: the path itself, or what holds the disk."""
        return self if self.disk is None else At(self.host, str(PurePosixPath(self.path).parent))

    @property
    def datastore(self) -> int:
        """The id of the system datastore that the path lies in; -1 where it names none."""
        name = PurePosixPath(self.directory.path).parent.name
        return int(name) if name.isdigit() else -1


@dataclass(frozen=True)
class Subject:
    """What one call is about; what does not apply is None, "" or 0.

    *place* is where the call acts, of a move where it goes; *origin* is where a move or migration comes from.
    *source* is the image volume of a disk, *target* the volume that save-as makes. Sizes in MiB.
    *disks* are those of a backup, *increment* is which one of it is meant; *backed_up* is the VM whose backup an action
    of a datastore is about.
    """

    vm: int | None = None
    disk: int | None = None
    place: At | None = None
    origin: At | None = None
    source: str = ""
    target: str = ""
    image: int | None = None
    datastore: int | None = None
    snapshot: int | None = None
    size_mib: int = 0
    front_end: str = ""
    caller: str = ""
    seq: int | None = None
    disks: tuple[int, ...] = ()
    increment: int | None = None
    backed_up: int | None = None

    @property
    def whole_directory(self) -> bool:
        """Whether the call is about the VM directory and not about one disk."""
        return self.place is not None and self.place.disk is None


Words = Sequence[str]


def subject(call: Call) -> Subject:
    """What *call* is about; an empty subject for a call whose arguments have another shape."""
    read = {"tm": _of_transfer, "ds": _of_datastore, "vmm": _of_hypervisor}.get(call.kind)
    try:
        return read(call) if read is not None else Subject()
    except (ValueError, IndexError):
        return Subject()


def at(word: str) -> At:
    """`HOST:PATH` as a place. Raises ValueError."""
    host, colon, path = word.partition(":")
    if not colon or not path.startswith("/"):
        raise ValueError(word)
    return At(host, str(PurePosixPath(path)))


# -- tm -------------------------------------------------------------------------------------------


def _of_transfer(call: Call) -> Subject:
    words = [word for word in call.argv if not is_document(word)]
    action = call.plain_action
    if action == "monitor":
        return Subject(datastore=int(words[-1]))
    return _TRANSFER.get(action, _about_place)(words)


def _about_image(words: Words) -> Subject:
    """`clone` and `ln`: FE:SOURCE HOST:PATH VM DS."""
    front_end, colon, source = words[0].partition(":")
    place = at(words[1])
    return Subject(
        vm=int(words[2]),
        disk=place.disk,
        place=place,
        datastore=int(words[3]),
        source=source if colon else words[0],
        front_end=front_end if colon else "",
    )


def _about_new_disk(words: Words) -> Subject:
    """`mkimage` SIZE FORMAT HOST:PATH VM DS and `mkswap` SIZE HOST:PATH VM DS."""
    place = at(words[-3])
    return Subject(int(words[-2]), place.disk, place, datastore=int(words[-1]), size_mib=int(words[0]))


def _about_context(words: Words) -> Subject:
    return Subject(int(words[-2]), at(words[-3]).disk, at(words[-3]), datastore=int(words[-1]))


def _about_move(words: Words) -> Subject:
    place = at(words[1])
    return Subject(int(words[2]), place.disk, place, at(words[0]), datastore=int(words[3]))


def _about_end(words: Words) -> Subject:
    """`mvds`: HOST:PATH SOURCE VM DS."""
    place = at(words[0])
    return Subject(int(words[2]), place.disk, place, datastore=int(words[3]), source=words[1])


def _about_saving(words: Words) -> Subject:
    """`cpds`: HOST:PATH NEWSOURCE SNAPSHOT VM DS; -1 is the disk as it is."""
    place, snapshot = at(words[0]), int(words[2])
    return Subject(
        vm=int(words[3]),
        disk=place.disk,
        place=place,
        datastore=int(words[4]),
        target=words[1],
        snapshot=snapshot if snapshot >= 0 else None,
    )


def _about_size(words: Words) -> Subject:
    place = at(words[0])
    return Subject(int(words[2]), place.disk, place, datastore=int(words[3]), size_mib=int(words[1]))


def _about_snapshot(words: Words) -> Subject:
    place = at(words[0])
    return Subject(int(words[2]), place.disk, place, datastore=int(words[3]), snapshot=int(words[1]))


def _about_migration(words: Words) -> Subject:
    """SOURCE TARGET DIRECTORY VM DS [DRIVER]: the directory is the one of the target."""
    path = str(PurePosixPath(words[2]))
    return Subject(
        vm=int(words[3]),
        place=At(words[1], path),
        origin=At(words[0], path),
        datastore=int(words[4]),
        caller=words[5] if len(words) > 5 else "",
    )


def _about_backup(words: Words) -> Subject:
    """HOST:DIR DISKS DEPLOY_ID [JOB] VM DS; DISKS may end with a colon."""
    disks = tuple(int(each) for each in words[1].split(":") if each)
    return Subject(int(words[-2]), place=at(words[0]), disks=disks, backed_up=int(words[-2]))


def _about_restore(words: Words) -> Subject:
    """HOST:DIR VM IMAGE INCREMENT DISK; -1 is the last increment, and all disks."""
    increment, disk = int(words[3]), int(words[4])
    return Subject(
        vm=int(words[1]),
        place=at(words[0]),
        image=int(words[2]),
        increment=increment if increment >= 0 else None,
        disks=(disk,) if disk >= 0 else (),
    )


def _about_place(words: Words) -> Subject:
    """Everything else begins with HOST:PATH, and ends with VM DS or VM alone."""
    place = at(words[0])
    numbers = [int(word) for word in words[1:] if word.isdigit()]
    return Subject(numbers[-2] if len(numbers) > 1 else numbers[-1], place.disk, place)


_TRANSFER: dict[str, Callable[[Words], Subject]] = {
    "clone": _about_image,
    "ln": _about_image,
    "mkimage": _about_new_disk,
    "mkswap": _about_new_disk,
    "context": _about_context,
    "mv": _about_move,
    "mvds": _about_end,
    "cpds": _about_saving,
    "resize": _about_size,
    "snap_create": _about_snapshot,
    "snap_create_live": _about_snapshot,
    "snap_revert": _about_snapshot,
    "snap_delete": _about_snapshot,
    "premigrate": _about_migration,
    "postmigrate": _about_migration,
    "failmigrate": _about_migration,
    "prebackup": _about_backup,
    "prebackup_live": _about_backup,
    "postbackup": _about_backup,
    "postbackup_live": _about_backup,
    "restore": _about_restore,
}


# -- ds -------------------------------------------------------------------------------------------


def _of_datastore(call: Call) -> Subject:
    if call.action == "backup":
        return _about_backup(call.argv)
    document = call.document
    if not document:
        return Subject()
    tree = etree.fromstring(document.encode())
    snapshot = _number(tree, "IMAGE/TARGET_SNAPSHOT")
    return Subject(
        image=_number(tree, "IMAGE/ID") if call.action != "stat" else None,
        datastore=_number(tree, "DATASTORE/ID"),
        source=tree.findtext("IMAGE/SOURCE") or "",
        target=tree.findtext("IMAGE/PATH") or "",
        snapshot=snapshot if snapshot is not None and snapshot >= 0 else None,
        size_mib=_number(tree, "IMAGE/SIZE") or 0,
        backed_up=_backed_up(tree),
    )


def _backed_up(tree: etree._Element) -> int | None:
    """The VM of a backup image, or the one of the backup that an image is made from."""
    if tree.findtext("IMAGE/TYPE") == BACKUP:
        return _number(tree, "IMAGE/VMS/ID")
    match = _BACKUP_URL.fullmatch(tree.findtext("IMAGE/PATH") or "")
    return int(match[1]) if match else None


def _number(tree: etree._Element, path: str) -> int | None:
    text = (tree.findtext(path) or "").strip()
    return int(text) if text.lstrip("-").isdigit() else None


# -- vmm ------------------------------------------------------------------------------------------


def _of_hypervisor(call: Call) -> Subject:
    """Every hypervisor script ends with the VM and the host that it runs for (opennebula.md 3.4)."""
    vm, host = int(call.argv[-2]), call.argv[-1]
    paths = [word for word in call.argv if word.startswith("/")]
    path = str(PurePosixPath(paths[0])) if paths else ""
    deployment = _DEPLOYMENT.search(path)
    if deployment or path.endswith("/checkpoint"):
        path = str(PurePosixPath(path).parent)
    place = At(host, path)
    if call.action == "migrate":
        return Subject(vm, place=At(call.argv[1], ""), origin=At(call.argv[2], ""))
    if call.action == "resize_disk":
        return Subject(vm, int(call.argv[1]), place, size_mib=int(call.argv[2]))
    return Subject(vm, place.disk, place, seq=int(deployment[1]) if deployment else None)
