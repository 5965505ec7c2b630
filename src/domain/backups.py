"""Backups: the disks of a VM, as they were in one moment, become files in a directory of its host (opennebula.md 5).

The driver of the backup datastore takes them from there, and `postbackup` ends everything. The guest stands still for
the moment of the snapshots alone.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from domain.backup_plans import AGENT, WHOLE_GUEST, BackupPlan, makes_increments, plan_of
from domain.backup_snapshots import BackupSnapshots, Part, Source
from domain.disks import DRIVER, disk_datastore, known_disk, volume_of
from domain.errors import BadOrder, Expired
from domain.freezing import frozen_by_agent, paused
from domain.names import DiskOf, backup_volume, base_volume
from domain.opennebula import Disk
from domain.orders import BackUp
from domain.ports import Clock, Hosts, Locks, Parallel
from domain.steps import STANDS_STILL, AppendText, ExportDevice, MakeDirectory, RemoveTree, Step, WaitForDevice
from domain.storage import Storages
from domain.undoing import Undo, undoing

Moment = AbstractContextManager[None]
"""A block in which a guest stands still."""
PIECE = 60000
"""Characters of the VM's document in one session: an argument of a program ends at 128 KiB."""


class Backups:
    """`prebackup`, `prebackup_live`, `postbackup`, `postbackup_live`. *base* is BACKUP_BASE_PATH, "" where not set."""

    def __init__(
        self,
        storages: Storages,
        hosts: Hosts,
        locks: Locks,
        parallel: Parallel,
        clock: Clock,
        snapshots: BackupSnapshots,
        base: str,
    ) -> None:
        self._storages = storages
        self._hosts = hosts
        self._locks = locks
        self._parallel = parallel
        self._clock = clock
        self._snapshots = snapshots
        self._base = base

    def prepare(self, order: BackUp) -> None:
        """Write the disks of a VM that is powered off into files.

        Raises BadOrder for disks of other drivers, NoBaseOfBackup, NotPossible; then nothing is left.
        """
        self._prepare(order, plan_of(order.vm), self._parts(order), None)

    def prepare_live(self, order: BackUp) -> None:
        """The same for a VM that runs, which stands still as FS_FREEZE says. Raises GuestNotFrozen, Expired, too."""
        plan, parts = plan_of(order.vm), self._parts(order)
        # LINSTOR takes one snapshot after the other
        still = {AGENT: frozen_by_agent, WHOLE_GUEST: paused}.get(plan.still, paused if len(parts) > 1 else None)
        moment = still(self._hosts, order.place.host, order.deploy_id) if still is not None else None
        self._prepare(order, plan, parts, moment)

    def _prepare(self, order: BackUp, plan: BackupPlan, parts: Sequence[Part], moment: Moment | None) -> None:
        host, directory = order.place.host, self._directory(order)
        with undoing() as undo:
            undo.add(lambda: self._hosts.run(host, [RemoveTree(directory)]))
            self._write_document(order, directory)
            self._take(parts, plan, moment, undo)
            self._export(order, parts, plan, undo)
            self._parallel.map(lambda part: self._snapshots.drop_unneeded(part, plan.needed), parts)

    def end(self, order: BackUp) -> None:
        """The files have been taken, or will never be: remove them, and what an order that was killed left.

        A dead host keeps its files, and nothing else.
        """
        try:
            self._end_snapshots(order, self._parts(order))
        finally:
            self._hosts.run(order.place.host, [RemoveTree(self._directory(order))])

    def _end_snapshots(self, order: BackUp, parts: Sequence[Part]) -> None:
        self._parallel.map(self._end_loans, parts)
        if makes_increments(order.vm):
            self._parallel.map(self._snapshots.drop_left_over, parts)
        else:
            self._parallel.map(lambda part: self._snapshots.drop_unneeded(part, ()), parts)

    def _end_loans(self, part: Part) -> None:
        self._snapshots.end_loans(part.storage, part.volume)

    def _directory(self, order: BackUp) -> str:
        """Where the driver of the backup datastore looks (opennebula.md 5.3)."""
        return f"{self._base}/{order.vm.vm_id}/backup" if self._base else f"{order.place.path}/backup"

    def _parts(self, order: BackUp) -> list[Part]:
        """The disks to save. A CD-ROM holds nothing of the VM. Raises BadOrder."""
        disks = [known_disk(order.vm, DiskOf(order.vm.vm_id, each)) for each in order.disks]
        return [self._part(order, disk) for disk in disks if "CDROM" not in disk.kind.upper()]

    def _part(self, order: BackUp, disk: Disk) -> Part:
        if not disk.volatile and disk.tm_mad not in ("", DRIVER):
            raise BadOrder(
                f"disk {disk.disk_id} of VM {order.vm.vm_id} is one of {disk.tm_mad}, which {DRIVER} cannot save; "
                "leave it out of the backup, or detach it"
            )
        of = DiskOf(order.vm.vm_id, disk.disk_id)
        return Part(of, self._storages.of(disk_datastore(disk, order.datastore_id)), volume_of(disk, of))

    def _write_document(self, order: BackUp, directory: str) -> None:
        """Begin the directory anew, with the VM as oned gave it."""
        text = base64.b64encode(order.document).decode()
        steps: list[Step] = [RemoveTree(directory), MakeDirectory(directory)]
        for start in range(0, max(1, len(text)), PIECE):
            self._hosts.run(order.place.host, [*steps, AppendText(f"{directory}/vm.xml", text[start : start + PIECE])])
            steps = []

    def _take(self, parts: Sequence[Part], plan: BackupPlan, moment: Moment | None, undo: Undo) -> None:
        """Take the snapshots of all disks in one moment. Raises Expired where the guest has gone on meanwhile."""
        with self._locks.hold([part.volume for part in parts], _patience(parts)):
            self._parallel.map(lambda part: self._snapshots.clear(part, plan), parts)
            undo.add(lambda: self._parallel.map(lambda part: self._snapshots.give_up(part, plan), parts))
            # the watchdog is there before the guest stands still
            begun = self._clock.now()
            with moment or nullcontext():
                self._parallel.map(lambda part: self._snapshots.take(part, plan), parts)
                if moment is not None and self._clock.now() - begun > STANDS_STILL:
                    raise Expired("the snapshots of all disks, while the guest stood still,", STANDS_STILL)

    def _export(self, order: BackUp, parts: Sequence[Part], plan: BackupPlan, undo: Undo) -> None:
        """Write the files, in one session on the host. It may take long, so that the disks are not locked meanwhile."""
        laid_out = [make(part.volume) for part in parts for make in (backup_volume, base_volume)]
        host, directory = order.place.host, self._directory(order)
        with self._locks.hold(laid_out, _patience(parts)):
            sources = self._parallel.map(lambda part: self._snapshots.lay_out(part, plan, host, undo), parts)
            seconds = max((part.storage.settings.limits.device for part in parts), default=0.0)
            steps = [step for each in sources for step in _export_steps(each, plan, directory, seconds)]
            self._hosts.run(host, steps)
            self._parallel.map(self._end_loans, parts)


def _patience(parts: Sequence[Part]) -> float:
    return max((part.storage.settings.limits.lock for part in parts), default=0.0)


def _export_steps(source: Source, plan: BackupPlan, directory: str, seconds: float) -> list[Step]:
    """What writes the file of one disk, named as the backup datastore wants it (opennebula.md 5.3)."""
    now, before = str(source.now.device), source.before
    path = f"{directory}/disk.{source.disk_id}.{plan.increment}"
    if before is None:
        return [WaitForDevice(now, 0, seconds), ExportDevice(now, path)]
    backing = f"disk.{source.disk_id}.{plan.increment - 1}"
    base = str(before.device)
    return [
        WaitForDevice(now, 0, seconds),
        WaitForDevice(base, 0, seconds),
        ExportDevice(now, path, base, backing),
    ]
