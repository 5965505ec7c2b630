"""What only real servers showed, met by the rules (docs/facts.md)."""

from __future__ import annotations

import pytest

from domain.errors import BeingDeleted, ControllerFailed, NotAttached, NotInSync, NoUsableReplica, SnapshotFailed
from domain.names import VolumeName
from domain.undoing import undoing
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
COPY = VolumeName("OpenNebula-Image-4-vm8-disk0")
SMALL, LARGE = 65536, 131072


@pytest.fixture
def disk(bench):
    """A disk with two replicas."""
    bench.volume(DISK, vm="7")
    bench.write(DISK, b"data")
    return bench


@pytest.fixture
def cut(disk):
    """The data network of one of its hosts is cut; LINSTOR calls every node online and every volume up to date."""
    disk.model.events.cut_network(disk.replica(DISK).host)
    assert all(each.good_replica for each in disk.cluster.deployments([DISK])[DISK] if each.role is Role.REPLICA)
    return disk


def test_no_snapshot_of_a_disk_whose_network_is_cut(cut) -> None:
    """LINSTOR would take one, and nothing would make its halves equal (2.18)."""
    with pytest.raises(NotInSync):
        cut.snapshots.take(cut.storage, DISK, 0, "1")
    assert cut.cluster.snapshots(DISK) == ()


def test_no_copy_of_a_disk_whose_network_is_cut(cut) -> None:
    """The two sides may differ already (2.18)."""
    with pytest.raises(NotInSync), undoing() as undo:
        cut.lifetime.copy(cut.storage, DISK, COPY, {"vm": "8"}, undo)
    assert cut.cluster.definitions([COPY]) == {}


def test_no_growth_of_a_disk_whose_network_is_cut(cut) -> None:
    """LINSTOR would grow the backing volumes and then fail (2.18)."""
    with pytest.raises(NotInSync):
        cut.sizes.ensure(cut.storage, DISK, LARGE)
    assert cut.cluster.definitions([DISK])[DISK].size_kib == SMALL


def test_a_growth_that_broke_is_driven_on(disk) -> None:
    """LINSTOR does nothing for the same size again, so a little more is asked for (2.17 no. 2)."""
    host = disk.replica(DISK).host
    disk.model.events.fail(host, "lvresize")
    with pytest.raises(ControllerFailed):
        disk.sizes.ensure(disk.storage, DISK, LARGE)
    disk.model.events.heal(host)

    disk.sizes.ensure(disk.storage, DISK, LARGE)

    found = disk.cluster.definitions([DISK])[DISK]
    assert not found.resizing
    assert found.size_kib > LARGE
    assert disk.read(DISK, 4) == b"data"


def test_already_deployed_is_read_back(disk) -> None:
    """A host whose satellite is away is called deployed, and is not usable (2.17 no. 1)."""
    host = disk.stranger(DISK)
    disk.cluster.attach(DISK, host)
    disk.model.events.satellite_down(host)
    with pytest.raises(NotAttached), undoing() as undo:
        disk.attachment.ensure(disk.storage, DISK, host, undo)


def test_no_empty_disk_takes_the_place_of_lost_replicas(disk) -> None:
    """LINSTOR would make an empty one without a word (2.17 no. 5)."""
    for each in disk.cluster.deployments([DISK])[DISK]:
        if each.role is Role.REPLICA:
            disk.model.events.satellite_down(each.host)
    with pytest.raises(NoUsableReplica), undoing() as undo:
        disk.attachment.ensure(disk.storage, DISK, disk.stranger(DISK), undo)


def test_a_deletion_that_a_host_left_half_done_is_finished(disk) -> None:
    """The same order again is enough once the host is well (2.17 no. 6)."""
    host = disk.replica(DISK).host
    disk.model.events.fail(host, "lvremove")
    with pytest.raises(ControllerFailed):
        disk.lifetime.delete(disk.storage, DISK)
    disk.model.events.heal(host)
    disk.lifetime.delete(disk.storage, DISK)
    assert disk.cluster.definitions([DISK]) == {}


@pytest.mark.parametrize("owner", [DISK, VolumeName("OpenNebula-Image-9")])
def test_what_takes_the_place_of_a_half_deleted_volume_ends_it_first(bench, owner: VolumeName) -> None:
    """LINSTOR does not go on by itself, though every node is online (2.17 no. 6)."""
    marks = {"image": "9"}
    bench.volume(owner, **marks)
    host = bench.replica(owner).host
    bench.model.events.fail(host, "lvremove")
    with pytest.raises(ControllerFailed):
        bench.lifetime.delete(bench.storage, owner)
    bench.model.events.heal(host)
    with undoing() as undo:
        bench.lifetime.create(bench.storage, owner, LARGE, marks, undo)
    assert bench.cluster.definitions([owner])[owner].size_kib == LARGE


