"""What every implementation of the Cluster port promises about volumes (linstor.md 2.3, 2.4, 2.10, 2.12, 2.17)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import (
    ControllerFailed,
    HasSnapshots,
    NoPlacement,
    NotInSync,
    NotPossible,
    UnknownGroup,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import GroupName, SnapshotName, VolumeName
from domain.volumes import CopyState, DiskState, Role

SNAP = SnapshotName("OpenNebula-Snap-0")
NOWHERE = VolumeName("OpenNebula-Image-404")
TOO_LARGE = 1024**3


def test_a_new_volume_is_complete(cluster_world: Any) -> None:
    """After `create` every replica is good, reads as zeros on thin pools, and the marks are there."""
    volume = cluster_world.volume(image="7")
    found = cluster_world.definition(volume)
    assert (found.size_kib, found.group, dict(found.marks)) == (65536, cluster_world.two, {"image": "7"})
    assert found.replicated
    assert not (found.two_writers or found.deleting or found.copying or found.failed or found.resizing)
    replicas = [each for each in cluster_world.seen(volume).values() if each.role is Role.REPLICA]
    assert len(replicas) == 2
    assert all(each.good_replica and each.usable and each.connected and each.zeroed for each in replicas)
    assert all(each.size_kib >= 65536 and each.in_use is False for each in replicas)


def test_every_device_has_udevs_name_beside_it(cluster_world: Any) -> None:
    """A volume with DRBD has one device path on all hosts, and an alias that never means another volume."""
    volume = cluster_world.volume()
    seen = cluster_world.seen(volume).values()
    assert len({each.device for each in seen}) == 1
    assert {each.alias for each in seen} == {f"/dev/drbd/by-res/{volume}/0"}


def test_a_taken_name_is_told_and_nothing_changes(cluster_world: Any) -> None:
    """The volume of that name keeps size and marks; letters of another case do not make another name."""
    volume = cluster_world.volume(image="7")
    other_case = VolumeName(volume.upper())
    for name in (volume, other_case):
        assert not cluster_world.cluster.create(name, 131072, cluster_world.two, {"image": "8"})
    found = cluster_world.definition(volume)
    assert (found.size_kib, dict(found.marks)) == (65536, {"image": "7"})
    assert cluster_world.cluster.definitions([other_case])[other_case].name == other_case
    assert len(cluster_world.cluster.deployments([other_case])[other_case]) >= 2


def test_an_unknown_group_makes_nothing(cluster_world: Any) -> None:
    """The error names the group, and the name stays free."""
    name = cluster_world.name()
    with pytest.raises(UnknownGroup, match="no-such-group"):
        cluster_world.cluster.create(name, 65536, GroupName("no-such-group"), {})
    assert cluster_world.cluster.definitions([name]) == {}


def test_a_volume_that_fits_nowhere_leaves_nothing(cluster_world: Any) -> None:
    """Too little space is no placement, and the name stays free (defect 29)."""
    name = cluster_world.name()
    with pytest.raises(NoPlacement):
        cluster_world.cluster.create(name, TOO_LARGE * 1024, cluster_world.two, {})
    assert cluster_world.cluster.definitions([name]) == {}


def test_more_replicas_than_hosts_is_no_placement(cluster_simulated: Any) -> None:
    """Nodes can be what is missing, too (defect 29)."""
    with pytest.raises(NoPlacement):
        cluster_simulated.cluster.create(cluster_simulated.name(), 65536, GroupName("four"), {})


def test_a_creation_that_breaks_on_a_host_leaves_nothing(cluster_simulated: Any) -> None:
    """What the other hosts had made already is removed, so that the name can be used again."""
    name = cluster_simulated.name()
    with (
        cluster_simulated.failing("host-a", "lvcreate"),
        cluster_simulated.failing("host-b", "lvcreate"),
        pytest.raises(ControllerFailed),
    ):
        cluster_simulated.cluster.create(name, 65536, GroupName("three"), {})
    found = cluster_simulated.cluster.definitions([name])
    assert name not in found or found[name].deleting


def test_a_volume_without_drbd_is_local(cluster_simulated: Any) -> None:
    """It is one good replica without peers, and nobody knows whether it is in use."""
    volume = cluster_simulated.volume("local")
    assert not cluster_simulated.definition(volume).replicated
    (here,) = cluster_simulated.seen(volume).values()
    assert here.good_replica
    assert not here.replicated
    assert (here.state, here.in_use, here.alias) == (DiskState.UP_TO_DATE, None, None)


def test_thick_replicas_do_not_read_as_zeros(cluster_simulated: Any) -> None:
    """Old data of deleted volumes shows through on LVM."""
    volume = cluster_simulated.volume("thick")
    assert not any(each.zeroed for each in cluster_simulated.seen(volume).values())


def test_what_does_not_exist_is_left_out(cluster_world: Any) -> None:
    """Definitions leave it out, deployments and snapshots are empty."""
    volume = cluster_world.volume()
    assert cluster_world.cluster.definitions([volume, NOWHERE]).keys() == {volume}
    assert cluster_world.cluster.deployments([volume, NOWHERE])[NOWHERE] == ()
    assert cluster_world.cluster.snapshots(NOWHERE) == ()


def test_marks_are_written_removed_and_found(cluster_world: Any) -> None:
    """A change of marks makes every host adjust; every one of the marks asked for must be there."""
    volume, other = cluster_world.volume(vm="990001", disk="0"), cluster_world.volume(vm="990001", disk="1")
    assert cluster_world.cluster.mark(volume, {"state": "creating", "disk": "2"}, ["vm"])
    assert dict(cluster_world.definition(volume).marks) == {"state": "creating", "disk": "2"}
    found = cluster_world.cluster.definitions_marked({"vm": "990001", "disk": "1"})
    assert [each.name for each in found] == [other]
    assert not cluster_world.cluster.definitions_marked({"vm": "990001", "disk": "9"})


def test_marks_keep_any_text(cluster_world: Any) -> None:
    """Arrows, blanks and letters of every alphabet come back as they were written."""
    text = 'host-a>host-b "x=y" é 漢'
    volume = cluster_world.volume()
    cluster_world.cluster.mark(volume, {"migration": text})
    assert cluster_world.definition(volume).marks["migration"] == text
    assert [each.name for each in cluster_world.cluster.definitions_marked({"migration": text})] == [volume]


def test_marking_nothing_is_done_at_once(cluster_world: Any) -> None:
    """No host is bothered."""
    assert not cluster_world.cluster.mark(cluster_world.volume(), {})


def test_a_volume_grows_once(cluster_world: Any) -> None:
    """The same size again is told apart: LINSTOR then drives nothing on (linstor.md 2.17 no. 2) (defect 50)."""
    volume = cluster_world.volume()
    assert cluster_world.cluster.grow(volume, 131072)
    assert not cluster_world.cluster.grow(volume, 131072)
    assert cluster_world.definition(volume).size_kib == 131072
    assert all(each.size_kib >= 131072 for each in cluster_world.seen(volume).values() if each.role is Role.REPLICA)


def test_a_volume_does_not_grow_while_a_host_is_away(cluster_simulated: Any) -> None:
    """Every replica has to follow (974); the size on record stays."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.away(host), pytest.raises(NotInSync):
        cluster_simulated.cluster.grow(volume, 131072)
    assert cluster_simulated.definition(volume).size_kib == 65536


