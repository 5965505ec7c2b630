"""What each step of a live migration does for one disk, in which order, and what it leaves alone."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain import marks as marking
from domain.errors import ScriptFailed, VolumeInUse
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Disk, Vm
from domain.orders import LinkDisk, Migrate, Place
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4")
PATH = "/var/ds/101/7/disk.0"


class _Way:
    """A VM that runs on a host with a replica, and is to move to one without."""

    def __init__(self, bench) -> None:
        bench.volume(DISK)
        self.bench, self.migration = bench, bench.migration
        self.source, self.target = bench.replica(DISK).host, bench.stranger(DISK)
        self.vm = bench.vm(DISK, self.source, self.target, persistent=True)
        bench.hosts.host(self.source).make_directory("/var/ds/101/7")
        self.guest = bench.model.devices.open(self.source, DISK, write=True)

    @property
    def order(self) -> Migrate:
        return self.bench.migrate(self.vm, self.source, self.target)

    def moves(self) -> None:
        """The guest goes over, and its old process still has the device open."""
        self.migration.prepare(self.order)
        self.bench.model.devices.open(self.target, DISK, write=True)

    @property
    def allowed(self) -> bool:
        definition = self.bench.model.state.definitions[DISK]
        return bool(definition.kernel or any(definition.connections.values()))

    @property
    def marks(self) -> dict[str, str]:
        return dict(self.bench.cluster.definitions([DISK])[DISK].marks)

    def role(self, host: HostName) -> Role | None:
        seen = self.bench.cluster.deployments([DISK])[DISK]
        return next((each.role for each in seen if each.host == host), None)


@pytest.fixture
def way(bench) -> _Way:
    return _Way(bench)


def test_the_permission_goes_once_the_source_has_closed(way: _Way, monkeypatch) -> None:
    """Before that the kernel refuses, and LINSTOR forgets."""
    way.moves()
    monkeypatch.setattr(way.bench.clock, "_passed", lambda _: way.guest.close())

    way.migration.finish(way.order)

    assert not way.allowed
    assert "migration" not in way.marks


def test_a_source_that_never_closes_keeps_permission_and_mark(way: _Way) -> None:
    """The order says on which host, and the next one goes on."""
    way.moves()

    with pytest.raises(VolumeInUse, match=f"on host {way.source}, which the VM has left"):
        way.migration.finish(way.order)

    assert way.allowed
    assert "migration" in way.marks
    way.guest.close()
    way.migration.finish(way.order)
    assert not way.allowed


def test_a_migration_without_its_mark_is_ended_all_the_same(way: _Way) -> None:
    """By the two hosts of the order: an administrator may have removed the mark."""
    way.moves()
    way.guest.close()
    way.bench.cluster.mark(DISK, {}, ["migration"])

    way.migration.finish(way.order)

    assert not way.allowed


def test_the_mark_is_there_before_two_may_write(way: _Way, monkeypatch) -> None:
    """So that an order behind a kill knows what to take back."""
    allow, seen = way.bench.cluster.allow_two_writers, []

    def noted(*words: object) -> None:
        seen.append("migration" in way.marks)
        allow(*words)

    monkeypatch.setattr(way.bench.cluster, "allow_two_writers", noted)
    way.migration.prepare(way.order)

    assert seen == [True]


def test_the_target_pays_what_it_owes_and_gets_its_link(way: _Way) -> None:
    """An old link goes; the one that this order makes is owed no more."""
    host = way.bench.hosts.host(way.target)
    host.make_directory("/var/ds/101/9")
    host.put("/var/ds/101/9/disk.0", Link("/dev/drbd1000"))
    way.bench.cluster.mark(DISK, {f"debt-{way.target}": f"/var/ds/101/9/disk.0 {PATH}"})

    way.migration.prepare(way.order)

    assert not [key for key in way.marks if key.startswith("debt")]
    assert host.get("/var/ds/101/9/disk.0") is None
    assert isinstance(host.get(PATH), Link)


def test_what_an_earlier_migration_allowed_goes_before_this_one(way: _Way) -> None:
    """Only the pair of this one may write."""
    replicas = {each.host for each in way.bench.cluster.deployments([DISK])[DISK] if each.role is Role.REPLICA}
    [third] = replicas - {way.source}
    way.bench.cluster.mark(DISK, marking.migration(way.source, third))
    way.bench.cluster.allow_two_writers(DISK, (way.source, third))

    way.migration.prepare(way.order)

    connections = way.bench.model.state.definitions[DISK].connections
    assert {pair for pair, props in connections.items() if props} == {frozenset((way.source, way.target))}


@pytest.mark.parametrize("attached", [False, True])
def test_a_premigrate_that_fails_takes_back_only_its_own_attachment(way: _Way, attached: bool) -> None:
    """One that was there belongs to somebody else."""
    if attached:
        way.bench.cluster.attach(DISK, way.target)
    before = way.role(way.target)
    other = Disk(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    way.vm = Vm(7, disks=(*way.vm.disks, other), history=way.vm.history, deploy_id="one-7")

    def refuse(_argv: object, _stdin: object) -> str:
        raise ScriptFailed("tm/ceph/premigrate", "no")

    way.bench.scripts.install("tm/ceph/premigrate", refuse)
    with pytest.raises(ScriptFailed):
        way.migration.prepare(way.order)

    assert way.role(way.target) is before
    assert not way.allowed


def test_the_old_host_keeps_its_replica_and_loses_only_an_attachment(way: _Way) -> None:
    """A replica is data."""
    way.moves()
    way.guest.close()

    way.migration.finish(way.order)

    assert way.role(way.source) is Role.REPLICA
    assert way.role(way.target) is Role.ATTACHMENT


def test_an_order_about_the_disk_leaves_a_running_migration_alone(way: _Way) -> None:
    """While both write, QEMU needs what was allowed."""
    way.moves()
    definition = way.bench.cluster.definitions([DISK])[DISK]

    way.bench.healing.heal(way.bench.storage, definition, [way.target])

    assert way.allowed
    assert "migration" in way.marks
    assert way.role(way.target) is Role.ATTACHMENT


def test_a_deployment_ends_what_a_dead_migration_allowed(way: _Way) -> None:
    """And drops the end that nobody uses."""
    way.migration.prepare(way.order)

    way.bench.disks.link(LinkDisk(DISK, Place(way.source, PATH), DiskOf(7, 0), 100))

    assert not way.allowed
    assert "migration" not in way.marks
    assert way.role(way.target) is not Role.ATTACHMENT