def test_a_half_deleted_volume_of_another_image_is_left(bench) -> None:
    """Whoever deletes it may know why."""
    volume = VolumeName("OpenNebula-Image-9")
    bench.volume(volume, image="8")
    bench.model.events.fail(bench.replica(volume).host, "lvremove")
    with pytest.raises(ControllerFailed):
        bench.lifetime.delete(bench.storage, volume)
    bench.model.events.heal(bench.replica(volume).host)
    with undoing() as undo, pytest.raises(BeingDeleted):
        bench.lifetime.create(bench.storage, volume, LARGE, {"image": "9"}, undo)
    assert bench.cluster.definitions([volume])[volume].deleting


def test_a_snapshot_that_is_half_deleted_is_no_snapshot(disk) -> None:
    """It still says SUCCESSFUL; the deletion is finished by the same order again (2.17 no. 6)."""
    disk.snapshots.take(disk.storage, DISK, 0, "1")
    host = disk.replica(DISK).host
    disk.model.events.fail(host, "lvremove")
    with pytest.raises(ControllerFailed):
        disk.snapshots.delete(disk.storage, DISK, 0)
    assert [each.complete for each in disk.cluster.snapshots(DISK)] == [False]
    disk.model.events.heal(host)
    disk.snapshots.delete(disk.storage, DISK, 0)
    assert disk.cluster.snapshots(DISK) == ()


def test_the_name_of_a_deleted_snapshot_is_never_used_again(disk) -> None:
    """It could show old data on a host that was away (2.17 no. 0)."""
    for _ in range(2):
        disk.snapshots.take(disk.storage, DISK, 0, "")
        disk.snapshots.delete(disk.storage, DISK, 0)
    disk.snapshots.take(disk.storage, DISK, 0, "")
    assert [each.name for each in disk.cluster.snapshots(DISK)] == ["OpenNebula-Snap-0-2"]


def test_no_snapshot_without_one_of_its_replicas(disk) -> None:
    """LINSTOR takes a smaller one with a warning alone (2.17 no. 7)."""
    disk.model.events.satellite_down(disk.replica(DISK).host)
    with pytest.raises(NotInSync):
        disk.snapshots.take(disk.storage, DISK, 0, "1")
    assert disk.cluster.snapshots(DISK) == ()


def test_a_roll_back_that_a_host_breaks_keeps_the_snapshot(disk) -> None:
    """LINSTOR deletes its own safety snapshot and may leave an empty replica, so ours must be there (2.17 no. 11)."""
    disk.snapshots.take(disk.storage, DISK, 0, "1")
    host = disk.replica(DISK).host
    disk.model.events.fail(host, "--snapshot --name")
    with pytest.raises(ControllerFailed):
        disk.reverting.revert(disk.storage, DISK, 0)
    assert [(each.name, each.complete) for each in disk.cluster.snapshots(DISK)] == [("OpenNebula-Snap-0", True)]


def test_a_snapshot_that_a_host_breaks_does_not_keep_its_name(disk) -> None:
    """The failed one is removed, under a name that is then used up (2.17 no. 0, 6)."""
    host = disk.replica(DISK).host
    disk.model.events.fail(host, "lvcreate")
    with pytest.raises(SnapshotFailed):
        disk.snapshots.take(disk.storage, DISK, 0, "1")
    disk.model.events.heal(host)
    disk.snapshots.take(disk.storage, DISK, 0, "1")
    assert [each.name for each in disk.cluster.snapshots(DISK)] == ["OpenNebula-Snap-0-1"]


def test_a_disk_that_is_set_back_has_its_witness_again(disk) -> None:
    """LINSTOR brings it back as an attachment, which it would never move (2.18)."""
    witness = disk.stranger(DISK)
    disk.snapshots.take(disk.storage, DISK, 0, "1")
    disk.reverting.revert(disk.storage, DISK, 0)
    found = {each.host: each.role for each in disk.cluster.deployments([DISK])[DISK]}
    assert found[witness] is Role.WITNESS


def test_a_disk_that_does_not_get_whole_after_it_was_set_back_is_told_of(disk, monkeypatch) -> None:
    """With what to wait for, and the limit; the retry finds it whole."""
    disk.snapshots.take(disk.storage, DISK, 0, "1")
    host, roll_back = disk.replica(DISK).host, disk.cluster.roll_back

    def broken(*words: object) -> None:
        roll_back(*words)
        disk.model.events.set_disk_state(host, DISK, "Inconsistent")

    monkeypatch.setattr(disk.cluster, "roll_back", broken)
    with pytest.raises(NotInSync, match=r"waited 300 seconds.*; wait for the synchronisation"):
        disk.reverting.revert(disk.storage, DISK, 0)
    monkeypatch.undo()
    disk.model.events.set_disk_state(host, DISK, "UpToDate")
    disk.reverting.revert(disk.storage, DISK, 0)
    assert disk.read(DISK, 4) == b"data"
