"""Guards of backups and restores: every file is of one moment and of its chain, and no disk is left half written."""

from __future__ import annotations

from tests.mutants.guard import Mutant

BACKUPS = [
    Mutant(
        1,
        "domain/backup_snapshots.py",
        "        if found.marks.get(marking.ASKED) != plan.base:\n",
        "        if False:\n",
        "an increment is made against the snapshot of another chain",
    ),
    Mutant(
        1,
        "domain/backup_plans.py",
        'return f"0 of VM {vm.vm_id} after {max(older, default=-1)}"',
        'return f"0 after {max(older, default=-1)}"',
        "an increment is made against what the first backup of another VM left of a shareable image",
    ),
    Mutant(
        1,
        "domain/backup_plans.py",
        "older = [each for each in vm.backup_ids if each < chain]",
        "older = list(vm.backup_ids)",
        "the first backup of a chain is not found again by the second",
    ),
    Mutant(
        1,
        "domain/backup_snapshots.py",
        "        self._snapshots.delete(part.storage, part.volume, plan.number)\n        if disk_of(",
        "        if disk_of(",
        "the snapshot that an earlier try took of another moment is used again",
    ),
    Mutant(
        1,
        "domain/backups.py",
        "steps: list[Step] = [RemoveTree(directory), MakeDirectory(directory)]",
        "steps: list[Step] = [MakeDirectory(directory)]",
        "files that an earlier backup left are taken for those of this one",
    ),
    Mutant(
        2,
        "domain/backups.py",
        "            undo.add(lambda: self._hosts.run(host, [RemoveTree(directory)]))\n",
        "",
        "a backup that fails leaves its files on the host",
    ),
    Mutant(
        2,
        "domain/backups.py",
        "            undo.add(lambda: self._parallel.map(lambda part: self._snapshots.give_up(part, plan), parts))\n",
        "",
        "a backup that fails leaves its snapshots",
    ),
    Mutant(
        2,
        "domain/parting.py",
        "            self._backups.forget(storage, definition.name)\n",
        "            pass\n",
        "an image keeps what the backups of its former VM left",
    ),
    Mutant(
        3,
        "domain/parting.py",
        "if definition.marks.get(marking.BACKUP) == str(vm_id):",
        "if marking.BACKUP in definition.marks:",
        "a VM that gives a shareable image up takes the base of another VM's increments along",
    ),
    Mutant(
        3,
        "domain/orphans.py",
        " and not _begins_increments(each, owner)",
        "",
        "the base of a VM's next increment counts as an orphan",
    ),
    Mutant(
        3,
        "domain/orphans.py",
        "return replace(found, kept=found.kept or _busy(owner))",
        "return found",
        "what a backup reads for hours counts as an orphan",
    ),
    Mutant(
        4,
        "domain/backups.py",
        "paused if len(parts) > 1 else None",
        "None",
        "the disks of a running VM are saved in different moments",
    ),
    Mutant(
        4,
        "domain/freezing.py",
        "        if told != FROZEN:\n            raise GuestNotFrozen(host, deploy_id)\n",
        "",
        "a guest without an agent is saved as if it had stood still",
    ),
    Mutant(
        4,
        "domain/restoring.py",
        "            for disk in disks:\n                self._drop_forgotten(vm, disk)\n",
        "",
        "snapshots that oned has forgotten stay, and their numbers come again",
    ),
    Mutant(
        4,
        "domain/restoring.py",
        "                self._restore(order.place, vm, disk, fetched[disk.disk_id])\n",
        "                self._restore(order.place, vm, disk, fetched[disk.disk_id])\n"
        "                self._drop_forgotten(vm, disk)\n",
        "snapshots that oned still has are gone when a later disk is not restored",
    ),
    Mutant(
        4,
        "domain/parting.py",
        "            self._rewriting.give_up(storage, definition.name)\n",
        "            pass\n",
        "an image stays half written when its VM ends",
    ),
    Mutant(
        9,
        "domain/freezing.py",
        "    finally:\n        with suppress(HostError):\n            hosts.run(host, [ResumeGuest(deploy_id)])\n",
        "    finally:\n        pass\n",
        "a guest stands still until its watchdog lets it go on",
    ),
]
