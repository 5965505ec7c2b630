"""Reverting to a snapshot changes the data and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import ControllerFailed, SnapshotFailed, UnknownSnapshot, VolumeInUse
from domain.names import SnapshotName, VolumeName
from domain.snapshots import usable
from domain.volumes import Role, Snapshot

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
SMALL, LARGE = 65536, 131072
END = SMALL * 1024


def test_a_disk_that_grew_keeps_its_size(bench) -> None:
    """Beyond the snapshot it reads as zeros."""
    bench.volume(DISK, vm="7")
    bench.write(DISK, b"before")
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.sizes.ensure(bench.storage, DISK, LARGE)
    here = bench.replica(DISK)
    bench.devices.write(here.host, str(here.device), END, b"later")
    bench.write(DISK, b"after.")

    bench.reverting.revert(bench.storage, DISK, 0)

    found = bench.cluster.definitions([DISK])[DISK]
    here = bench.replica(DISK)
    assert (found.size_kib, dict(found.marks)) == (LARGE, {"vm": "7"})
    assert bench.read(DISK, 6) == b"before"
    assert bench.devices.read(here.host, str(here.device), END, 5) == bytes(5)


def test_marks_that_changed_since_stay_as_they_are(bench) -> None:
    """What was written and what was settled after the snapshot, so that no used name and no paid debt comes back."""
    bench.volume(DISK, vm="7", **{"debt-host-b": "/old"})
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.cluster.mark(DISK, {"snapshot-1": "1"}, ["debt-host-b"])

    bench.reverting.revert(bench.storage, DISK, 0)

    assert dict(bench.cluster.definitions([DISK])[DISK].marks) == {"vm": "7", "snapshot-1": "1"}


def test_marks_stay_where_the_server_does_not_tell_the_old_ones(bench, monkeypatch) -> None:
    """Before REST 1.24 a snapshot does not show what its volume had, so all of them are written again."""
    bench.volume(DISK, vm="7")
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.cluster.mark(DISK, {"snapshot-1": "1"})
    told = bench.cluster.snapshots
    monkeypatch.setattr(
        bench.cluster, "snapshots", lambda volume: tuple(replace(each, volume_marks=None) for each in told(volume))
    )

    bench.reverting.revert(bench.storage, DISK, 0)

    assert dict(bench.cluster.definitions([DISK])[DISK].marks) == {"vm": "7", "snapshot-1": "1"}


def test_a_disk_in_use_is_not_set_back(bench) -> None:
    """LINSTOR judges that in the same request, so no guest can open the disk in between."""
    bench.volume(DISK, vm="7")
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    here = bench.replica(DISK)
    guest = bench.model.devices.open(here.host, DISK, write=True)
    guest.write_at(0, b"today")

    with pytest.raises(VolumeInUse):
        bench.reverting.revert(bench.storage, DISK, 0)

    assert guest.read(0, 5) == b"today"


def test_why_a_snapshot_failed_is_told_also_where_nothing_can_be_removed(bench) -> None:
    """What stays of it is replaced by the next try."""
    bench.volume(DISK, vm="7")
    node = bench.replica(DISK).host
    for command in ("lvcreate.*--snapshot", "drbdadm .*adjust"):
        bench.model.events.fail(node, command)

    with pytest.raises(SnapshotFailed):
        bench.snapshots.take(bench.storage, DISK, 0, "1")

    bench.model.events.heal(node)
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    assert bench.snapshots.find(bench.storage, DISK, 0).complete


def _names(bench) -> list[str]:
    return sorted(each.name for each in bench.cluster.snapshots(DISK))


def test_a_snapshot_that_was_asked_for_again_is_kept(bench) -> None:
    """Its data is of the moment of the request, and the guest has written since."""
    bench.volume(DISK, vm="7")
    for asked in ("1", "1"):
        bench.snapshots.take(bench.storage, DISK, 0, asked)
    assert _names(bench) == ["OpenNebula-Snap-0"]


def test_a_snapshot_of_another_request_is_replaced_under_a_new_name(bench) -> None:
    """Also where nothing tells requests apart."""
    bench.volume(DISK, vm="7")
    for asked in ("1", "2", "", ""):
        bench.snapshots.take(bench.storage, DISK, 0, asked)
    assert _names(bench) == ["OpenNebula-Snap-0-3"]


def test_a_name_is_used_up_by_a_deletion_and_by_no_more(bench) -> None:
    """Uses are counted one by one."""
    bench.volume(DISK, vm="7")
    for _ in range(2):
        bench.snapshots.take(bench.storage, DISK, 0, "1")
        bench.snapshots.delete(bench.storage, DISK, 0)
    assert dict(bench.cluster.definitions([DISK])[DISK].marks)["snapshot-0"] == "2"


def test_only_younger_snapshots_are_deleted(bench) -> None:
    """The one itself, older ones and those of other makers stay."""
    bench.volume(DISK, vm="7")
    bench.cluster.snapshot(DISK, SnapshotName("backup"), {})
    for number in range(3):
        bench.snapshots.take(bench.storage, DISK, number, "1")
    bench.snapshots.delete_younger(bench.storage, DISK, 1)
    assert _names(bench) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1", "backup"]


def test_driving_on_a_growth_never_asks_for_less(bench, monkeypatch) -> None:
    """What oned wants may be smaller than what an earlier order had begun to make."""
    bench.volume(DISK, vm="7")
    host = bench.replica(DISK).host
    bench.model.events.fail(host, "lvresize")
    with pytest.raises(ControllerFailed):
        bench.sizes.ensure(bench.storage, DISK, LARGE)
    bench.model.events.heal(host)
    grow, asked = bench.cluster.grow, []
    monkeypatch.setattr(bench.cluster, "grow", lambda volume, size: asked.append(size) or grow(volume, size))
    bench.sizes.ensure(bench.storage, DISK, SMALL)
    assert asked
    assert min(asked) >= LARGE


def test_a_snapshot_that_is_not_complete_is_none() -> None:
    """Also where it has the younger name."""
    whole, half = (Snapshot(DISK, SnapshotName(f"OpenNebula-Snap-0{end}"), (), SMALL, not end) for end in ("", "-1"))
    assert usable(DISK, [whole, half], 0) is whole
    with pytest.raises(UnknownSnapshot):
        usable(DISK, [half], 0)


def test_a_flatten_drops_the_snapshot_that_it_goes_back_to_last(bench, monkeypatch) -> None:
    """One that breaks between two of them can be repeated, and begins with that one again."""
    bench.volume(DISK, vm="7")
    for number in range(3):
        bench.write(DISK, b"state %d" % number)
        bench.snapshots.take(bench.storage, DISK, number, "1")
    deleted: list[SnapshotName] = []
    delete = bench.cluster.delete_snapshot

    def breaks(volume: VolumeName, name: SnapshotName) -> None:
        if deleted:
            raise ControllerFailed("delete a snapshot", "a satellite failed")
        deleted.append(name)
        delete(volume, name)

    with monkeypatch.context() as broken:
        broken.setattr(bench.cluster, "delete_snapshot", breaks)
        with pytest.raises(ControllerFailed):
            bench.reverting.flatten(bench.storage, DISK, 0)
    bench.reverting.flatten(bench.storage, DISK, 0)

    assert deleted == ["OpenNebula-Snap-1"]
    assert (bench.read(DISK, 7), _names(bench)) == (b"state 0", [])


@pytest.mark.parametrize("at_home", [True, False])
def test_a_vm_that_is_off_keeps_its_disk_where_it_is(bench, at_home: bool) -> None:
    """A rollback leaves attachments that nobody uses; that of the VM's host is wanted."""
    bench.volume(DISK, vm="7")
    away = bench.stranger(DISK)
    bench.cluster.attach(DISK, away)
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    found, snapshot = bench.cluster.definitions([DISK])[DISK], bench.snapshots.find(bench.storage, DISK, 0)

    bench.rolling_back.go_back(bench.storage, found, snapshot, away if at_home else bench.replica(DISK).host)

    roles = {each.host: each.role for each in bench.cluster.deployments([DISK])[DISK]}
    assert (roles.get(away) is Role.ATTACHMENT) is at_home