def test_a_full_thick_pool_does_not_grow(cluster_simulated: Any) -> None:
    """Space is told as space (980)."""
    volume = cluster_simulated.volume("thick")
    with pytest.raises(NoPlacement):
        cluster_simulated.cluster.grow(volume, 3 * 1024 * 1024)


def test_a_growth_that_breaks_is_seen_in_the_definition(cluster_simulated: Any) -> None:
    """The new size is on record, `resizing` tells that it is not carried out, and the same size is not tried again."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.failing(host, "lvresize"), pytest.raises(ControllerFailed):
        cluster_simulated.cluster.grow(volume, 131072)
    found = cluster_simulated.definition(volume)
    assert (found.size_kib, found.resizing) == (131072, True)
    assert not cluster_simulated.cluster.grow(volume, 131072)


def test_a_copy_carries_its_own_marks_and_one_writer(cluster_world: Any) -> None:
    """Marks of the source, and its permission of two writers, stay with the source (defect 48)."""
    source, target = cluster_world.volume(image="7", state="creating"), cluster_world.name()
    cluster_world.cluster.allow_two_writers(source, None)
    assert cluster_world.cluster.copy(source, target, cluster_world.two, {"vm": "5"})
    assert cluster_world.copied(source, target) is CopyState.COMPLETE
    found = cluster_world.definition(target)
    assert (dict(found.marks), found.two_writers, found.size_kib) == ({"vm": "5"}, False, 65536)
    assert cluster_world.definition(source).two_writers
    assert len([each for each in cluster_world.seen(target).values() if each.good_replica]) == 2


def test_a_copy_has_the_data_of_its_source(cluster_simulated: Any) -> None:
    """And is independent of it from then on (defect 47)."""
    source, target = cluster_simulated.volume(), cluster_simulated.name()
    (host, *_) = cluster_simulated.with_role(source, Role.REPLICA)
    cluster_simulated.write(source, host, b"before")
    cluster_simulated.cluster.copy(source, target, None, {})
    assert cluster_simulated.copied(source, target) is CopyState.COMPLETE
    cluster_simulated.write(source, host, b"after!")
    assert cluster_simulated.read(target, host, 6) == b"before"


def test_a_copy_can_live_in_another_group(cluster_simulated: Any) -> None:
    """The group of the datastore, not that of the source; without one it is the source's (defect 48)."""
    source, moved, same = cluster_simulated.volume("two"), cluster_simulated.name(), cluster_simulated.name()
    cluster_simulated.cluster.copy(source, moved, GroupName("one"), {})
    cluster_simulated.cluster.copy(source, same, None, {})
    assert cluster_simulated.definition(moved).group == "one"
    assert cluster_simulated.definition(same).group == "two"


