"""Context volumes of the addon 2.x end with their VM (linstor.md 7); nothing here ever makes one.

Their names carry the VM and the disk, so `disk1` never stands for `disk10`.
"""

from __future__ import annotations

from contextlib import suppress

from domain.errors import DriverError
from domain.lifetime import Lifetime
from domain.names import DiskOf, VolumeName, context_volumes
from domain.ports import Locks, Oned
from domain.storage import Storage, Storages

EPILOG_UNDEPLOY = 30


class LegacyContexts:
    """Deletes them on the VM's end and on undeploy, as far as that can be done now."""

    def __init__(self, storages: Storages, oned: Oned, locks: Locks, lifetime: Lifetime) -> None:
        self._storages = storages
        self._oned = oned
        self._locks = locks
        self._lifetime = lifetime

    def end(self, vm_id: int, datastore_id: int, *, undeployed_only: bool = False) -> None:
        """Delete the context volumes of a VM. What fails is left: a VM must not hang on a forgotten volume.

        A VM that is stopped needs its context again as it is; one that is undeployed gets a new one.
        """
        with suppress(DriverError):
            vm = self._oned.vm(vm_id)
            disk = vm.context_disk_id
            if disk is None or (undeployed_only and vm.lcm_state != EPILOG_UNDEPLOY):
                return
            storage = self._storages.of(datastore_id)
            for volume in storage.cluster.definitions(context_volumes(DiskOf(vm_id, disk))):
                self._delete(storage, volume)

    def _delete(self, storage: Storage, volume: VolumeName) -> None:
        with suppress(DriverError), self._locks.hold([volume], storage.settings.limits.lock):
            self._lifetime.delete(storage, volume)
