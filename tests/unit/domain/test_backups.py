"""Backups: all disks in one moment, as files on the host, and nothing else left behind."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from adapters.memory.parallel import MemoryParallel
from domain import marks as marking
from domain.backups import PIECE, Backups
from domain.errors import (
    BadOrder,
    DriverError,
    Expired,
    GuestNotFrozen,
    HostCommandFailed,
    HostUnreachable,
    NoBaseOfBackup,
)
from domain.names import DiskOf, HostName, VolumeName, is_of_backup, volatile_volume
from domain.opennebula import Disk, Vm
from domain.orders import BackUp, Place, ReleaseDisk
from domain.steps import STANDS_STILL, ExportDevice, FreezeGuest, PauseGuest
from domain.undoing import Undo

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
IMAGE = VolumeName("OpenNebula-Image-6")
SCRATCH = volatile_volume(DiskOf(7, 1))
HERE = HostName("host-a")
DIRECTORY = "/var/ds/101/7/backup"
DOCUMENT = b"<VM><ID>7</ID></VM>"
THEN, NOW = b"then" * 1024, b"now!" * 1024
FULL: dict[str, str] = {}


def increment(last: int, chain: int) -> dict[str, str]:
    return {"MODE": "INCREMENT", "LAST_INCREMENT_ID": str(last), "INCREMENTAL_BACKUP_ID": str(chain)}


@pytest.fixture
def backups(bench) -> Backups:
    return Backups(bench.storages, bench.hosts, bench.locks, MemoryParallel(), bench.clock, bench.backup_snapshots, "")


@pytest.fixture
def vm(bench) -> Vm:
    """A VM with a copy of an image, a volatile disk and a CD-ROM."""
    bench.volume(DISK)
    bench.volume(SCRATCH)
    made = bench.vm(DISK, "host-a")
    scratch = Disk(1, kind="fs", size_mib=64)
    cdrom = Disk(2, 5, "OpenNebula-Image-5", 64, 64, clone=False, kind="BLOCK_CDROM", tm_mad="linstor")
    made = replace(made, disks=(*made.disks, scratch, cdrom))
    bench.oned.put(made)
    bench.write(DISK, THEN)
    bench.write(SCRATCH, b"scratch")
    return made


def order(
    vm: Vm, config: dict[str, str] = FULL, ids: tuple[int, ...] = (), disks: tuple[int, ...] = (0, 1, 2)
) -> BackUp:
    told = replace(vm, backup=config, backup_ids=ids)
    return BackUp(Place(HERE, "/var/ds/101/7"), disks, "one-7", told, 101, DOCUMENT)


def files(bench) -> dict[str, bytes]:
    """What the backup datastore would take."""
    below = bench.hosts.host(HERE).below(DIRECTORY)
    return {path.removeprefix(f"{DIRECTORY}/"): entry for path, entry in below if isinstance(entry, bytes)}


def left(bench) -> list[str]:
    """Volumes and snapshots that only backups make."""
    laid_out = [name for name in bench.model.state.definitions if name.startswith(("Backup-", "Base-"))]
    return laid_out + [each.name for name in (DISK, SCRATCH) for each in bench.cluster.snapshots(name)]


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


class Killed(BaseException):
    """The process is gone: nothing is undone."""


@contextmanager
def dying(bench) -> Iterator[None]:
    """A block in which an order is killed while it writes files."""
    run = bench.hosts.run

    def until_files(host, steps):
        if any(isinstance(each, ExportDevice) for each in steps):
            raise Killed
        return run(host, steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Undo, "add", lambda _undo, _action: None)
        patch.setattr(bench.hosts, "run", until_files)
        yield


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


@pytest.fixture
def persistent(bench, backups, vm) -> Vm:
    """The VM has a persistent image, too, which has the first backup of a chain."""
    bench.volume(IMAGE)
    image = Disk(3, 6, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
    made = replace(vm, disks=(*vm.disks, image))
    bench.oned.put(made)
    backups.prepare(order(made, increment(-1, -1), disks=(0, 3)))
    return made


def release(bench, vm_id: int) -> None:
    """The image is detached from a VM."""
    place = Place(HERE, f"/var/ds/101/{vm_id}/disk.3")
    bench.disks.release(ReleaseDisk(place, IMAGE, DiskOf(vm_id, 3), 100))


def test_an_image_leaves_its_backups_with_its_vm(bench, persistent) -> None:
    """Nobody will make an increment of it, and it lives on."""
    assert len(bench.cluster.snapshots(IMAGE)) == 1
    release(bench, 7)
    assert bench.cluster.snapshots(IMAGE) == ()
    assert marking.BACKUP not in bench.cluster.definitions([IMAGE])[IMAGE].marks


def test_another_vm_with_the_same_image_takes_nothing_away(bench, persistent) -> None:
    """A shareable image belongs to several; one of them makes the increments."""
    release(bench, 8)
    assert len(bench.cluster.snapshots(IMAGE)) == 1


def test_an_image_leaves_what_a_kill_left(bench, backups, persistent) -> None:
    """The volumes that were read, too."""
    with dying(bench), pytest.raises(Killed):
        backups.prepare(order(persistent, increment(0, 52), (52,), disks=(3,)))
    assert {f"Backup-{IMAGE}", f"Base-{IMAGE}"} <= set(bench.model.state.definitions)
    release(bench, 7)
    assert f"Backup-{IMAGE}" not in bench.model.state.definitions
    assert f"Base-{IMAGE}" not in bench.model.state.definitions
    assert bench.cluster.snapshots(IMAGE) == ()


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


# -- increments ---------------------------------------------------------------------------------


def test_an_increment_is_made_against_the_backup_before(bench, backups, vm) -> None:
    """Its file has the number of the increment; the snapshot it begins from stays for the next one."""
    backups.prepare(order(vm, increment(-1, -1)))
    assert len(left(bench)) == 2
    bench.write(DISK, NOW)
    backups.prepare(order(vm, increment(0, 52), (52,)))
    assert files(bench)["disk.0.1"].startswith(NOW)
    asked = {each.marks[marking.ASKED] for each in bench.cluster.snapshots(DISK)}
    assert asked == {"0 of VM 7 after -1", "1 of 52"}


def test_an_increment_may_be_tried_again(bench, backups, vm) -> None:
    """The backup datastore failed to take it, and oned counts on from the same number."""
    backups.prepare(order(vm, increment(-1, -1)))
    for data in (NOW, b"later" * 100):
        bench.write(DISK, data)
        backups.prepare(order(vm, increment(0, 52), (52,)))
        assert files(bench)["disk.0.1"].startswith(data)
    backups.prepare(order(vm, increment(1, 52), (52,)))
    assert "disk.0.2" in files(bench)


def test_no_increment_without_the_data_of_the_backup_before(bench, backups, vm) -> None:
    """The disk is new, was set back, or is another VM's now; the error says how to begin anew."""
    with pytest.raises(NoBaseOfBackup, match="--reset"):
        backups.prepare(order(vm, increment(0, 52), (52,), disks=(0,)))
    assert (files(bench), left(bench)) == ({}, [])