def test_a_copy_over_a_taken_name_changes_nothing(cluster_world: Any) -> None:
    """The volume that has the name keeps its marks."""
    source, taken = cluster_world.volume(image="7"), cluster_world.volume(image="8")
    assert not cluster_world.cluster.copy(source, taken, None, {"vm": "5"})
    assert dict(cluster_world.definition(taken).marks) == {"image": "8"}


def test_a_copy_of_nothing(cluster_world: Any) -> None:
    """A missing source, and a missing group, leave no target."""
    target = cluster_world.name()
    with pytest.raises(UnknownVolume):
        cluster_world.cluster.copy(NOWHERE, target, None, {})
    with pytest.raises(UnknownGroup):
        cluster_world.cluster.copy(cluster_world.volume(), target, GroupName("no-such-group"), {})
    assert cluster_world.cluster.definitions([target]) == {}
    assert cluster_world.cluster.copy_state(NOWHERE, target) is CopyState.GONE


def test_a_pool_that_cannot_copy_says_so(cluster_simulated: Any) -> None:
    """FILE_THIN has no clones (227)."""
    with pytest.raises(NotPossible):
        cluster_simulated.cluster.copy(cluster_simulated.volume("file"), cluster_simulated.name(), None, {})


def test_no_copy_while_a_replica_is_away(cluster_simulated: Any) -> None:
    """LINSTOR copies on every host of the source (996)."""
    source, target = cluster_simulated.volume(), cluster_simulated.name()
    (host, *_) = cluster_simulated.with_role(source, Role.REPLICA)
    with cluster_simulated.away(host), pytest.raises(NoPlacement):
        cluster_simulated.cluster.copy(source, target, None, {})
    assert cluster_simulated.cluster.definitions([target]) == {}


def test_a_copy_that_breaks_is_told_by_its_state(cluster_simulated: Any) -> None:
    """LINSTOR answers as if all were well; the name stays taken until the remains are deleted (2.17 no. 3)."""
    source, target = cluster_simulated.volume(), cluster_simulated.name()
    (host, *_) = cluster_simulated.with_role(source, Role.REPLICA)
    with cluster_simulated.failing(host, "lvcreate"):
        assert cluster_simulated.cluster.copy(source, target, None, {})
        assert cluster_simulated.copied(source, target) is CopyState.FAILED
    assert cluster_simulated.definition(target).failed
    assert not cluster_simulated.cluster.copy(source, target, None, {})
    cluster_simulated.cluster.delete(target)
    assert cluster_simulated.cluster.copy(source, target, None, {})


