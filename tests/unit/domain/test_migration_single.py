"""Live migrations of a disk with one replica, and of one that is only read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import DriverError, HostCommandFailed, NoUsableReplica, ScriptFailed
from domain.names import GroupName, HostName, VolumeName
from domain.opennebula import Disk, Vm
from domain.orders import Migrate
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4")


class _Single:
    """A VM on a host that reaches the only replica over the network, and is to move to another such host."""

    def __init__(self, bench) -> None:
        self.bench = bench
        bench.model.add_group("one", place_count=1, storage_pool="data", storage_pool_list=["data"])
        assert bench.cluster.create(DISK, 65536, GroupName("one"), {"image": "4"})
        self.home = bench.replica(DISK).host
        self.source, self.target = (HostName(each) for each in ("host-a", "host-b", "host-c") if each != self.home)
        bench.cluster.attach(DISK, self.source)
        self.vm = bench.vm(DISK, self.source, self.target, persistent=True)
        bench.hosts.host(self.source).make_directory("/var/ds/101/7")

    def only_reads(self) -> None:
        """The disk is a CD-ROM."""
        [disk] = self.vm.disks
        cdrom = replace(disk, persistent=False, readonly=True, kind="CDROM")
        self.vm = replace(self.vm, disks=(cdrom,))
        self.bench.oned.put(self.vm)

    @property
    def order(self) -> Migrate:
        return self.bench.migrate(self.vm, self.source, self.target)

    @property
    def roles(self) -> dict[str, Role]:
        return {each.host: each.role for each in self.bench.cluster.deployments([DISK])[DISK]}

    @property
    def allowed(self) -> bool:
        definition = self.bench.model.state.definitions[DISK]
        return bool(definition.kernel or any(definition.connections.values()) or definition.props.get(TWO_WRITERS))


TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"


@pytest.fixture
def single(bench) -> _Single:
    return _Single(bench)


def test_a_disk_without_a_good_replica_does_not_move(single: _Single) -> None:
    """LINSTOR would make an empty one on the target (linstor.md 2.6)."""
    single.bench.model.events.satellite_down(single.home)
    with pytest.raises(NoUsableReplica):
        single.bench.migration.prepare(single.order)
    assert single.target not in single.roles


def test_a_premigrate_that_fails_leaves_nothing_on_a_target_that_had_nothing(single: _Single) -> None:
    """Not even a witness."""
    other = Disk(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    single.vm = Vm(7, disks=(*single.vm.disks, other), history=single.vm.history, deploy_id="one-7")

    def refuse(_argv: object, _stdin: object) -> str:
        raise ScriptFailed("tm/ceph/premigrate", "no")

    single.bench.scripts.install("tm/ceph/premigrate", refuse)
    with pytest.raises(ScriptFailed):
        single.bench.migration.prepare(single.order)
    assert single.target not in single.roles
    assert not single.allowed


def test_a_source_without_the_disk_needs_no_second_writer(single: _Single) -> None:
    """Nobody writes there."""
    single.bench.cluster.detach(DISK, single.source)
    single.bench.migration.prepare(single.order)
    single.bench.migration.finish(single.order)
    assert single.roles[single.target] is Role.ATTACHMENT
    assert not single.allowed


@pytest.mark.parametrize("reads", [False, True])
def test_a_disk_that_others_may_use_stays_where_nobody_could_count_them(
    single: _Single, monkeypatch: pytest.MonkeyPatch, reads: bool
) -> None:
    """A CD-ROM may have other readers on the old host; a disk that is written has none."""
    if reads:
        single.only_reads()
    single.bench.migration.prepare(single.order)
    run = single.bench.hosts.run

    def busy(host: HostName, steps: object) -> object:
        if host == single.source:
            raise HostCommandFailed(host, "remove tree", "Device or resource busy")
        return run(host, steps)

    monkeypatch.setattr(single.bench.hosts, "run", busy)
    with pytest.raises(DriverError):
        single.bench.migration.finish(single.order)
    assert (single.source in single.roles) is reads
    assert not single.allowed


def test_a_disc_leaves_the_old_host_with_its_last_vm(single: _Single) -> None:
    """Nobody else there has a link to it."""
    single.only_reads()
    single.bench.migration.prepare(single.order)
    single.bench.migration.finish(single.order)
    assert single.source not in single.roles