@pytest.mark.parametrize(
    ("config", "ids"),
    [(increment(0, 52), (40, 52)), (increment(0, 53), (52, 53)), (increment(2, 52), (52,))],
)
def test_a_snapshot_of_another_chain_is_no_base(bench, backups, vm, config, ids) -> None:
    """A chain that was begun anew and lost again has left one under the same number."""
    backups.prepare(order(vm, increment(-1, -1)))
    with pytest.raises(NoBaseOfBackup):
        backups.prepare(order(vm, config, ids, disks=(0,)))


def test_the_snapshot_of_another_vm_is_no_base(bench, backups, persistent) -> None:
    """Two VMs have a shareable image, and each the first backup of a chain: the later one replaced the snapshot."""
    backups.prepare(order(replace(persistent, vm_id=8), increment(-1, -1), disks=(3,)))
    with pytest.raises(NoBaseOfBackup):
        backups.prepare(order(persistent, increment(0, 52), (52,), disks=(3,)))


def test_a_whole_backup_ends_the_chain(bench, backups, vm) -> None:
    """Nothing is kept for increments that will not come."""
    backups.prepare(order(vm, increment(-1, -1)))
    backups.prepare(order(vm, increment(0, 52), (52,)))
    backups.prepare(order(vm))
    assert left(bench) == []


def test_the_end_keeps_what_the_next_increment_begins_from(bench, backups, vm) -> None:
    """It comes after every backup."""
    backups.prepare(order(vm, increment(-1, -1)))
    backups.end(order(vm, increment(-1, -1)))
    assert all(is_of_backup(each.name) for each in bench.cluster.snapshots(DISK))
    backups.prepare(order(vm, increment(0, 52), (52,)))
    assert "disk.0.1" in files(bench)


def test_the_end_of_a_whole_backup_that_failed_ends_the_chain(bench, backups, vm) -> None:
    """Oned has given it up before it asked for the whole one."""
    backups.prepare(order(vm, increment(-1, -1)))
    backups.end(order(vm))
    assert left(bench) == []


def test_a_disk_ends_with_the_snapshots_of_its_backups(bench, backups, vm) -> None:
    """A VM that is terminated leaves nothing."""
    backups.prepare(order(vm, increment(-1, -1)))
    bench.lifetime.delete(bench.storage, DISK)
    assert DISK not in bench.model.state.definitions