def test_a_deleted_volume_is_gone(cluster_world: Any) -> None:
    """Deleting it again is fine."""
    volume = cluster_world.volume()
    cluster_world.cluster.delete(volume)
    assert cluster_world.cluster.definitions([volume]) == {}
    assert cluster_world.cluster.deployments([volume])[volume] == ()
    cluster_world.cluster.delete(volume)


def test_a_volume_in_use_is_not_deleted(cluster_simulated: Any) -> None:
    """Nothing of it is."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.writing(volume, host):
        assert cluster_simulated.seen(volume)[host].in_use
        with pytest.raises(VolumeInUse):
            cluster_simulated.cluster.delete(volume)
    assert not cluster_simulated.definition(volume).deleting


def test_a_volume_with_snapshots_is_not_deleted(cluster_world: Any) -> None:
    """They have to go first."""
    volume = cluster_world.volume()
    cluster_world.cluster.snapshot(volume, SNAP, {})
    with pytest.raises(HasSnapshots):
        cluster_world.cluster.delete(volume)
    cluster_world.cluster.delete_snapshot(volume, SNAP)
    cluster_world.cluster.delete(volume)
    assert cluster_world.cluster.definitions([volume]) == {}


def test_a_deletion_waits_for_a_host_that_is_away(cluster_simulated: Any) -> None:
    """It is accepted, the name stays taken until that host is back, and deleting again is fine (defect 25)."""
    volume = cluster_simulated.volume()
    (host, *_) = cluster_simulated.with_role(volume, Role.REPLICA)
    with cluster_simulated.away(host):
        cluster_simulated.cluster.delete(volume)
        assert cluster_simulated.definition(volume).deleting
        assert not cluster_simulated.cluster.create(volume, 65536, GroupName("two"), {})
        cluster_simulated.cluster.delete(volume)


def test_placing_what_is_placed_is_done(cluster_world: Any) -> None:
    """Enough replicas are enough."""
    volume = cluster_world.volume()
    before = cluster_world.with_role(volume, Role.REPLICA)
    cluster_world.cluster.place(volume)
    assert sorted(cluster_world.with_role(volume, Role.REPLICA)) == sorted(before)


def test_placing_brings_a_copy_to_its_groups_replicas(cluster_simulated: Any) -> None:
    """A copy takes its source's placement, whatever its group asks for (linstor.md 2.12)."""
    source, target = cluster_simulated.volume("one"), cluster_simulated.name()
    cluster_simulated.cluster.copy(source, target, GroupName("two"), {})
    assert cluster_simulated.copied(source, target) is CopyState.COMPLETE
    assert len(cluster_simulated.with_role(target, Role.REPLICA)) == 1
    cluster_simulated.cluster.place(target)
    assert len(cluster_simulated.with_role(target, Role.REPLICA)) == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda cluster: cluster.grow(NOWHERE, 131072),
        lambda cluster: cluster.mark(NOWHERE, {"vm": "1"}),
        lambda cluster: cluster.snapshot(NOWHERE, SNAP, {}),
    ],
    ids=["grow", "mark", "snapshot"],
)
def test_a_volume_that_does_not_exist_is_named(cluster_world: Any, call: Any) -> None:
    """The error is about the volume, not about LINSTOR."""
    with pytest.raises(UnknownVolume, match=NOWHERE):
        call(cluster_world.cluster)


def test_the_space_of_a_group(cluster_world: Any) -> None:
    """Free is never more than total; a group that is missing is an error, not an empty datastore."""
    found = cluster_world.cluster.capacity(cluster_world.two)
    assert 0 < found.free_kib <= found.total_kib
    assert found.largest_volume_kib > 0
    with pytest.raises(UnknownGroup, match="no-such-group"):
        cluster_world.cluster.capacity(GroupName("no-such-group"))


def test_a_group_that_no_hosts_can_serve_has_no_known_space(cluster_simulated: Any) -> None:
    """Zero would tell OpenNebula that the datastore is full."""
    with pytest.raises(ControllerFailed):
        cluster_simulated.cluster.capacity(GroupName("four"))
