"""What every implementation of the Cluster port promises about snapshots (linstor.md 2.11, 2.17)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import (
    ControllerFailed,
    NotInSync,
    NotPossible,
    NotTheNewest,
    SnapshotFailed,
    UnknownGroup,
    UnknownHostNode,
    UnknownSnapshot,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.volumes import Role

FIRST, SECOND = SnapshotName("OpenNebula-Snap-0"), SnapshotName("OpenNebula-Snap-1")
NOWHERE = VolumeName("OpenNebula-Image-404")


def test_a_snapshot_is_complete_on_every_replica(cluster_world: Any) -> None:
    """It tells its size, its hosts and its own marks, not those of the volume."""
    volume = cluster_world.volume(image="7")
    assert cluster_world.cluster.snapshot(volume, FIRST, {"vm": "5"})
    (found,) = cluster_world.cluster.snapshots(volume)
    assert (found.volume, found.name, found.size_kib, found.complete) == (volume, FIRST, 65536, True)
    assert sorted(found.hosts) == sorted(cluster_world.with_role(volume, Role.REPLICA))
    assert dict(found.marks) == {"vm": "5"}
    assert found.created > 1_000_000_000


def test_a_taken_name_of_a_snapshot_is_told(cluster_world: Any) -> None:
    """There is one snapshot of that name, whatever the case of its letters."""
    volume = cluster_world.volume()
    assert cluster_world.cluster.snapshot(volume, FIRST, {})
    assert not cluster_world.cluster.snapshot(volume, FIRST, {})
    assert not cluster_world.cluster.snapshot(volume, SnapshotName(FIRST.lower()), {})
    assert [each.name for each in cluster_world.cluster.snapshots(volume)] == [FIRST]


def test_snapshots_come_in_the_order_they_were_made(cluster_world: Any) -> None:
    """The oldest comes first."""
    volume = cluster_world.volume()
    for name in (SECOND, FIRST):
        cluster_world.cluster.snapshot(volume, name, {})
    assert [each.name for each in cluster_world.cluster.snapshots(volume)] == [SECOND, FIRST]


def test_a_deleted_snapshot_is_gone(cluster_world: Any) -> None:
    """Deleting it again, and one of a volume that is none, is fine."""
    volume = cluster_world.volume()
    cluster_world.cluster.snapshot(volume, FIRST, {})
    for _ in range(2):
        cluster_world.cluster.delete_snapshot(volume, FIRST)
        assert cluster_world.cluster.snapshots(volume) == ()
    cluster_world.cluster.delete_snapshot(NOWHERE, FIRST)


def test_a_pool_without_snapshots_says_so(cluster_simulated: Any) -> None:
    """Thick LVM has none (994), and nothing is left under the name."""
    volume = cluster_simulated.volume("thick")
    with pytest.raises(NotPossible):
        cluster_simulated.cluster.snapshot(volume, FIRST, {})
    assert cluster_simulated.cluster.snapshots(volume) == ()


def test_a_snapshot_that_breaks_stays_under_its_name(cluster_simulated: Any) -> None:
    """It is not complete; once it is deleted the name works again."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.failing(host, "lvcreate"), pytest.raises(SnapshotFailed):
        cluster_simulated.cluster.snapshot(volume, FIRST, {})
    (found,) = cluster_simulated.cluster.snapshots(volume)
    assert not found.complete
    assert not cluster_simulated.cluster.snapshot(volume, FIRST, {})
    cluster_simulated.cluster.delete_snapshot(volume, FIRST)
    assert cluster_simulated.cluster.snapshot(volume, FIRST, {})


def test_a_snapshot_leaves_out_hosts_that_are_away(cluster_simulated: Any) -> None:
    """It is complete on those that are there."""
    volume = cluster_simulated.volume()
    away, there = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.away(away):
        assert cluster_simulated.cluster.snapshot(volume, FIRST, {})
        (found,) = cluster_simulated.cluster.snapshots(volume)
    assert (found.hosts, found.complete) == ((there,), True)


