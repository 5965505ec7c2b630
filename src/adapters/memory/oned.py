"""Port Oned in memory."""

from __future__ import annotations

from domain.errors import OnedRefused, OnedUnreachable
from domain.opennebula import Datastore, Vm

NO_SUCH_OBJECT = 0x0400


class MemoryOned:
    """Knows what a test put into it. *down*: nobody answers."""

    def __init__(self) -> None:
        self.vms: dict[int, Vm] = {}
        self.datastores: dict[int, Datastore] = {}
        self.down = False

    def put(self, *objects: Vm | Datastore) -> None:
        """Know these, in place of what had the same number."""
        for each in objects:
            if isinstance(each, Vm):
                self.vms[each.vm_id] = each
            else:
                self.datastores[each.datastore_id] = each

    def vm(self, vm_id: int) -> Vm:
        """The VM. Raises OnedUnreachable, OnedRefused."""
        self._answer()
        if vm_id not in self.vms:
            raise OnedRefused(f"one.vm.info {vm_id}", f"Error getting virtual machine [{vm_id}].", NO_SUCH_OBJECT)
        return self.vms[vm_id]

    def datastore(self, datastore_id: int) -> Datastore:
        """The datastore. Raises OnedUnreachable, OnedRefused."""
        self._answer()
        if datastore_id not in self.datastores:
            said = f"Error getting datastore [{datastore_id}]."
            raise OnedRefused(f"one.datastore.info {datastore_id}", said, NO_SUCH_OBJECT)
        return self.datastores[datastore_id]

    def _answer(self) -> None:
        if self.down:
            raise OnedUnreachable("oned does not answer")
