"""oned's part in backups and restores, and the backup datastore that takes the files (opennebula.md 5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.properties.guests import plain

from adapters.memory.cluster_seen import MARKS
from domain import marks as marking
from entrypoints.sandbox.guests import BLOCK

if TYPE_CHECKING:
    from tests.properties.oned import PropertyCloud

Blocks = dict[int, bytes]
Moment = dict[int, Blocks]
POWEROFF, ACTIVE = 8, 3
BACKUP, BACKUP_POWEROFF, RESTORE = 69, 70, 71
FIRST_IMAGE = 900


class Backups:
    """Backups of the VMs of a cloud. *kept*: image -> disk -> what each increment holds.

    *unsure*: volume -> what it held before a restore that failed, and what it was to hold; one of both is right.
    *given_up*: volumes of which such a restore may have begun to drop the snapshots. *bases*: volume -> the VM
    whose next increment begins from what its last backup left there.
    """

    def __init__(self, cloud: PropertyCloud) -> None:
        self._cloud, self._world = cloud, cloud.world
        self.kept: dict[int, dict[int, list[Blocks]]] = {}
        self.unsure: dict[str, tuple[Blocks, Blocks]] = {}
        self.given_up: set[str] = set()
        self.bases: dict[str, int] = {}
        self._moments: list[Moment] = []

    # -- backups --------------------------------------------------------------------------------

    def save(self, vm: int, *, mode: str = "FULL", still: str = "NONE", reset: bool = False) -> None:
        """`onevm backup`: prebackup, the backup datastore takes the files, postbackup. A failure ends it there."""
        config = self._cloud.vms[vm].backup
        if reset or mode != config.get("MODE", mode):
            config.update({"LAST_INCREMENT_ID": -1, "INCREMENTAL_BACKUP_ID": -1})
        config.update({"MODE": mode, "FS_FREEZE": still, "BACKUP_VOLATILE": "YES"})
        live = "_live" if self._runs(vm) else ""
        with self._doing(vm, BACKUP if live else BACKUP_POWEROFF):
            with self._guest_goes_on(vm):
                self._call(vm, f"prebackup{live}")
            self._take(vm)
        self.end(vm, live)

    def may_go_on(self, vm: int) -> bool:
        """Whether every disk of the VM was in its last increment; else an increment is refused until a reset."""
        return all(self.bases.get(self._cloud.volume(vm, disk)) == vm for disk in self._disks(vm))

    def holds(self, vm: int, disk: int) -> bool:
        """Whether the last backup of the VM has the disk as it is made now."""
        kept = self.kept[self._cloud.vms[vm].backup_ids[-1]] if self._cloud.vms[vm].backup_ids else {}
        return disk in kept

    def end(self, vm: int, live: str | None = None) -> None:
        """Postbackup; since 6.8 also after a prebackup that failed."""
        suffix = ("_live" if self._runs(vm) else "") if live is None else live
        self._call(vm, f"postbackup{suffix}")

    def _call(self, vm: int, action: str) -> None:
        document = self._cloud.vms[vm]
        disks = ":".join(map(str, self._disks(vm)))
        where = f"{document.now.host}:{self._cloud.directory(vm)}"
        argv = (where, disks, f"one-{vm}", "-", vm, document.now.datastore)
        self._cloud.call("tm", "linstor", action, *argv, stdin=document.xml().encode())

    def _disks(self, vm: int) -> list[int]:
        """Those that oned lists: no swap, and since 6.10.2 no CD-ROM."""
        disks = self._cloud.vms[vm].disks.items()
        return [disk for disk, values in disks if values["TYPE"] != "CDROM" and values.get("FORMAT") != "swap"]

    def chained(self) -> set[str]:
        """The volumes of which oned makes increments."""
        vms = [vm for vm, document in self._cloud.vms.items() if document.backup.get("MODE") == "INCREMENT"]
        return {self._cloud.volume(vm, disk) for vm in vms for disk in self._disks(vm)}

    def _runs(self, vm: int) -> bool:
        guest = self._world.guests.guests.get(vm)
        return guest is not None and bool(guest.open)

    @contextmanager
    def _doing(self, vm: int, lcm_state: int) -> Iterator[None]:
        """What oned calls the state of the VM meanwhile."""
        document = self._cloud.vms[vm]
        before = document.state, document.lcm_state
        document.state, document.lcm_state = ACTIVE, lcm_state
        self._cloud.told(vm)
        try:
            yield
        finally:
            document.state, document.lcm_state = before
            self._cloud.told(vm)

    @contextmanager
    def _guest_goes_on(self, vm: int) -> Iterator[None]:
        """The guest writes before each call of the order, unless it stands still; every moment of its disks is kept."""
        self._moments = [self._now(vm)]
        self._world.meanwhile = lambda: self._write(vm)
        try:
            yield
        finally:
            self._world.meanwhile = lambda: None

    def _write(self, vm: int) -> None:
        if not self._runs(vm) or f"one-{vm}" in self._world.memory_hosts.frozen:
            return
        for disk in self._disks(vm):
            with suppress(OSError):
                self._world.guests.write(vm, disk, 1)
            self._moments.append(self._now(vm))

    def _now(self, vm: int) -> Moment:
        return {disk: dict(self._cloud.must_hold[self._cloud.volume(vm, disk)]) for disk in self._disks(vm)}

    def _take(self, vm: int) -> None:
        """The backup datastore takes everything in the directory. Raises AssertionError for what is no such moment."""
        config, files = self._cloud.vms[vm].backup, self.files(vm)
        last, chain = int(str(config.get("LAST_INCREMENT_ID", -1))), config["MODE"] == "INCREMENT"
        number = last + 1 if chain else 0
        wanted = {f"disk.{disk}.{number}": disk for disk in self._disks(vm)}
        assert sorted(files) == sorted([*wanted, "vm.xml"])
        moment = next((each for each in self._moments if _shown(each, wanted, files)), None)
        assert moment is not None, f"the files of VM {vm} are of no one moment"
        self._keep(vm, number, chain, moment, {disk: files[name] for name, disk in wanted.items()})

    def _keep(self, vm: int, number: int, chain: bool, moment: Moment, files: dict[int, bytes]) -> None:
        document = self._cloud.vms[vm]
        if number == 0:
            image = FIRST_IMAGE + len(self.kept)
            document.backup_ids.append(image)
            self.kept[image], self._world.backup_stores.backups[image] = {}, {}
        else:
            image = int(str(document.backup["INCREMENTAL_BACKUP_ID"]))
        for disk, data in files.items():
            url = f"rsync://107//{image}/disk.{disk}.{number}"
            self._world.sources.files[url] = data
            self.kept[image].setdefault(disk, []).append(moment[disk])
            self._world.backup_stores.backups[image].setdefault(disk, []).append(url)
        for disk in files:
            self.bases.pop(self._cloud.volume(vm, disk), None)
        if chain:
            self.bases.update({self._cloud.volume(vm, disk): vm for disk in files})
            document.backup.update({"LAST_INCREMENT_ID": number, "INCREMENTAL_BACKUP_ID": image})

    def files(self, vm: int) -> dict[str, bytes]:
        """What is prepared for the backup datastore."""
        directory = f"{plain(self._cloud.directory(vm))}/backup"
        below = self._world.memory_hosts.host(self._cloud.place_of(vm)).below(directory)
        return {path.removeprefix(f"{directory}/"): entry for path, entry in below if isinstance(entry, bytes)}

    # -- restores -------------------------------------------------------------------------------

    def restore(self, vm: int, disk: int = -1) -> None:
        """`onevm restore` of the last increment of the last backup, while the VM is off."""
        document = self._cloud.vms[vm]
        image = document.backup_ids[-1]
        wanted = {each: found[-1] for each, found in self.kept[image].items() if disk in (-1, each)}
        wanted = {each: found for each, found in wanted.items() if each in document.disks}
        volumes = {each: self._cloud.volume(vm, each) for each in wanted}
        for each, volume in volumes.items():
            before = self.unsure.get(volume, (self._cloud.must_hold[volume], {}))[0]
            self.unsure[volume] = before, wanted[each]
            self._cloud.must_hold[volume] = {}
            self.given_up.add(volume)
        where = f"{document.now.host}:{self._cloud.directory(vm)}"
        with self._doing(vm, RESTORE):
            self._cloud.call("tm", "linstor", "restore", where, vm, image, -1, disk)
        for each, volume in volumes.items():
            self._restored(vm, each, volume)
        document.backup.update({"LAST_INCREMENT_ID": -1, "INCREMENTAL_BACKUP_ID": -1})
        self._cloud.told(vm)

    def _restored(self, vm: int, disk: int, volume: str) -> None:
        """The disk has the data; of a copy oned forgets the snapshots."""
        self._cloud.must_hold[volume] = dict(self.unsure.pop(volume)[1])
        self.forget_writes(vm, disk)
        if self._cloud.vms[vm].disks[disk]["CLONE"] == "YES":
            self._cloud.vms[vm].snapshots.pop(disk, None)
            self._cloud.forget_snapshots(volume)
            self.bases.pop(volume, None)
        self.given_up.discard(volume)

    def forget_writes(self, vm: int, disk: int) -> None:
        """What the guest wrote is given up."""
        guest = self._world.guests.guests.get(vm)
        if guest is not None:
            guest.written.pop(disk, None)

    def look_after_failure(self, vm: int) -> None:
        """Which data the disks have after a restore that failed; of one that is half written that is open."""
        for disk in self._cloud.vms[vm].disks:
            volume = self._cloud.volume(vm, disk)
            self.forget_writes(vm, disk)
            found = next((each for each in self.unsure.get(volume, ()) if self._has(volume, each)), None)
            if found is not None:
                self._cloud.must_hold[volume] = dict(found)
                del self.unsure[volume]

    def forget(self, volume: str) -> None:
        """The volume is gone."""
        self.bases.pop(volume, None)
        self.unsure.pop(volume, None)
        self.given_up.discard(volume)

    def _has(self, volume: str, blocks: Blocks) -> bool:
        definition = self._world.linstor.state.definitions[volume]
        if any(MARKS + marking.HALF_WRITTEN in each.props for each in definition.diskful()):
            return False
        contents = [definition.content(each, 0) for each in definition.diskful()]
        return all(each.read(at, BLOCK) == block for each in contents for at, block in blocks.items())


def _shown(moment: Moment, wanted: dict[str, int], files: dict[str, bytes]) -> bool:
    """Whether the files show the disks as they were in that moment."""
    return all(shows(files[name], moment[disk]) for name, disk in wanted.items())


def shows(data: bytes, blocks: Blocks) -> bool:
    """Whether *data* has *blocks*."""
    return all(data[offset : offset + BLOCK] == block for offset, block in blocks.items())
