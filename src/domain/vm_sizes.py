"""What the disks and snapshots of the VMs of a system datastore take, for oned's statistics (opennebula.md 2.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.disks import DRIVER, disk_datastore, volume_of
from domain.errors import BadName, DriverError, Expired
from domain.names import DiskOf, VolumeName
from domain.opennebula import Datastore, DiskSnapshot, Vm
from domain.pools import Pools
from domain.ports import Clock, Cluster
from domain.storage import Storages

LISTING_SECONDS = 60.0
"""The space of the datastore waits for this, and oned asks for it every 300 seconds."""


@dataclass(frozen=True)
class DiskSize:
    """What a disk takes on the fullest of its replicas, in MiB."""

    disk_id: int
    size_mib: int


@dataclass(frozen=True)
class VmSizes:
    """Disks of a VM whose size is known, and oned's own records of their snapshots."""

    vm_id: int
    disks: tuple[DiskSize, ...]
    snapshots: tuple[DiskSnapshot, ...] = ()


@dataclass(frozen=True)
class Measured:
    """The VMs with any disk whose size is known; *problems*: what could not be asked, one sentence each."""

    vms: tuple[VmSizes, ...]
    problems: tuple[str, ...] = ()


class Monitord(Protocol):
    """The daemon that takes the sizes since OpenNebula 5.12."""

    def tell(self, vms: Sequence[VmSizes]) -> None:
        """Send the sizes; nobody acknowledges them. Raises ScriptFailed where nothing could be sent."""


class _Volume(NamedTuple):
    """The volume of a disk and the datastore it is in."""

    datastore_id: int
    name: VolumeName


class VmMonitoring:
    """Sizes for every VM of a datastore, from one listing of each LINSTOR that its disks are in."""

    def __init__(self, storages: Storages, pools: Pools, clock: Clock) -> None:
        self._storages, self._pools, self._clock = storages, pools, clock

    def measure(self, datastore: Datastore) -> Measured:
        """The sizes of the disks that are volumes of this driver. A size that is not known is left out, never 0.

        Raises OnedError, Expired: without the list of VMs there are no sizes.
        """
        vms = [(vm, _volumes(vm, datastore.datastore_id)) for vm in self._vms(datastore.datastore_id)]
        problems: list[str] = []
        taken = self._taken({each for _, volumes in vms for each in volumes.values()}, problems)
        sizes = (_sizes(vm, volumes, taken) for vm, volumes in vms)
        return Measured(tuple(each for each in sizes if each.disks), tuple(problems))

    def _vms(self, datastore_id: int) -> Iterator[Vm]:
        """The VMs whose directory is in the datastore now."""
        end = self._clock.now() + LISTING_SECONDS
        for vm in self._pools.vms():
            if self._clock.now() > end:
                raise Expired("the end of oned's list of VMs", LISTING_SECONDS)
            if vm.history and vm.history[-1].datastore_id == datastore_id:
                yield vm

    def _taken(self, volumes: Collection[_Volume], problems: list[str]) -> dict[_Volume, int]:
        """KiB of the volumes of which LINSTOR tells; one that fails does not hide the others."""
        taken: dict[_Volume, int] = {}
        clusters = self._clusters({each.datastore_id for each in volumes}, problems)
        for cluster in dict.fromkeys(clusters.values()):
            here = [each for each in volumes if clusters.get(each.datastore_id) is cluster]
            try:
                found = cluster.allocated({each.name for each in here})
            except DriverError as error:
                problems.append(str(error))
                continue
            taken.update({each: found[each.name] for each in here if each.name in found})
        return taken

    def _clusters(self, datastores: Collection[int], problems: list[str]) -> dict[int, Cluster]:
        found: dict[int, Cluster] = {}
        for each in sorted(datastores):
            try:
                found[each] = self._storages.of(each).cluster
            except DriverError as error:
                problems.append(str(error))
        return found


def _volumes(vm: Vm, system: int) -> dict[int, _Volume]:
    """The volumes of this driver among the disks, by disk; a source that is no name of a volume has none."""
    found: dict[int, _Volume] = {}
    for disk in vm.disks:
        if disk.tm_mad != DRIVER:
            continue
        try:
            name = volume_of(disk, DiskOf(vm.vm_id, disk.disk_id))
        except BadName:
            continue
        found[disk.disk_id] = _Volume(disk_datastore(disk, system), name)
    return found


def _sizes(vm: Vm, volumes: dict[int, _Volume], taken: dict[_Volume, int]) -> VmSizes:
    """Sizes are rounded up, so that what takes anything is not told to take nothing."""
    known = {disk: taken[volume] for disk, volume in volumes.items() if volume in taken}
    disks = (DiskSize(disk, -(-size_kib // 1024)) for disk, size_kib in known.items())
    snapshots = (each for each in vm.snapshots if each.disk_id in known and each.size_mib)
    return VmSizes(vm.vm_id, tuple(disks), tuple(snapshots))
