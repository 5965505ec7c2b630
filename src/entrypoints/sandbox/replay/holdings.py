"""What must exist, and may exist, after the calls so far: volumes, snapshots, attachments, directories.

It follows from the calls alone. So an operation for which oned calls no driver (`recover --success`, `--delete-db`)
takes nothing away here, and what it leaves behind is still held by the VM that had it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from domain.names import BACKUPS, DiskOf, VolumeName, copy_of_source, image_volume, volatile_volume
from entrypoints.sandbox.replay.recording import Call
from entrypoints.sandbox.replay.subject import LINSTOR, At, Subject, subject


@dataclass
class Volume:
    """A volume of LINSTOR. *certain* is False after a deletion that failed: then it may be there or not.

    *snapshots* must be there, *doubtful* may be there too. *size_mib*: at least so large, 0 where nobody said.
    """

    name: VolumeName
    certain: bool = True
    snapshots: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)
    size_mib: int = 0


@dataclass
class HeldDisk:
    """One disk of one VM. *volume* is None for a plain file of another driver.

    It must be usable on the hosts *needed*; beyond them it may be on the hosts *allowed*.
    """

    of: DiskOf
    volume: VolumeName | None
    private: bool
    place: At
    needed: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)

    def only_at(self, place: At) -> None:
        """The disk is there and nowhere else."""
        self.place = place
        self.needed = {place.host}
        self.allowed = set()


class Holdings:
    """Follows the calls. *front_end* never needs a volume: a VM that waits there keeps only its files."""

    def __init__(self, front_end: str) -> None:
        self._front_end = front_end
        self.volumes: dict[VolumeName, Volume] = {}
        self.disks: dict[DiskOf, HeldDisk] = {}
        self.directories: dict[int, set[At]] = {}
        self._half_done: dict[DiskOf, str] = {}
        self._unprepared: set[int] = set()

    def vm_disks(self, vm_id: int) -> list[HeldDisk]:
        """The disks of a VM, in the order of their ids."""
        return [disk for of, disk in sorted(self.disks.items(), key=lambda each: each[0].disk) if of.vm == vm_id]

    def holders(self, volume: VolumeName) -> Iterator[HeldDisk]:
        """The disks that are *volume*."""
        return (disk for disk in self.disks.values() if disk.volume == volume)

    def doubtful_snapshots(self) -> set[tuple[str, int]]:
        """(volume, number) of the snapshots whose deletion failed: they may be there or not."""
        return {(name, number) for name, volume in self.volumes.items() for number in volume.doubtful}

    def unsettled(self, vm_id: int) -> frozenset[int]:
        """The disks of a VM that need be nowhere after a failure: they may be there or not."""
        return frozenset(disk.of.disk for disk in self.vm_disks(vm_id) if not disk.needed)

    def half_done(self, volume: VolumeName) -> set[str]:
        """The targets of migrations of that volume that were begun, and nobody has told the driver that they ended.

        `failmigrate` of ssh and shared is not passed on (opennebula.md 3.7): two writers stay allowed, and the
        target attached, until the next order about the disk.
        """
        return {self._half_done[disk.of] for disk in self.holders(volume) if disk.of in self._half_done}

    def hosts_of(self, volume: VolumeName) -> set[str]:
        """The hosts where *volume* may be attached."""
        found = self.half_done(volume)
        for disk in self.holders(volume):
            found |= disk.needed | disk.allowed
        return found - {self._front_end}

    def after(self, call: Call, size_mib: int) -> None:
        """*call* has ended as recorded. *size_mib*: what oned says of the disk's or image's size, 0 for nothing."""
        about = subject(call)
        if call.kind == "ds":
            self._after_image(call, about, size_mib)
        elif call.kind == "tm":
            self._remember_directories(call, about)
            step = getattr(self, f"_after_{_STEPS.get(call.plain_action, 'nothing')}")
            step(call, about, size_mib)
            if call.driver == LINSTOR and not call.exit_code and (disk := self._disk(about)) is not None:
                self._half_done.pop(disk.of, None)

    # -- images -----------------------------------------------------------------------------------

    def _after_image(self, call: Call, about: Subject, size_mib: int) -> None:
        if about.image is None or call.driver != LINSTOR:
            return
        name = VolumeName(about.source) if about.source else image_volume(about.image)
        action = call.plain_action
        if action in ("cp", "clone") or (action == "mkfs" and "save_as" not in call.document):
            if not call.exit_code:
                self.volumes[name] = Volume(name, size_mib=size_mib)
        elif action == "rm":
            self._gone(name, call)
        elif name in self.volumes:
            self._after_image_snapshot(self.volumes[name], call, about)

    @staticmethod
    def _after_image_snapshot(volume: Volume, call: Call, about: Subject) -> None:
        ended = set(volume.snapshots) if call.action == "snap_flatten" else {about.snapshot or 0}
        if call.action in ("snap_flatten", "snap_delete"):
            volume.snapshots -= ended
            volume.doubtful = volume.doubtful | ended if call.exit_code else volume.doubtful - ended

    def _gone(self, name: VolumeName, call: Call) -> None:
        if not call.exit_code:
            self.volumes.pop(name, None)
        elif name in self.volumes:
            self.volumes[name].certain = False

    # -- disks ------------------------------------------------------------------------------------

    def _after_nothing(self, call: Call, about: Subject, size_mib: int) -> None:
        """Calls that make or move nothing."""

    def _after_new_disk(self, call: Call, about: Subject, size_mib: int) -> None:
        if call.exit_code or about.vm is None or about.disk is None or about.place is None:
            return
        of = DiskOf(about.vm, about.disk)
        volume, private = volume_of(call, about, of)
        self.disks[of] = disk = HeldDisk(of, volume, private, about.place)
        disk.only_at(about.place)
        if volume is not None and private:
            self.volumes[volume] = Volume(volume, size_mib=max(size_mib, about.size_mib))

    def _after_end(self, call: Call, about: Subject, size_mib: int) -> None:
        """`mvds` and `delete`; after a failure the disk may be there or not."""
        disk = self._disk(about)
        if disk is None:
            return
        self._end_of_backups(disk, call)
        if not call.exit_code:
            del self.disks[disk.of]
        else:
            disk.allowed |= disk.needed
            disk.needed = set()
        if disk.volume is not None and disk.private:
            self._gone(disk.volume, call)

    def _after_move(self, call: Call, about: Subject, size_mib: int) -> None:
        disk = self._disk(about)
        if disk is None or about.place is None or about.origin is None:
            return
        if call.exit_code:
            disk.allowed |= {about.origin.host, about.place.host}
            disk.needed -= {about.origin.host}
            return
        disk.only_at(about.place)
        disk.needed.discard(self._front_end)

    def _after_premigrate(self, call: Call, about: Subject, size_mib: int) -> None:
        """Ours opens the disks to the target. A failure of it stops nobody when another driver called it."""
        if about.vm is None or about.place is None or call.driver != LINSTOR:
            return
        (self._unprepared.add if call.exit_code else self._unprepared.discard)(about.vm)
        for disk in self.vm_disks(about.vm):
            if disk.volume is not None and not call.exit_code and about.origin != about.place:
                self._half_done[disk.of] = about.place.host

    def _after_postmigrate(self, call: Call, about: Subject, size_mib: int) -> None:
        if call.exit_code or about.vm is None or about.place is None:
            return
        for disk in self.vm_disks(about.vm):
            disk.only_at(At(about.place.host, f"{about.place.path}/disk.{disk.of.disk}"))
            if about.vm in self._unprepared:
                disk.needed, disk.allowed = set(), {about.place.host}
            if call.driver == LINSTOR:
                self._half_done.pop(disk.of, None)
        self.directories[about.vm] = {about.place}

    def _after_failmigrate(self, call: Call, about: Subject, size_mib: int) -> None:
        if about.vm is None or about.place is None:
            return
        if call.driver == LINSTOR and not call.exit_code:
            for disk in self.vm_disks(about.vm):
                self._half_done.pop(disk.of, None)
        if about.place != about.origin:
            self.directories.get(about.vm, set()).discard(about.place)

    def _after_resize(self, call: Call, about: Subject, size_mib: int) -> None:
        disk = self._disk(about)
        if not call.exit_code and disk is not None and disk.volume in self.volumes:
            self.volumes[disk.volume].size_mib = about.size_mib

    def _after_snapshot(self, call: Call, about: Subject, size_mib: int) -> None:
        volume = self._volume_of(DiskOf(about.vm or 0, about.disk or 0))
        number = about.snapshot or 0
        if volume is None:
            return
        if call.plain_action == "snap_delete":
            volume.snapshots.discard(number)
            (volume.doubtful.add if call.exit_code else volume.doubtful.discard)(number)
        elif call.plain_action.startswith("snap_create") and not call.exit_code:
            volume.snapshots.add(number)

    def keep_for_backups(self, of: DiskOf, kept: set[int], doubtful: set[int]) -> None:
        """Of the snapshots that backups took of a disk, *kept* must be there, and *doubtful* may be."""
        volume = self._volume_of(of)
        if volume is not None:
            volume.snapshots = volume.snapshots - {*BACKUPS} | kept
            volume.doubtful = volume.doubtful - {*BACKUPS} | doubtful

    def _end_of_backups(self, disk: HeldDisk, call: Call) -> None:
        """What the backups of a VM left of an image goes with the disk; of another VM's it stays."""
        volume = self._volume_of(disk.of)
        if volume is None:
            return
        kept = volume.snapshots & {*BACKUPS}
        others = any(each.volume == disk.volume for each in self.disks.values() if each is not disk)
        volume.snapshots = volume.snapshots - kept
        volume.doubtful = volume.doubtful - {*BACKUPS} | (kept if call.exit_code or others else set())

    def restored(self, of: DiskOf) -> None:
        """A backup was written over a disk: of one that is its VM's alone, oned has forgotten the snapshots."""
        volume = self._volume_of(of)
        if volume is not None and self.disks[of].private:
            volume.snapshots, volume.doubtful = set(), set()

    def _volume_of(self, of: DiskOf) -> Volume | None:
        disk = self.disks.get(of)
        return self.volumes.get(disk.volume) if disk is not None and disk.volume is not None else None

    def _after_saving(self, call: Call, about: Subject, size_mib: int) -> None:
        if not call.exit_code and about.target:
            self.volumes[VolumeName(about.target)] = Volume(VolumeName(about.target), size_mib=0)

    def _disk(self, about: Subject) -> HeldDisk | None:
        if about.vm is None or about.disk is None:
            return None
        return self.disks.get(DiskOf(about.vm, about.disk))

    # -- directories ------------------------------------------------------------------------------

    def _remember_directories(self, call: Call, about: Subject) -> None:
        """Whatever a call is about may have a directory from then on, also when it fails."""
        if about.vm is None or about.place is None:
            return
        known = self.directories.setdefault(about.vm, set())
        if call.plain_action == "delete" and about.whole_directory and not call.exit_code:
            known.clear()
        elif call.plain_action == "mv" and about.whole_directory and not call.exit_code:
            known.clear()
            known.add(about.place)
        elif call.plain_action in ("clone", "ln", "mkimage", "mkswap", "context", "mv"):
            known.add(about.place.directory)
        elif call.plain_action == "premigrate" and not call.exit_code:
            known.add(about.place)


_STEPS = {
    "clone": "new_disk",
    "ln": "new_disk",
    "mkimage": "new_disk",
    "mkswap": "new_disk",
    "mvds": "end",
    "delete": "end",
    "mv": "move",
    "premigrate": "premigrate",
    "postmigrate": "postmigrate",
    "failmigrate": "failmigrate",
    "resize": "resize",
    "snap_create": "snapshot",
    "snap_create_live": "snapshot",
    "snap_delete": "snapshot",
    "cpds": "saving",
}


def volume_of(call: Call, about: Subject, of: DiskOf) -> tuple[VolumeName | None, bool]:
    """The volume of a disk, and whether it is the disk's alone; None for a file of another driver."""
    if call.driver != LINSTOR:
        return None, True
    if not about.source:
        return volatile_volume(of), True
    source = VolumeName(about.source)
    return (copy_of_source(source, of), True) if call.plain_action == "clone" else (source, False)
