"""Where the link of a disk is made when its VM changes place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.file_tree import Link
from domain import marks as marking
from domain.disks import other_links
from domain.errors import HostUnreachable, UnknownVolume
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Vm
from domain.orders import MoveDirectory, MoveDisk, Place
from domain.relocation import is_host_of
from domain.steps import LinkDevice, WaitForDevice
from domain.volumes import Role, on_host

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
HOST = HostName("host-a")
OLD, NEW = "/var/ds/101/7/disk.0", "/var/ds/102/7/disk.0"


@pytest.mark.parametrize(("driver", "linked"), [("linstor", True), ("ssh", True), ("shared", False), ("qcow2", False)])
def test_the_new_directory_is_not_begun_where_the_old_one_becomes_it(bench, driver: str, linked: bool) -> None:
    """tm/shared runs `mv OLD NEW`, which puts OLD into a NEW that is there: context and checkpoint were lost."""
    bench.volume(DISK, vm="7", disk="0")
    bench.vm(DISK, HOST, HOST, tm_mad=driver)

    bench.relocation.move_disk(MoveDisk(Place(HOST, OLD), Place(HOST, NEW), DiskOf(7, 0), 100))

    assert isinstance(bench.hosts.host(HOST).get(NEW), Link) == linked


def test_a_directory_that_stays_gets_its_link(bench) -> None:
    """A VM on a shared system datastore goes to another host."""
    bench.volume(DISK, vm="7", disk="0")
    bench.vm(DISK, "host-b", HOST, tm_mad="shared")

    bench.relocation.move_disk(MoveDisk(Place(HostName("host-b"), OLD), Place(HOST, OLD), DiskOf(7, 0), 100))

    assert isinstance(bench.hosts.host(HOST).get(OLD), Link)


def _move(bench, source: str, target: str, path: str = OLD, to: str = "") -> None:
    places = Place(HostName(source), path), Place(HostName(target), to or path)
    bench.relocation.move_disk(MoveDisk(*places, DiskOf(7, 0), 100))


def _role(bench, host: str) -> Role | None:
    here = on_host(bench.cluster.deployments([DISK])[DISK], host)
    return here.role if here is not None else None


@pytest.fixture
def attached(bench):
    """The disk is used on a host that holds no replica of it."""
    bench.volume(DISK, vm="7", disk="0")
    bench.away = bench.stranger(DISK)
    bench.vm(DISK, bench.away)
    bench.cluster.attach(DISK, bench.away)
    return bench


def test_a_move_to_the_same_place_asks_nobody(bench) -> None:
    """It is the same directory on a shared file system, under the same host."""
    bench.oned.down = True
    _move(bench, HOST, HOST)
    assert bench.hosts.sessions == []


def test_a_move_on_one_host_leaves_the_attachment(attached) -> None:
    """Only the directory is another one."""
    _move(attached, attached.away, attached.away, OLD, NEW)
    assert _role(attached, attached.away) is Role.ATTACHMENT


def test_a_move_ends_what_a_dead_migration_left(attached) -> None:
    """No third host keeps the disk, and one host may write."""
    home = attached.replica(DISK).host
    attached.cluster.mark(DISK, marking.migration(home, attached.away))
    attached.cluster.allow_two_writers(DISK, (home, attached.away))
    attached.vm(DISK, home)
    other = next(each for each in ("host-a", "host-b", "host-c") if each not in (home, attached.away))
    _move(attached, other, home)
    assert marking.MIGRATION not in attached.cluster.definitions([DISK])[DISK].marks
    assert not any(attached.model.state.definitions[DISK].connections.values())
    assert _role(attached, attached.away) is not Role.ATTACHMENT


def test_a_front_end_gets_no_data_near(bench) -> None:
    """Whatever else is attached there."""
    bench.datastore(100, LINSTOR_PREFER_LOCAL="yes")
    bench.volume(DISK, vm="7", disk="0")
    home, front_end = bench.replica(DISK).host, bench.stranger(DISK)
    bench.vm(DISK, home)
    bench.cluster.attach(DISK, front_end)
    _move(bench, home, front_end)
    assert _role(bench, front_end) is Role.ATTACHMENT


@pytest.mark.parametrize("state", [marking.CREATING, marking.RETURNED])
def test_a_disk_that_stays_on_its_host_is_not_made_from_a_file(attached, state: str) -> None:
    """Only what comes from the front-end is; here the volume holds the data."""
    attached.write(DISK, b"the guest")
    attached.cluster.mark(DISK, {marking.STATE: state})
    attached.hosts.host(attached.away).make_directory("/var/ds/101/7")
    attached.hosts.host(attached.away).put(OLD, b"old")
    _move(attached, attached.away, attached.away, OLD, NEW)
    assert attached.read(DISK, 9) == b"the guest"
    assert attached.hosts.host(attached.away).get(OLD) == b"old"


def test_a_disk_without_a_volume_that_goes_to_no_host_is_not_made(bench) -> None:
    """The VM is elsewhere."""
    bench.vm(DISK, HOST)
    bench.hosts.host("host-b").make_directory("/var/ds/101/7")
    bench.hosts.host("host-b").put(OLD, b"data")
    bench.sources.files[OLD] = b"data"
    with pytest.raises(UnknownVolume):
        _move(bench, "host-b", "host-c")
    assert list(bench.model.state.definitions) == []


def test_a_disc_whose_device_is_gone_has_no_other_users(attached) -> None:
    """No host can be asked for links to a device without a name."""
    place = Place(attached.away, OLD)
    here = replace(attached.replica(DISK), device=None)
    assert other_links(place, here) is None
    assert attached.relocation._others_use(place, here) is False
    assert attached.hosts.sessions == []


def _moved_from_a_dead_host(bench, lcm_state: int) -> None:
    """The VM has a disk of another driver alone, which owes us nothing."""
    vm = bench.vm(DISK, HOST)
    bench.oned.put(replace(vm, lcm_state=lcm_state, disks=(replace(vm.disks[0], tm_mad="ceph", datastore_id=102),)))
    bench.hosts.down(HOST)
    places = (Place(HOST, "/var/ds/101/7"), Place(HostName("host-b"), "/var/ds/101/7"))
    bench.relocation.move_directory(MoveDirectory(*places, 7, 101))


@pytest.mark.parametrize("lcm_state", [30, 31, 42, 43, 44, 50, 60, 61])
def test_a_vm_without_a_checkpoint_has_a_directory_though_its_host_is_down(bench, lcm_state: int) -> None:
    """Undeployed, powered off, or its host failed."""
    _moved_from_a_dead_host(bench, lcm_state)
    assert bench.hosts.host("host-b").get("/var/ds/101/7") is not None


@pytest.mark.parametrize("lcm_state", [0, 3, 4, 6, 8, 9, 16, 25, 45])
def test_a_vm_that_may_have_a_checkpoint_does_not_go_on_without_it(bench, lcm_state: int) -> None:
    """Its memory would be lost without a word."""
    with pytest.raises(HostUnreachable):
        _moved_from_a_dead_host(bench, lcm_state)
    assert bench.hosts.host("host-b").get("/var/ds/101/7") is None


def test_a_vm_that_was_never_deployed_has_no_host() -> None:
    """It has no history."""
    assert not is_host_of(Vm(7), HOST)


def test_a_link_that_was_owed_where_the_vm_comes_back_stays(attached) -> None:
    """It is the link of the disk again."""
    home = attached.replica(DISK).host
    attached.vm(DISK, attached.away, home)
    attached.cluster.mark(DISK, {marking.debt_key(home): OLD})
    _move(attached, attached.away, home)
    assert isinstance(attached.hosts.host(home).get(OLD), Link)
    assert not marking.debts(attached.cluster.definitions([DISK])[DISK].marks)


def test_a_target_that_is_down_is_an_error_whatever_oned_says(bench) -> None:
    """Only the side that is left may be."""
    bench.hosts.host(HOST).make_directory("/var/ds/101/7")
    bench.hosts.down("host-b")
    bench.oned.down = True
    places = (Place(HOST, "/var/ds/101/7"), Place(HostName("host-b"), "/var/ds/101/7"))
    with pytest.raises(HostUnreachable, match="host-b"):
        bench.relocation.move_directory(MoveDirectory(*places, 7, 101))


def test_a_host_without_the_disk_has_nothing_to_end(bench) -> None:
    """It may be no node of LINSTOR any more."""
    bench.volume(DISK, vm="7", disk="0")
    home = bench.replica(DISK).host
    bench.vm(DISK, "host-x", home)
    _move(bench, "host-x", home)
    assert isinstance(bench.hosts.host(home).get(OLD), Link)


@pytest.mark.parametrize(("driver", "link"), [("ssh", True), ("shared", False)])
def test_the_device_is_waited_for_whoever_makes_the_link(bench, monkeypatch, driver: str, link: bool) -> None:
    """The VM starts right after."""
    bench.volume(DISK, vm="7", disk="0")
    bench.vm(DISK, HOST, HOST, tm_mad=driver)
    run, steps = bench.hosts.run, []
    monkeypatch.setattr(bench.hosts, "run", lambda host, given: steps.extend(given) or run(host, given))
    _move(bench, HOST, HOST, OLD, NEW)
    kinds = [type(each) for each in steps]
    assert WaitForDevice in kinds
    assert (LinkDevice in kinds) is link
