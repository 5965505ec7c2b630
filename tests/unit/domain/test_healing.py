"""What ends with a migration that nobody ended, and what stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import marks as marking
from domain.errors import StillTwoWriters
from domain.names import GroupName, HostName, VolumeName
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4")


class _Dead:
    """A volume with one replica that is attached to both other hosts; nobody has it open."""

    def __init__(self, bench) -> None:
        self.bench = bench
        bench.model.add_group("one", place_count=1, storage_pool="data", storage_pool_list=["data"])
        assert bench.cluster.create(DISK, 65536, GroupName("one"), {})
        self.home = bench.replica(DISK).host
        self.ends = [HostName(host) for host in ("host-a", "host-b", "host-c") if host != self.home]
        for host in self.ends:
            bench.cluster.attach(DISK, host)

    def migrate(self, source: HostName, target: HostName, *, common: bool = False) -> None:
        """Begin a migration between them and go no further."""
        where = (source, target) if self.home in (source, target) else None
        self.bench.cluster.mark(DISK, marking.migration(source, target, common=common))
        self.bench.cluster.allow_two_writers(DISK, where)

    def heal(self, *homes: HostName) -> None:
        """As an order does that counts on *homes*."""
        self.bench.healing.heal(self.bench.storage, self.bench.cluster.definitions([DISK])[DISK], homes)

    @property
    def attached(self) -> list[HostName]:
        seen = self.bench.cluster.deployments([DISK])[DISK]
        return [each.host for each in seen if each.role is Role.ATTACHMENT]

    @property
    def marked(self) -> bool:
        return marking.MIGRATION in self.bench.cluster.definitions([DISK])[DISK].marks

    @property
    def allowed(self) -> bool:
        definition = self.bench.model.state.definitions[DISK]
        return bool(definition.kernel) or self.bench.cluster.definitions([DISK])[DISK].two_writers


@pytest.fixture
def dead(bench) -> _Dead:
    return _Dead(bench)


def test_a_volume_without_any_migration_costs_no_request(dead) -> None:
    """Nearly every order comes by here."""
    definition = dead.bench.cluster.definitions([DISK])[DISK]
    nobody = replace(dead.bench.storage, cluster=None)
    dead.bench.healing.heal(nobody, definition, [])


def test_a_permission_without_a_mark_goes(dead) -> None:
    """An administrator removed the mark, or an order was killed after it."""
    dead.bench.cluster.allow_two_writers(DISK, None)
    dead.heal(dead.home)
    assert not dead.allowed
    assert dead.attached == dead.ends


@pytest.mark.parametrize("at_home", [True, False])
def test_a_permission_goes_from_wherever_it_is(dead, at_home: bool) -> None:
    """The pair's connection where an end has a replica, else the volume; and an older one of the volume, too."""
    dead.migrate(dead.home if at_home else dead.ends[0], dead.ends[1])
    dead.bench.cluster.allow_two_writers(DISK, None)
    dead.heal(dead.home)
    assert not dead.allowed
    assert not dead.marked


@pytest.mark.parametrize("refusing", ["pair", "volume"])
def test_what_cannot_be_forbidden_in_one_place_is_in_the_other(dead, monkeypatch, refusing: str) -> None:
    """Then the order fails, and the mark stays for the next one."""
    dead.migrate(dead.home, dead.ends[0])
    dead.bench.cluster.allow_two_writers(DISK, None)
    tried, forbid = [], dead.bench.cluster.forbid_two_writers

    def refuse(volume, where):
        tried.append("pair" if where else "volume")
        if tried[-1] == refusing:
            raise StillTwoWriters(volume)
        return forbid(volume, where)

    monkeypatch.setattr(dead.bench.cluster, "forbid_two_writers", refuse)
    with pytest.raises(StillTwoWriters):
        dead.heal(dead.home)
    assert tried == ["pair", "volume"]
    assert dead.marked


def test_a_permission_is_forbidden_where_it_can_be_and_nowhere_else(dead, monkeypatch) -> None:
    """One request is enough."""
    dead.migrate(dead.home, dead.ends[0])
    tried, forbid = [], dead.bench.cluster.forbid_two_writers
    monkeypatch.setattr(
        dead.bench.cluster, "forbid_two_writers", lambda volume, where: tried.append(where) or forbid(volume, where)
    )
    dead.heal(dead.home)
    assert tried == [(dead.home, dead.ends[0])]


def test_only_the_end_that_is_no_home_is_detached(dead) -> None:
    """The other is where the order has its VM."""
    dead.migrate(dead.ends[0], dead.ends[1])
    dead.heal(dead.home, dead.ends[0])
    assert dead.attached == [dead.ends[0]]
    assert not dead.marked


def test_both_ends_of_a_common_image_stay(dead) -> None:
    """Other VMs may use it on either host."""
    dead.migrate(dead.ends[0], dead.ends[1], common=True)
    dead.heal(dead.home)
    assert dead.attached == dead.ends
    assert (dead.allowed, dead.marked) == (False, False)


def test_one_end_that_cannot_be_seen_keeps_the_mark(dead, monkeypatch) -> None:
    """Though the other one can be judged, and goes."""
    dead.migrate(dead.ends[0], dead.ends[1])
    _hide(dead, monkeypatch, dead.ends[0])
    dead.heal(dead.home)
    assert dead.attached == [dead.ends[0]]
    assert dead.marked


def test_a_replica_that_cannot_be_seen_keeps_no_mark(dead, monkeypatch) -> None:
    """Nothing would be detached there."""
    dead.migrate(dead.home, dead.ends[0])
    _hide(dead, monkeypatch, dead.home)
    dead.heal(dead.ends[1])
    assert not dead.marked


def _hide(dead, monkeypatch, host: HostName) -> None:
    """LINSTOR has no connection to the satellite of *host*."""
    look = dead.bench.cluster.deployments

    def deployments(volumes):
        return {
            volume: tuple(replace(each, in_use=None, reachable=False) if each.host == host else each for each in found)
            for volume, found in look(volumes).items()
        }

    monkeypatch.setattr(dead.bench.cluster, "deployments", deployments)
