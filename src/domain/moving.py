"""The disks of a VM that changes hosts: which volumes, where LINSTOR has them, which paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.disks import DRIVER, disk_datastore, other_links, volume_of
from domain.errors import BeingDeleted, UnknownVolume, VolumeInUse
from domain.names import DiskOf, HostName, VolumeName, same_host
from domain.opennebula import Disk
from domain.orders import Migrate, Place
from domain.steps import CountLinks
from domain.storage import Storage, Storages
from domain.volumes import Definition, Deployment, on_host


@dataclass(frozen=True)
class Moving:
    """One disk of a migration: its volume, what LINSTOR says of it, and its path in the VM directory."""

    storage: Storage
    disk: Disk
    volume: VolumeName
    path: str
    definition: Definition
    seen: tuple[Deployment, ...]

    @property
    def written(self) -> bool:
        """Whether a guest may write it, so that both hosts must be allowed to."""
        return not self.disk.readonly

    def on(self, host: HostName) -> Deployment | None:
        """The deployment on *host*."""
        return on_host(self.seen, host)


def moving_disks(order: Migrate, storages: Storages, *, gone_is_fine: bool = False) -> list[Moving]:
    """Our disks of the VM, two requests for each LINSTOR however many disks there are.

    Raises UnknownVolume, BeingDeleted; with *gone_is_fine* such disks are left out.
    """
    by_datastore: dict[int, list[Disk]] = {}
    for disk in order.vm.disks:
        if disk.tm_mad == DRIVER:
            by_datastore.setdefault(disk_datastore(disk, order.datastore_id), []).append(disk)
    found: list[Moving] = []
    for datastore_id, disks in by_datastore.items():
        found += _looked_up(order, storages.of(datastore_id), disks, gone_is_fine)
    return found


def _looked_up(order: Migrate, storage: Storage, disks: Sequence[Disk], gone_is_fine: bool) -> list[Moving]:
    volumes = {disk.disk_id: volume_of(disk, DiskOf(order.vm.vm_id, disk.disk_id)) for disk in disks}
    names = list(dict.fromkeys(volumes.values()))
    definitions = storage.cluster.definitions(names)
    seen = storage.cluster.deployments(names)
    found = []
    for disk in disks:
        volume = volumes[disk.disk_id]
        definition = definitions.get(volume)
        if gone_is_fine and (definition is None or definition.deleting):
            continue
        path = f"{order.directory}/disk.{disk.disk_id}"
        found.append(Moving(storage, disk, volume, path, _sound(volume, definition), seen[volume]))
    return found


def _sound(volume: VolumeName, definition: Definition | None) -> Definition:
    if definition is None:
        raise UnknownVolume(volume)
    if definition.deleting:
        raise BeingDeleted(volume)
    return definition


def refuse_third_user(moving: Moving, order: Migrate) -> None:
    """Raises VolumeInUse: nobody but the two hosts of this migration may have the volume open (rule 5)."""
    users = [each.host for each in moving.seen if each.in_use]
    others = [host for host in users if not same_host(host, order.source) and not same_host(host, order.target)]
    if moving.written and others:
        raise VolumeInUse(moving.volume, f"on {', '.join(others)}, beside the two hosts of this migration")


def other_users(moving: Moving, host: HostName) -> CountLinks | None:
    """The question whether other VMs of *host* use the volume; only a common image can have such."""
    here = moving.on(host)
    if not moving.disk.common or here is None:
        return None
    place = Place(host, moving.path)
    # a VM may have the same image at two of its disks, and both move
    return other_links(place, here, place.directory)


def lock_limit(moving: Sequence[Moving]) -> float:
    """The longest time in seconds that any of the datastores wants to wait for another order."""
    return max((each.storage.settings.limits.lock for each in moving), default=0.0)


def token(order: Migrate) -> str:
    """A file name of this migration only: seen on the other host, it tells that the directory is shared."""
    return f".linstor-migration-{order.vm.seq}"
