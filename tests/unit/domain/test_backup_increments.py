"""Increments: against the very backup before, or not at all; and what a chain leaves on an image."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.backup_cloud import (
    DISK,
    HERE,
    IMAGE,
    NOW,
    Killed,
    dying,
    files,
    increment,
    left,
    order,
    rules,
    saved_vm,
)

from domain import marks as marking
from domain.backups import Backups
from domain.errors import (
    NoBaseOfBackup,
)
from domain.names import DiskOf, is_of_backup
from domain.opennebula import Disk, Vm
from domain.orders import Place, ReleaseDisk


@pytest.fixture
def backups(bench) -> Backups:
    return rules(bench)


@pytest.fixture
def vm(bench) -> Vm:
    return saved_vm(bench)


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
