"""What ends when a VM gives an image's volume up: nobody will go on with what its killed orders began there.

Every order about a disk comes by, and hardly any finds such a mark; so this is made when one does.
"""

from __future__ import annotations

from domain import marks as marking
from domain.backup_snapshots import BackupSnapshots
from domain.rewriting import Rewriting
from domain.storage import Storage
from domain.volumes import Definition


class Parting:
    """Ends backups and interrupted rewriting of one volume."""

    def __init__(self, backups: BackupSnapshots, rewriting: Rewriting) -> None:
        self._backups = backups
        self._rewriting = rewriting

    def part(self, storage: Storage, definition: Definition, vm_id: int) -> None:
        """The volume is no disk of VM *vm_id* any more. Raises VolumeInUse, NotInSync; it stays half written then."""
        if definition.marks.get(marking.BACKUP) == str(vm_id):
            self._backups.forget(storage, definition.name)
        if marking.REWRITTEN in definition.marks:
            self._rewriting.give_up(storage, definition.name)
