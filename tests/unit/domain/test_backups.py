"""Backups: all disks in one moment, as files on the host, and nothing else left behind."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from tests.unit.domain.backup_cloud import (
    DIRECTORY,
    DISK,
    DOCUMENT,
    HERE,
    NOW,
    SCRATCH,
    THEN,
    Killed,
    dying,
    files,
    increment,
    left,
    order,
    rules,
    saved_vm,
)

from domain.backups import PIECE, Backups
from domain.errors import (
    BadOrder,
    DriverError,
    Expired,
    GuestNotFrozen,
    HostCommandFailed,
    HostUnreachable,
)
from domain.opennebula import Disk, Vm
from domain.steps import STANDS_STILL, ExportDevice, FreezeGuest, PauseGuest


@pytest.fixture
def backups(bench) -> Backups:
    return rules(bench)


@pytest.fixture
def vm(bench) -> Vm:
    return saved_vm(bench)


def test_every_disk_becomes_a_file(bench, backups, vm) -> None:
    """With the VM beside them; a CD-ROM is left out, and nothing stays in LINSTOR."""
    backups.prepare(order(vm))
    found = files(bench)
    assert sorted(found) == ["disk.0.0", "disk.1.0", "vm.xml"]
    assert found["disk.0.0"].startswith(THEN)
    assert found["disk.1.0"].startswith(b"scratch")
    assert base64.b64decode(found["vm.xml"]) == DOCUMENT
    assert left(bench) == []


def test_a_directory_of_its_own_takes_the_files(bench, backups, vm) -> None:
    """BACKUP_BASE_PATH is where the backup datastore looks then."""
    backups._base = "/backups"
    backups.prepare(order(vm))
    assert bench.hosts.host(HERE).get("/backups/7/backup/disk.0.0") is not None
    assert files(bench) == {}
    backups.end(order(vm))
    assert bench.hosts.host(HERE).get("/backups/7/backup") is None


def test_what_an_earlier_backup_left_is_gone(bench, backups, vm) -> None:
    """Everything in the directory is taken for this backup."""
    host = bench.hosts.host(HERE)
    host.make_directory(DIRECTORY)
    host.put(f"{DIRECTORY}/disk.9.0", b"old")
    backups.prepare(order(vm))
    assert "disk.9.0" not in files(bench)


def test_a_long_document_arrives_whole(bench, backups, vm) -> None:
    """An argument of a program ends at 128 KiB."""
    document = bytes(range(65, 91)) * 5000
    backups.prepare(order(vm)._replace(document=document))
    assert len(base64.b64encode(document)) > 2 * PIECE
    assert base64.b64decode(files(bench)["vm.xml"]) == document


def test_the_guest_stands_still_for_the_snapshots_alone(bench, backups, vm) -> None:
    """It goes on before the first byte is read."""
    bench.hosts.host(HERE).agents.add("one-7")
    seen: dict[str, bool] = {}
    snapshot, restore = bench.cluster.snapshot, bench.cluster.restore

    def snapshotting(*words):
        seen["snapshot"] = "one-7" in bench.hosts.frozen
        return snapshot(*words)

    def restoring(*words):
        seen["restore"] = "one-7" in bench.hosts.frozen
        return restore(*words)

    bench.cluster.snapshot, bench.cluster.restore = snapshotting, restoring
    for how in ("AGENT", "SUSPEND", "NONE"):
        seen.clear()
        backups.prepare_live(order(vm, {"FS_FREEZE": how}))
        assert seen == {"snapshot": True, "restore": False}
    assert bench.hosts.frozen == set()


def test_a_guest_with_one_disk_need_not_stand_still(bench, backups, vm) -> None:
    """One snapshot is of one moment, and FS_FREEZE=NONE asks for no more."""
    told = []
    run = bench.hosts.run
    bench.hosts.run = lambda host, steps: told.extend(steps) or run(host, steps)
    backups.prepare_live(order(vm, disks=(0,)))
    assert not any(isinstance(each, PauseGuest | FreezeGuest) for each in told)


def test_a_guest_without_an_agent_is_not_saved_as_if_it_had_one(bench, backups, vm) -> None:
    """Somebody has asked for it; the error says what to do."""
    with pytest.raises(GuestNotFrozen, match="FS_FREEZE"):
        backups.prepare_live(order(vm, {"FS_FREEZE": "AGENT"}))
    assert (files(bench), left(bench)) == ({}, [])


def test_a_guest_goes_on_when_a_snapshot_fails(bench, backups, vm) -> None:
    """And nothing is left of the backup."""
    bench.model.events.satellite_down("host-b")
    with pytest.raises(DriverError):
        backups.prepare_live(order(vm, {"FS_FREEZE": "SUSPEND"}))
    assert bench.hosts.frozen == set()
    assert files(bench) == {}


def test_a_guest_that_went_on_between_two_snapshots_was_not_saved(bench, backups, vm) -> None:
    """Its watchdog let it go on, so that the disks are of two moments."""
    snapshot = bench.cluster.snapshot

    def slow(*words):
        bench.clock.sleep(STANDS_STILL / 2 + 1)
        return snapshot(*words)

    bench.cluster.snapshot = slow
    with pytest.raises(Expired, match="while the guest stood still"):
        backups.prepare_live(order(vm))
    assert (files(bench), left(bench)) == ({}, [])
    backups.prepare_live(order(vm, disks=(0,)))


def test_the_time_until_the_guest_stands_still_counts(bench, backups, vm) -> None:
    """Its watchdog begins before it does."""
    run = bench.hosts.run

    def slow(host, steps):
        if any(isinstance(each, PauseGuest) for each in steps):
            bench.clock.sleep(STANDS_STILL + 1)
        return run(host, steps)

    bench.hosts.run = slow
    with pytest.raises(Expired, match="while the guest stood still"):
        backups.prepare_live(order(vm))
    assert bench.hosts.frozen == set()


def test_one_disk_beside_a_cdrom_is_one_moment_by_itself(bench, backups, vm) -> None:
    """Nobody asked for the guest to stand still."""
    run, paused = bench.hosts.run, []

    def watching(host, steps):
        paused.extend(each for each in steps if isinstance(each, PauseGuest))
        return run(host, steps)

    bench.hosts.run = watching
    backups.prepare_live(order(vm, disks=(0, 2)))
    assert paused == []


def test_a_dead_host_keeps_files_and_nothing_else(bench, backups, vm) -> None:
    """LINSTOR is told all the same (rule 6)."""
    backups.prepare(order(vm, increment(-1, -1)))
    bench.hosts.down(HERE)
    with pytest.raises(HostUnreachable):
        backups.end(order(vm))
    assert left(bench) == []


def test_a_file_that_cannot_be_written_leaves_nothing(bench, backups, vm) -> None:
    """A full disk of the host, for one."""
    run = bench.hosts.run

    def full(host, steps):
        if any(isinstance(each, ExportDevice) for each in steps):
            raise HostCommandFailed(host, "export device", "No space left on device")
        return run(host, steps)

    bench.hosts.run = full
    with pytest.raises(HostCommandFailed, match="No space"):
        backups.prepare(order(vm))
    assert (files(bench), left(bench)) == ({}, [])


@pytest.fixture
def killed(bench, backups, vm) -> None:
    """A backup that was killed while it wrote the files of its disks."""
    with dying(bench), pytest.raises(Killed):
        backups.prepare(order(vm))
    assert len(left(bench)) == 4


@pytest.mark.usefixtures("killed")
def test_what_a_killed_backup_left_is_made_anew(bench, backups, vm) -> None:
    """Its snapshots are of another moment."""
    bench.write(DISK, NOW)
    backups.prepare(order(vm))
    assert files(bench)["disk.0.0"].startswith(NOW)
    assert left(bench) == []


@pytest.mark.usefixtures("killed")
def test_the_end_removes_what_a_kill_left(bench, backups, vm) -> None:
    """Files, volumes and snapshots; twice is fine."""
    for _ in range(2):
        backups.end(order(vm))
        assert left(bench) == []
        assert bench.hosts.host(HERE).get(DIRECTORY) is None


@pytest.mark.usefixtures("killed")
def test_a_disk_ends_with_what_a_killed_backup_left(bench, vm) -> None:
    """A VM that is terminated after it leaves nothing."""
    for name in (DISK, SCRATCH):
        bench.lifetime.delete(bench.storage, name)
    assert bench.model.state.definitions == {}


def test_a_disk_of_another_driver_is_refused(bench, backups, vm) -> None:
    """It has no volume; nothing is begun."""
    foreign = replace(vm, disks=(*vm.disks, Disk(3, 8, "one-8", 64, 64, clone=False, tm_mad="ceph")))
    with pytest.raises(BadOrder, match="ceph"):
        backups.prepare(order(foreign, disks=(0, 3)))
    assert files(bench) == {}


def test_a_replica_that_is_away_stops_the_backup(bench, backups, vm) -> None:
    """LINSTOR would leave it out of the snapshot."""
    bench.model.events.satellite_down(bench.replica(DISK).host)
    with pytest.raises(DriverError):
        backups.prepare(order(vm))
    assert files(bench) == {}
