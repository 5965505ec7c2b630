"""A VM changes place without running: no disk data moves, only links and the files of its directory (rule 7).

The link appears at the new place; the old one goes with its directory, because the system datastore's own driver
carries the links of the old directory to the new place (tm/ssh) or leaves the directory alone (tm/shared). A host that
is down does not block (rule 6).
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.attachment import Attachment
from domain.debts import Debts
from domain.disks import DRIVER, disk_datastore, known_disk, link_steps, other_links, volume_of
from domain.errors import HostUnreachable
from domain.healing import Healing
from domain.legacy_contexts import LegacyContexts
from domain.lifetime import existing
from domain.locality import bring_near
from domain.names import DiskOf, HostName, VolumeName, same_host
from domain.opennebula import Vm
from domain.orders import MoveDirectory, MoveDisk, Place
from domain.ports import Hosts, Locks, Oned
from domain.returning import Returning
from domain.steps import MakeDirectory, RemoveTree, Step, WaitForDevice
from domain.storage import Storage, Storages
from domain.undoing import undoing
from domain.volumes import Definition, Deployment, on_host
from domain.wholeness import require_whole

WITHOUT_CHECKPOINT = (30, 31, 42, 43, 44, 50, 60, 61)
"""LCM states in which the directory holds no memory of the VM: undeploy, power-off, UNKNOWN (opennebula.md 4.6)."""
RENAMING = ("shared", "qcow2")
"""Drivers of system datastores that rename the VM directory: into the new one, where that is there already."""


class Relocation:
    """`mv` of disks and of the VM directory."""

    def __init__(
        self,
        storages: Storages,
        oned: Oned,
        hosts: Hosts,
        locks: Locks,
        attachment: Attachment,
        healing: Healing,
        debts: Debts,
        returning: Returning,
        legacy_contexts: LegacyContexts,
    ) -> None:
        self._storages = storages
        self._oned = oned
        self._hosts = hosts
        self._locks = locks
        self._attachment = attachment
        self._healing = healing
        self._debts = debts
        self._returning = returning
        self._legacy_contexts = legacy_contexts

    def move_disk(self, order: MoveDisk) -> None:
        """Make the disk usable where the VM goes, and end its use where it was.

        The front-end only keeps the VM's files: nothing is attached there, and it need not know LINSTOR.
        """
        if order.source == order.target:
            return
        vm = self._oned.vm(order.of.vm)
        disk = known_disk(vm, order.of)
        storage = self._storages.of(order.datastore_id)
        volume = volume_of(disk, order.of)
        with self._locks.hold([volume], storage.settings.limits.lock):
            definition = self._definition(storage, volume, order, vm)
            self._debts.settle(storage, definition, order.target)
            self._healing.heal(storage, definition, [order.source.host, order.target.host])
            comes = is_host_of(vm, order.target.host)
            seen = self._arrive(storage, volume, order, vm) if comes else self._whole(storage, volume)
            self._leave(storage, seen, order, shared=disk.common)
            if comes:
                bring_near(storage, volume, order.target.host)

    def _definition(self, storage: Storage, volume: VolumeName, order: MoveDisk, vm: Vm) -> Definition:
        """The volume's; on the way from the front-end to a host it may have to be made first."""
        if is_host_of(vm, order.target.host) and not is_host_of(vm, order.source.host):
            return self._returning.bring_back(storage, volume, order, vm, known_disk(vm, order.of))
        return existing(storage, volume)

    def _arrive(self, storage: Storage, volume: VolumeName, order: MoveDisk, vm: Vm) -> tuple[Deployment, ...]:
        """Where the volume is once it is usable and linked at the new place, or its link comes with the directory."""
        seconds = storage.settings.limits.device
        with undoing() as undo:
            here, seen = self._attachment.bring(storage, volume, order.target.host, undo)
            if _renamed(order, vm):
                steps: list[Step] = [WaitForDevice(str(here.device), 0, seconds)]
            else:
                steps = link_steps(here, order.target, 0, seconds)
            self._hosts.run(order.target.host, steps)
        return seen

    @staticmethod
    def _whole(storage: Storage, volume: VolumeName) -> tuple[Deployment, ...]:
        """Where the volume is. Raises HalfWritten: a VM that is off, but not undeployed, can revert it once more."""
        seen = storage.cluster.deployments([volume])[volume]
        require_whole(volume, seen)
        return seen

    def _leave(self, storage: Storage, seen: Sequence[Deployment], order: MoveDisk, *, shared: bool) -> None:
        """End the attachment on the old host, unless another VM there uses the same common image."""
        if same_host(order.source.host, order.target.host):
            return
        here = on_host(seen, order.source.host)
        if here is not None and not (shared and self._others_use(order.source, here)):
            self._attachment.end(storage, here)

    def _others_use(self, place: Place, here: Deployment) -> bool:
        """Whether another VM does; one that nobody can ask about may."""
        count = other_links(place, here, place.directory)
        if count is None:
            return False
        try:
            told = self._hosts.run(place.host, [count])
        except HostUnreachable:
            return True
        return int(told[0]) > 0

    def move_directory(self, order: MoveDirectory) -> None:
        """Bring the files of the VM directory to its new place, checked, before the old one goes.

        On a shared file system both are one directory, and nothing moves. A source that is down is only an
        error where the directory holds the memory of the VM. Raises HostUnreachable, HostCommandFailed.
        """
        if order.source == order.target:
            return
        source, target = order.source, order.target
        try:
            if self._hosts.copy_files(source.host, source.path, target.host, target.path):
                self._hosts.run(source.host, [RemoveTree(source.path)])
        except HostUnreachable as unreachable:
            self._without_source(order, unreachable)
        self._legacy_contexts.end(order.vm_id, order.datastore_id, undeployed_only=True)

    def _without_source(self, order: MoveDirectory, unreachable: HostUnreachable) -> None:
        lost = same_host(unreachable.host, order.source.host)
        vm = self._oned.vm(order.vm_id) if lost else None
        if vm is None or vm.lcm_state not in WITHOUT_CHECKPOINT:
            raise unreachable
        self._hosts.run(order.target.host, [MakeDirectory(order.target.path)])
        self._owe_links(vm, order)

    def _owe_links(self, vm: Vm, order: MoveDirectory) -> None:
        """The links of the disks stay on the host that is down."""
        for disk in vm.disks:
            if disk.tm_mad == DRIVER:
                of = DiskOf(vm.vm_id, disk.disk_id)
                place = Place(order.source.host, f"{order.source.path}/disk.{disk.disk_id}")
                storage = self._storages.of(disk_datastore(disk, order.datastore_id))
                self._debts.write_down(storage, volume_of(disk, of), place)


def _renamed(order: MoveDisk, vm: Vm) -> bool:
    """Whether the VM directory, with the link in it, becomes the new one by a plain `mv`."""
    return order.source.directory != order.target.directory and vm.history[-1].tm_mad in RENAMING


def is_host_of(vm: Vm, host: HostName) -> bool:
    """Whether the VM runs or will run on *host*; every other target of a `mv` is the front-end (opennebula.md 3.4)."""
    return bool(vm.history) and same_host(vm.history[-1].host, host)
