"""The rules on in-memory ports: three hosts, two replicas for each volume, one VM with one disk."""

from __future__ import annotations

import pytest
from tests.unit.domain.orphan_cloud import Cloud

from adapters.memory.clock import MemoryClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.clusters import MemoryClusters
from adapters.memory.hosts import MemoryHosts
from adapters.memory.linstor import LinstorModel
from adapters.memory.locks import MemoryLocks
from adapters.memory.model_devices import ModelDevices
from adapters.memory.oned import MemoryOned
from adapters.memory.parallel import MemoryParallel
from adapters.memory.scripts import MemoryScripts
from adapters.memory.sources import MemorySources
from domain.attachment import Attachment
from domain.backup_snapshots import BackupSnapshots
from domain.debts import Debts
from domain.disk_changes import DiskChanges
from domain.disks import Disks
from domain.healing import Healing
from domain.images import Images
from domain.legacy_contexts import LegacyContexts
from domain.lifetime import Lifetime
from domain.migration import Migration
from domain.names import GroupName, HostName, VolumeName, disk_of
from domain.opennebula import Datastore, Disk, History, Vm
from domain.orders import Migrate
from domain.parting import Parting
from domain.relocation import Relocation
from domain.returning import Returning
from domain.reverting import Reverting
from domain.rewriting import Rewriting
from domain.rolling_back import RollingBack
from domain.saving import Saving
from domain.sizes import Sizes
from domain.snapshots import Snapshots
from domain.storage import Storage, Storages
from domain.vm_directory import VmDirectory
from domain.volumes import Deployment, Role

HOSTS = ("host-a", "host-b", "host-c")
IMAGES, SYSTEM = 100, 101
SIZE_KIB = 65536


class Bench:
    """The rules, and shorthand for what tests look at."""

    def __init__(self, *, shared: tuple[str, ...] = (), cared_for: bool = True) -> None:
        self.model = LinstorModel.simple(HOSTS, groups={"two": 2})
        self.cluster = MemoryCluster(self.model)
        self.clock = MemoryClock()
        self.oned = MemoryOned()
        self.devices = ModelDevices(self.model)
        self.hosts = MemoryHosts(self.devices, HOSTS, shared=shared)
        self.scripts = MemoryScripts()
        self.locks = MemoryLocks(self.clock)
        for each in (IMAGES, SYSTEM):
            self.datastore(each)
        self.storages = Storages(self.oned, MemoryClusters(lambda _: self.cluster), {})
        self.attachment, self.lifetime = Attachment(self.clock), Lifetime(self.clock)
        self.sizes = Sizes(self.clock)
        self.healing, self.snapshots = Healing(self.attachment), Snapshots()
        self.rolling_back = RollingBack(self.clock, self.sizes)
        self.rewriting = Rewriting(
            self.hosts, self.attachment, self.lifetime, self.snapshots, self.rolling_back, HostName("front-end")
        )
        self.reverting = Reverting(self.snapshots, self.rolling_back, self.rewriting)
        self.backup_snapshots = BackupSnapshots(self.attachment, self.lifetime, self.snapshots)
        self.saving = Saving(self.storages, self.oned, self.hosts, self.locks, self.lifetime, self.snapshots)
        directory = VmDirectory(self.hosts, self.scripts, self.oned, cared_for)
        self.debts = Debts(self.hosts)
        legacy = LegacyContexts(self.storages, self.oned, self.locks, self.lifetime)
        self.migration = Migration(
            self.storages,
            self.locks,
            MemoryParallel(),
            self.clock,
            self.attachment,
            self.healing,
            self.debts,
            directory,
        )
        self.disks = Disks(
            self.storages,
            self.oned,
            self.hosts,
            self.locks,
            self.attachment,
            self.lifetime,
            self.healing,
            self.debts,
            legacy,
            self.sizes,
            lambda: Parting(self.backup_snapshots, self.rewriting),
        )
        self.sources = MemorySources(self.hosts)
        self.images = Images(
            self.storages,
            self.hosts,
            self.sources,
            self.locks,
            self.lifetime,
            self.attachment,
            HostName("front-end"),
            self.sizes,
        )
        self.disk_changes = DiskChanges(
            self.storages, self.oned, self.hosts, self.locks, self.sizes, self.snapshots, self.reverting
        )
        self.returning = Returning(self.hosts, self.sources, self.attachment, self.lifetime)
        self.relocation = Relocation(
            self.storages,
            self.oned,
            self.hosts,
            self.locks,
            self.attachment,
            self.healing,
            self.debts,
            self.returning,
            legacy,
        )

    def datastore(self, datastore_id: int, **attributes: str) -> None:
        """Oned knows a datastore."""
        self.oned.put(Datastore(datastore_id, attributes={"LINSTOR_RESOURCE_GROUP": "two", **attributes}))

    @property
    def storage(self) -> Storage:
        """The storage of the image datastore."""
        return self.storages.of(IMAGES)

    def volume(self, name: str, **marks: str) -> VolumeName:
        """A new volume."""
        assert self.cluster.create(VolumeName(name), SIZE_KIB, GroupName("two"), marks)
        return VolumeName(name)

    def write(self, volume: VolumeName, data: bytes) -> None:
        """Put *data* at the start of the volume."""
        here = self.replica(volume)
        self.devices.write(here.host, str(here.device), 0, data)

    def read(self, volume: VolumeName, length: int) -> bytes:
        """The start of the volume."""
        here = self.replica(volume)
        return self.devices.read(here.host, str(here.device), 0, length)

    def replica(self, volume: VolumeName) -> Deployment:
        """One of its replicas."""
        return next(each for each in self.cluster.deployments([volume])[volume] if each.role is Role.REPLICA)

    def stranger(self, volume: VolumeName) -> HostName:
        """A host that holds no replica of it."""
        kept = {each.host for each in self.cluster.deployments([volume])[volume] if each.role is Role.REPLICA}
        return next(HostName(host) for host in HOSTS if host not in kept)

    def vm(self, volume: VolumeName, *hosts: str, tm_mad: str = "linstor", **more: object) -> Vm:
        """VM 7, whose disk 0 is that volume, after it was on *hosts* one after the other."""
        private = disk_of(volume) is not None
        source = volume.removesuffix("-vm7-disk0")
        disk = Disk(0, 4, source, 64, 64, clone=private, tm_mad="linstor", datastore_id=IMAGES, **more)
        history = tuple(History(seq, host, SYSTEM, tm_mad) for seq, host in enumerate(hosts))
        vm = Vm(7, disks=(disk,), history=history, deploy_id="one-7")
        self.oned.put(vm)
        return vm

    def migrate(self, vm: Vm, source: str, target: str, caller: str = "") -> Migrate:
        """The order about a live migration; it carries the current history record alone."""
        told = Vm(vm.vm_id, disks=vm.disks, history=vm.history[-1:], deploy_id=vm.deploy_id)
        argv = (source, target, f"/var/ds/{SYSTEM}/7", "7", str(SYSTEM))
        return Migrate(HostName(source), HostName(target), argv[2], told, SYSTEM, caller, argv)


@pytest.fixture
def bench() -> Bench:
    """A fresh world."""
    return Bench()


@pytest.fixture
def cloud(bench: Bench) -> Cloud:
    """The world with what oned has in it."""
    return Cloud(bench)