def test_no_snapshot_without_a_replica_that_is_there(cluster_simulated: Any) -> None:
    """Nothing can be taken, nothing is left."""
    volume = cluster_simulated.volume("one")
    (host,) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.away(host), pytest.raises(NotInSync):
        cluster_simulated.cluster.snapshot(volume, FIRST, {})
    assert cluster_simulated.cluster.snapshots(volume) == ()


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_rolling_back_brings_the_old_data(cluster_simulated: Any, name: SnapshotName) -> None:
    """To the newest snapshot as to an older one; all snapshots stay."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    for each in (FIRST, SECOND):
        cluster_simulated.write(volume, host, each.encode())
        cluster_simulated.cluster.snapshot(volume, each, {})
    cluster_simulated.write(volume, host, b"x" * len(name))
    assert cluster_simulated.cluster.goes_back_to_any()
    cluster_simulated.cluster.roll_back(volume, name)
    assert cluster_simulated.read(volume, host, len(name)) == name.encode()
    assert [each.name for each in cluster_simulated.cluster.snapshots(volume)] == [FIRST, SECOND]
    assert len([each for each in cluster_simulated.seen(volume).values() if each.good_replica]) == 2


def test_a_snapshot_tells_the_marks_that_its_volume_had(cluster_simulated: Any) -> None:
    """They are apart from its own, and later ones are not among them."""
    volume = cluster_simulated.volume(vm="7")
    cluster_simulated.cluster.snapshot(volume, FIRST, {"asked": "1"})
    cluster_simulated.cluster.mark(volume, {"later": "1"})
    (found,) = cluster_simulated.cluster.snapshots(volume)
    assert (dict(found.marks), dict(found.volume_marks or {})) == ({"asked": "1"}, {"vm": "7"})


def test_rolling_back_to_what_is_not_there(cluster_world: Any) -> None:
    """The snapshot is named as the one that is missing."""
    volume = cluster_world.volume()
    with pytest.raises(UnknownSnapshot):
        cluster_world.cluster.roll_back(volume, FIRST)


def test_an_old_server_rolls_back_to_the_newest_only(cluster_simulated: Any) -> None:
    """Up to LINSTOR 1.30 an older snapshot is refused (514), and it is told as that."""
    cluster_simulated.model.rest_api_version = "1.24.0"
    volume = cluster_simulated.volume()
    for name in (FIRST, SECOND):
        cluster_simulated.cluster.snapshot(volume, name, {})
    assert not cluster_simulated.cluster.goes_back_to_any()
    with pytest.raises(NotTheNewest):
        cluster_simulated.cluster.roll_back(volume, FIRST)
    cluster_simulated.cluster.roll_back(volume, SECOND)


def test_a_half_written_volume_says_so_wherever_it_is(cluster_simulated: Any) -> None:
    """One marked replica is enough, and it is whole again when all say so."""
    volume = cluster_simulated.volume()
    one, other = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.cluster.attach(volume, cluster_simulated.free_host(volume))
    cluster_simulated.cluster.mark_half_written(volume, [one, other], half=True)
    cluster_simulated.cluster.mark_half_written(volume, [one], half=False)
    assert [each.half_written for each in cluster_simulated.seen(volume).values()] == [True] * 3
    cluster_simulated.cluster.mark_half_written(volume, [one, other], half=False)
    assert [each.half_written for each in cluster_simulated.seen(volume).values()] == [False] * 3


def test_what_is_not_there_cannot_be_marked_as_half_written(cluster_world: Any) -> None:
    """The volume is named, and so is a host that LINSTOR does not know."""
    volume = cluster_world.volume()
    with pytest.raises(UnknownHostNode):
        cluster_world.cluster.mark_half_written(volume, [HostName("nobody")], half=True)
    with pytest.raises(UnknownVolume):
        cluster_world.cluster.mark_half_written(VolumeName("Nothing"), [cluster_world.hosts[0]], half=True)


def test_a_volume_in_use_is_not_rolled_back(cluster_simulated: Any) -> None:
    """A guest must not see its disk change (defect 44)."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.cluster.snapshot(volume, FIRST, {})
    with cluster_simulated.writing(volume, host), pytest.raises(VolumeInUse):
        cluster_simulated.cluster.roll_back(volume, FIRST)


