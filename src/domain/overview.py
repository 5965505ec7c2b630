"""Where everything is: the space of each datastore and who uses it, and the hosts of each VM's and image's volumes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.disks import disk_datastore, volume_of
from domain.errors import DriverError
from domain.inventory import Holding, Inventories
from domain.names import DiskOf, HostName, VolumeName, image_volume
from domain.opennebula import Datastore, Disk, Image, Vm
from domain.pools import Pools
from domain.ports import Clusters
from domain.settings import settings_of
from domain.sites import is_ours, storages_of
from domain.volumes import Capacity, Deployment, Role

NOBODY = "nobody in oned"


@dataclass(frozen=True)
class Row:
    """One volume. *label* says what it is to its owner, *datastore* the datastore that it counts for, None: none."""

    label: str
    holding: Holding
    datastore: int | None = None

    @property
    def size_kib(self) -> int:
        """What the guest sees."""
        return self.holding.definition.size_kib

    @property
    def in_sync(self) -> bool:
        """Whether every replica is complete, reachable, and connected to the others."""
        replicas = [each for each in self.holding.deployments if each.role is Role.REPLICA]
        return bool(replicas) and all(each.good_replica and each.connected for each in replicas)

    def on(self, host: HostName) -> Deployment | None:
        """Its deployment there."""
        return next((each for each in self.holding.deployments if each.host == host), None)


@dataclass(frozen=True)
class Section:
    """A VM or the images of a datastore, with their volumes. *host*: where the VM is, "" where that says nothing."""

    title: str
    rows: tuple[Row, ...]
    host: str = ""


@dataclass(frozen=True)
class Space:
    """The space of a datastore; *capacity* is None where LINSTOR does not tell, and *problem* says why.

    *users*: who has how much of it, KiB as asked for, the largest first.
    """

    datastore: Datastore
    group: str
    capacity: Capacity | None
    problem: str
    users: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Overview:
    """Everything. *hosts* are the columns of a picture."""

    hosts: tuple[HostName, ...]
    spaces: tuple[Space, ...]
    sections: tuple[Section, ...]


class Overviews:
    """The rule behind `onelinstor report`."""

    def __init__(
        self, pools: Pools, inventories: Inventories, clusters: Clusters, environment: Mapping[str, str]
    ) -> None:
        self._pools = pools
        self._inventories = inventories
        self._clusters = clusters
        self._environment = environment

    def look(self) -> Overview:
        """Look at everything. Raises PartialView, OnedError, ClusterError, BadConfiguration."""
        self._pools.require_whole()
        datastores = sorted(self._pools.datastores(), key=lambda each: each.datastore_id)
        storages = storages_of(datastores, self._clusters, self._environment)
        held = [each for one in storages.values() for each in self._inventories.of(one.settings).holdings()]
        sections = _sections(held, list(self._pools.images()), list(self._pools.vms()), datastores)
        hosts = {each.host for one in held for each in one.deployments}
        spaces = tuple(self._space(each, sections) for each in datastores if is_ours(each))
        return Overview(tuple(sorted(hosts)), spaces, tuple(sections))

    def _space(self, datastore: Datastore, sections: Sequence[Section]) -> Space:
        settings = settings_of(datastore, self._environment)
        capacity, problem = None, ""
        try:
            capacity = self._clusters.of(settings).capacity(settings.group)
        except DriverError as error:
            problem = str(error)
        return Space(datastore, settings.group, capacity, problem, _users(datastore, sections))


def _users(datastore: Datastore, sections: Iterable[Section]) -> tuple[tuple[str, int], ...]:
    used: dict[str, int] = defaultdict(int)
    for section in sections:
        for row in section.rows:
            if row.datastore == datastore.datastore_id:
                used[section.title] += row.size_kib
    return tuple(sorted(used.items(), key=lambda pair: (-pair[1], pair[0])))


def _sections(
    held: Iterable[Holding], images: Iterable[Image], vms: Iterable[Vm], datastores: Iterable[Datastore]
) -> list[Section]:
    """VMs first, then the images of each datastore that no VM has as its own, then what is left."""
    left = {each.definition.name.lower(): each for each in held}
    sections = [each for vm in sorted(vms, key=lambda one: one.vm_id) if (each := _of_vm(vm, left)).rows]
    names = {each.datastore_id: each.name for each in datastores}
    by_datastore: dict[str, list[Row]] = defaultdict(list)
    for image in sorted(images, key=lambda one: one.image_id):
        found = left.pop((image.source or image_volume(image.image_id)).lower(), None)
        if found is not None:
            where = f"Images of {names.get(image.datastore_id or 0, image.datastore_id)}"
            by_datastore[where].append(Row(f"image {image.image_id} {image.name}".rstrip(), found, image.datastore_id))
    sections += [Section(title, tuple(rows)) for title, rows in sorted(by_datastore.items())]
    rest = tuple(Row("", each) for _, each in sorted(left.items()))
    return sections + ([Section(NOBODY, rest)] if rest else [])


def _of_vm(vm: Vm, left: dict[str, Holding]) -> Section:
    """The disks of a VM; a persistent image that two VMs share is shown with the first."""
    rows = []
    system, host = (vm.history[-1].datastore_id, vm.history[-1].host) if vm.history else (-1, "")
    for disk in vm.disks:
        found = left.pop(_volume(vm, disk).lower(), None)
        if found is not None:
            rows.append(Row(f"disk {disk.disk_id}", found, disk_datastore(disk, system)))
    return Section(f"VM {vm.vm_id} {vm.name}".rstrip(), tuple(rows), host)


def _volume(vm: Vm, disk: Disk) -> VolumeName:
    try:
        return volume_of(disk, DiskOf(vm.vm_id, disk.disk_id))
    except DriverError:
        return VolumeName("")
