"""What a backup of a VM is to hold: its disks as a whole, or what changed since the backup before (opennebula.md 5.2).

An increment is made against a snapshot that the backup before has left. Of a chain that oned has given up, or begun
anew and lost again, such a snapshot may still be there: what it says tells which backup it is of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.errors import BadOrder
from domain.masking import shown_number
from domain.names import BACKUPS
from domain.opennebula import INCREMENT, Vm

WHOLE_GUEST, AGENT, NOTHING = "SUSPEND", "AGENT", "NONE"


@dataclass(frozen=True)
class BackupPlan:
    """Backup number *increment* of a chain, 0 for the first and for every whole one; *still* is FS_FREEZE.

    *base* is what the snapshot of the backup before says, "" where the disks are saved as a whole. *kept* is what the
    snapshot of this one will say, "" where no later backup needs it.
    """

    increment: int = 0
    base: str = ""
    kept: str = ""
    still: str = NOTHING

    @property
    def number(self) -> int:
        """The number of the snapshot."""
        return BACKUPS[self.increment % len(BACKUPS)]

    @property
    def needed(self) -> tuple[int, ...]:
        """The numbers of the snapshots that stay. oned may count this backup as failed, and the one before as last."""
        if not self.kept:
            return ()
        return (self.number, self.number_before) if self.base else (self.number,)

    @property
    def number_before(self) -> int:
        """The number of the snapshot that the backup before left."""
        return BACKUPS[(self.increment - 1) % len(BACKUPS)]


def plan_of(vm: Vm) -> BackupPlan:
    """The plan that oned has written into the VM. Raises BadOrder for words that mean nothing."""
    still = vm.backup.get("FS_FREEZE", "").upper() or NOTHING
    if still not in (WHOLE_GUEST, AGENT, NOTHING):
        raise BadOrder(f"FS_FREEZE={still} of VM {vm.vm_id} is none of {NOTHING}, {AGENT}, {WHOLE_GUEST}")
    if not makes_increments(vm):
        return BackupPlan(still=still)
    last, chain = _number(vm.backup, "LAST_INCREMENT_ID"), _number(vm.backup, "INCREMENTAL_BACKUP_ID")
    if last < 0:
        return BackupPlan(0, "", _first(vm, vm.backup_ids), still)
    older = [each for each in vm.backup_ids if each < chain]
    base = _later(last, chain) if last else _first(vm, older)
    return BackupPlan(last + 1, base, _later(last + 1, chain), still)


def makes_increments(vm: Vm) -> bool:
    """Whether later backups of the VM may begin from what this one leaves."""
    return vm.backup.get("MODE", "").upper() == INCREMENT


def _first(vm: Vm, older: Sequence[int]) -> str:
    """The first backup of a chain, whose image gets its number later: it is known by the VM and its images before."""
    return f"0 of VM {vm.vm_id} after {max(older, default=-1)}"


def _later(increment: int, chain: int) -> str:
    return f"{increment} of {chain}"


def _number(config: Mapping[str, str], name: str) -> int:
    text = config.get(name, "").strip() or "-1"
    if not text.removeprefix("-").isdecimal() or len(text) > 18:
        raise BadOrder(f"{name} of the BACKUP_CONFIG is {shown_number(text)}, not a number")
    return int(text)