def test_no_rolling_back_while_a_host_is_away(cluster_simulated: Any) -> None:
    """Every satellite of the volume has to take part (995) (defect 44)."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.cluster.snapshot(volume, FIRST, {})
    with cluster_simulated.away(host), pytest.raises(NotInSync):
        cluster_simulated.cluster.roll_back(volume, FIRST)


def test_a_restored_volume_is_a_volume_of_its_own(cluster_world: Any) -> None:
    """It has the marks and the group given, and one writer, whatever the source had at the time."""
    source, target = cluster_world.volume(image="7"), cluster_world.name()
    cluster_world.cluster.allow_two_writers(source, None)
    cluster_world.cluster.snapshot(source, FIRST, {"vm": "5"})
    cluster_world.cluster.forbid_two_writers(source, None)
    assert cluster_world.cluster.restore(source, FIRST, target, None, {"image": "8"})
    found = cluster_world.definition(target)
    assert (dict(found.marks), found.two_writers, found.size_kib) == ({"image": "8"}, False, 65536)
    assert found.group == cluster_world.two
    assert any(each.good_replica for each in cluster_world.seen(target).values())


def test_a_restored_volume_has_the_data_of_the_snapshot(cluster_simulated: Any) -> None:
    """Not what was written since."""
    source, target = cluster_simulated.volume(), cluster_simulated.name()
    (host, *_) = cluster_simulated.with_role(source, Role.REPLICA)
    cluster_simulated.write(source, host, b"before")
    cluster_simulated.cluster.snapshot(source, FIRST, {})
    cluster_simulated.write(source, host, b"after!")
    cluster_simulated.cluster.restore(source, FIRST, target, GroupName("two"), {})
    (there, *_) = cluster_simulated.with_role(target, Role.REPLICA)
    assert cluster_simulated.read(target, there, 6) == b"before"


def test_restoring_over_a_taken_name_changes_nothing(cluster_world: Any) -> None:
    """The volume that has the name is not ours to touch."""
    source, taken = cluster_world.volume(), cluster_world.volume(image="8")
    cluster_world.cluster.snapshot(source, FIRST, {})
    assert not cluster_world.cluster.restore(source, FIRST, taken, None, {"image": "9"})
    assert dict(cluster_world.definition(taken).marks) == {"image": "8"}


def test_restoring_what_is_not_there_leaves_nothing(cluster_world: Any) -> None:
    """Neither for a missing snapshot, nor a missing volume, nor a missing group."""
    source, target = cluster_world.volume(), cluster_world.name()
    with pytest.raises(UnknownSnapshot):
        cluster_world.cluster.restore(source, FIRST, target, None, {})
    with pytest.raises(UnknownSnapshot):
        cluster_world.cluster.restore(NOWHERE, FIRST, target, cluster_world.two, {})
    cluster_world.cluster.snapshot(source, FIRST, {})
    with pytest.raises(UnknownGroup):
        cluster_world.cluster.restore(source, FIRST, target, GroupName("no-such-group"), {})
    assert cluster_world.cluster.definitions([target]) == {}


def test_restoring_a_broken_snapshot_leaves_nothing(cluster_simulated: Any) -> None:
    """LINSTOR refuses it late, and the half-made volume is removed."""
    source, target = cluster_simulated.volume(), cluster_simulated.name()
    (host, *_) = cluster_simulated.with_role(source, Role.REPLICA)
    with cluster_simulated.failing(host, "lvcreate"), pytest.raises(SnapshotFailed):
        cluster_simulated.cluster.snapshot(source, FIRST, {})
    with pytest.raises(ControllerFailed):
        cluster_simulated.cluster.restore(source, FIRST, target, None, {})
    assert cluster_simulated.cluster.definitions([target]) == {}
