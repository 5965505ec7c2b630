"""What every implementation of the Cluster port promises about volumes on hosts (linstor.md 2.6 to 2.8, 2.17, 2.18)."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import (
    ControllerFailed,
    DeviceHeldOpen,
    NoPlacement,
    StillTwoWriters,
    UnknownHostNode,
    UnknownVolume,
    VolumeInUse,
)
from domain.names import HostName, VolumeName
from domain.volumes import DiskState, Role

NOWHERE = VolumeName("OpenNebula-Image-404")
OUTSIDE = HostName("one-fe")


def test_a_host_without_a_replica_gets_an_attachment(cluster_world: Any) -> None:
    """It is usable over the network; the witness of before may be gone, the replicas are not."""
    volume = cluster_world.volume()
    replicas = cluster_world.with_role(volume, Role.REPLICA)
    host = next(each for each in cluster_world.hosts if each not in replicas)
    cluster_world.cluster.attach(volume, host)
    here = cluster_world.seen(volume)[host]
    assert (here.role, here.state, here.usable) == (Role.ATTACHMENT, DiskState.DISKLESS, True)
    assert cluster_world.with_role(volume, Role.REPLICA) == replicas


def test_attaching_twice_is_once(cluster_world: Any) -> None:
    """So is attaching where a replica is."""
    volume = cluster_world.volume()
    (replica, *_) = cluster_world.with_role(volume, Role.REPLICA)
    other = next(each for each in cluster_world.hosts if each not in cluster_world.with_role(volume, Role.REPLICA))
    for host in (other, other, replica):
        cluster_world.cluster.attach(volume, host)
    assert cluster_world.seen(volume)[other].role is Role.ATTACHMENT
    assert cluster_world.seen(volume)[replica].role is Role.REPLICA


def test_a_witness_becomes_an_attachment(cluster_world: Any) -> None:
    """LINSTOR may move a witness at any time, an attachment it may not."""
    volume = cluster_world.volume()
    (witness,) = cluster_world.with_role(volume, Role.WITNESS)
    assert cluster_world.seen(volume)[witness].usable
    cluster_world.cluster.attach(volume, witness)
    assert cluster_world.seen(volume)[witness].role is Role.ATTACHMENT


def test_a_replica_can_be_asked_for(cluster_simulated: Any) -> None:
    """Beyond what the group wants, where the host has a pool."""
    volume = cluster_simulated.volume("one")
    host = next(each for each in cluster_simulated.hosts if each not in cluster_simulated.seen(volume))
    cluster_simulated.cluster.attach(volume, host, replica=True)
    assert cluster_simulated.seen(volume)[host].role is Role.REPLICA


def test_no_replica_where_no_pool_is(cluster_simulated: Any) -> None:
    """The host stays without (310)."""
    volume = cluster_simulated.volume()
    with pytest.raises(NoPlacement):
        cluster_simulated.cluster.attach(volume, OUTSIDE, replica=True)
    assert OUTSIDE not in cluster_simulated.seen(volume)


def test_attaching_what_does_not_exist(cluster_world: Any) -> None:
    """Neither volume nor host is made up."""
    (host, *_) = cluster_world.hosts
    with pytest.raises(UnknownVolume):
        cluster_world.cluster.attach(NOWHERE, host)
    with pytest.raises(UnknownHostNode, match="no-such-host"):
        cluster_world.cluster.attach(cluster_world.volume(), HostName("no-such-host"))


def test_a_host_by_its_long_name(cluster_world: Any) -> None:
    """OpenNebula may know a host by another form of its name, for every call."""
    volume = cluster_world.volume()
    host = next(each for each in cluster_world.hosts if each not in cluster_world.with_role(volume, Role.REPLICA))
    long = HostName(f"{host}.example.org")
    cluster_world.cluster.attach(volume, long)
    assert cluster_world.seen(volume)[host].role is Role.ATTACHMENT
    cluster_world.cluster.detach(volume, long)
    assert host not in cluster_world.seen(volume) or cluster_world.seen(volume)[host].role is Role.WITNESS


def test_a_host_that_is_away_cannot_be_attached(cluster_simulated: Any) -> None:
    """The error is one of placement: another host may do."""
    volume = cluster_simulated.volume("one")
    with cluster_simulated.away(OUTSIDE), pytest.raises(NoPlacement):
        cluster_simulated.cluster.attach(volume, OUTSIDE)


def test_a_host_that_is_away_is_not_usable_whatever_attach_says(cluster_simulated: Any) -> None:
    """LINSTOR calls it deployed already; only what is read back counts (linstor.md 2.17 no. 1)."""
    volume = cluster_simulated.volume()
    cluster_simulated.cluster.attach(volume, OUTSIDE)
    with cluster_simulated.away(OUTSIDE):
        cluster_simulated.cluster.attach(volume, OUTSIDE)
        here = cluster_simulated.seen(volume)[OUTSIDE]
        assert (here.reachable, here.usable, here.in_use) == (False, False, None)


def test_a_host_that_is_cut_off_is_not_connected(cluster_simulated: Any) -> None:
    """Its data may fall behind though LINSTOR calls it up to date (linstor.md 2.18)."""
    volume = cluster_simulated.volume()
    (cut, other) = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.model.events.cut_network(cut)
    seen = cluster_simulated.seen(volume)
    assert (seen[cut].connected, seen[other].connected, seen[cut].state) == (False, False, DiskState.UP_TO_DATE)
    cluster_simulated.model.events.heal_network(cut)
    assert all(each.connected for each in cluster_simulated.seen(volume).values())


def test_a_witness_that_is_cut_off_takes_nothing_from_the_replicas(cluster_simulated: Any) -> None:
    """They are in step with each other, and that is what counts."""
    volume = cluster_simulated.volume()
    (witness,) = cluster_simulated.with_role(volume, Role.WITNESS)
    replicas = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.model.events.cut_network(witness)
    seen = cluster_simulated.seen(volume)
    assert [seen[each].connected for each in (*replicas, witness)] == [True, True, False]


@pytest.mark.parametrize(
    ("told", "state"),
    [("Inconsistent", DiskState.BEHIND), ("Outdated", DiskState.BEHIND), ("Failed", DiskState.FAILED)],
)
def test_a_replica_that_is_behind_is_no_good_one(cluster_simulated: Any, told: str, state: DiskState) -> None:
    """The other one is."""
    volume = cluster_simulated.volume()
    (behind, other) = cluster_simulated.with_role(volume, Role.REPLICA)
    cluster_simulated.model.events.set_disk_state(behind, volume, told)
    seen = cluster_simulated.seen(volume)
    assert (seen[behind].state, seen[behind].good_replica, seen[other].good_replica) == (state, False, True)


def test_detaching_leaves_at_most_a_witness(cluster_world: Any) -> None:
    """The quorum is as before, and detaching again changes nothing (linstor.md 2.7)."""
    volume = cluster_world.volume()
    host = next(each for each in cluster_world.hosts if each not in cluster_world.with_role(volume, Role.REPLICA))
    cluster_world.cluster.attach(volume, host)
    for _ in range(2):
        cluster_world.cluster.detach(volume, host)
        assert len(cluster_world.with_role(volume, Role.WITNESS)) == 1
        assert cluster_world.with_role(volume, Role.ATTACHMENT) == []
        assert len(cluster_world.with_role(volume, Role.REPLICA)) == 2


def test_detaching_what_was_never_there(cluster_simulated: Any) -> None:
    """A host without it, a host that is none, and a volume that is none are all done already."""
    volume = cluster_simulated.volume("one")
    before = cluster_simulated.seen(volume)
    cluster_simulated.cluster.detach(volume, OUTSIDE)
    cluster_simulated.cluster.detach(volume, HostName("no-such-host"))
    cluster_simulated.cluster.detach(NOWHERE, OUTSIDE)
    assert cluster_simulated.seen(volume) == before


def test_an_attachment_in_use_stays(cluster_simulated: Any) -> None:
    """It goes once it is closed (defect 8)."""
    volume = cluster_simulated.volume("one")
    cluster_simulated.cluster.attach(volume, OUTSIDE)
    with cluster_simulated.writing(volume, OUTSIDE), pytest.raises(VolumeInUse):
        cluster_simulated.cluster.detach(volume, OUTSIDE)
    assert cluster_simulated.seen(volume)[OUTSIDE].usable
    cluster_simulated.cluster.detach(volume, OUTSIDE)
    assert OUTSIDE not in cluster_simulated.seen(volume)


def test_a_detach_that_breaks_can_be_repeated(cluster_simulated: Any) -> None:
    """It is half done, and the same call finishes it once the cause is gone (linstor.md 2.17 no. 6)."""
    volume = cluster_simulated.volume("one")
    cluster_simulated.cluster.attach(volume, OUTSIDE)
    with cluster_simulated.failing(OUTSIDE, "drbdsetup down|drbdadm.* down"), pytest.raises(DeviceHeldOpen):
        cluster_simulated.cluster.detach(volume, OUTSIDE)
    assert cluster_simulated.seen(volume)[OUTSIDE].deleting
    cluster_simulated.cluster.detach(volume, OUTSIDE)
    assert OUTSIDE not in cluster_simulated.seen(volume)


def test_two_hosts_write_only_where_it_was_allowed(cluster_simulated: Any) -> None:
    """On the connection of the pair; nobody else may join, and afterwards there is one writer again."""
    volume = cluster_simulated.volume()
    (source, third) = cluster_simulated.with_role(volume, Role.REPLICA)
    pair = (source, OUTSIDE)
    cluster_simulated.cluster.attach(volume, OUTSIDE)
    with cluster_simulated.writing(volume, source), pytest.raises(OSError, match="EROFS"):
        cluster_simulated.write(volume, OUTSIDE, b"x")
    cluster_simulated.cluster.allow_two_writers(volume, pair)
    with cluster_simulated.writing(volume, source, OUTSIDE), pytest.raises(OSError, match="EROFS"):
        cluster_simulated.write(volume, third, b"x")
    assert cluster_simulated.cluster.forbid_two_writers(volume, pair)
    with cluster_simulated.writing(volume, source), pytest.raises(OSError, match="EROFS"):
        cluster_simulated.write(volume, OUTSIDE, b"x")


def test_allowing_again_and_forbidding_again(cluster_world: Any) -> None:
    """Both are fine; the second removal tells that no host was made to adjust."""
    volume = cluster_world.volume()
    pair = tuple(cluster_world.with_role(volume, Role.REPLICA))
    for where in (pair, None):
        cluster_world.cluster.allow_two_writers(volume, where)
        cluster_world.cluster.allow_two_writers(volume, where)
        assert cluster_world.definition(volume).two_writers == (where is None)
        assert cluster_world.cluster.forbid_two_writers(volume, where)
        assert not cluster_world.cluster.forbid_two_writers(volume, where)
        assert not cluster_world.definition(volume).two_writers


@pytest.mark.parametrize("everywhere", [True, False])
def test_the_kernel_keeps_two_writers_while_both_write(cluster_simulated: Any, everywhere: bool) -> None:
    """The refusal is an error; a second removal does nothing; a change of marks makes the hosts adjust (2.18)."""
    volume = cluster_simulated.volume()
    (one, other) = cluster_simulated.with_role(volume, Role.REPLICA)
    where = None if everywhere else (one, other)
    cluster_simulated.cluster.allow_two_writers(volume, where)
    with cluster_simulated.writing(volume, one, other), pytest.raises(StillTwoWriters):
        cluster_simulated.cluster.forbid_two_writers(volume, where)
    assert not cluster_simulated.definition(volume).two_writers
    assert not cluster_simulated.cluster.forbid_two_writers(volume, where)
    with cluster_simulated.writing(volume, one, other):
        pass
    assert cluster_simulated.cluster.mark(volume, {"migration": "over"})
    with cluster_simulated.writing(volume, one), pytest.raises(OSError, match="EROFS"):
        cluster_simulated.write(volume, other, b"x")


def test_two_hosts_without_a_replica_need_the_permission_of_the_volume(cluster_simulated: Any) -> None:
    """They have no connection with each other; both may be allowed and forbidden everywhere (linstor.md 2.8)."""
    volume = cluster_simulated.volume("one")
    one, other = [each for each in cluster_simulated.hosts if each not in cluster_simulated.seen(volume)][:2]
    for host in (one, other):
        cluster_simulated.cluster.attach(volume, host)
    cluster_simulated.cluster.allow_two_writers(volume, None)
    with cluster_simulated.writing(volume, one, other):
        pass
    assert cluster_simulated.cluster.forbid_two_writers(volume, None)


def test_a_pair_with_an_end_gone(cluster_simulated: Any) -> None:
    """The permission went with the end: forbidding it is done, allowing it is an error."""
    volume = cluster_simulated.volume("one")
    (replica,) = cluster_simulated.with_role(volume, Role.REPLICA)
    pair = (replica, OUTSIDE)
    cluster_simulated.cluster.attach(volume, OUTSIDE)
    cluster_simulated.cluster.allow_two_writers(volume, pair)
    cluster_simulated.cluster.detach(volume, OUTSIDE)
    assert not cluster_simulated.cluster.forbid_two_writers(volume, pair)
    with pytest.raises(ControllerFailed):
        cluster_simulated.cluster.allow_two_writers(volume, pair)


def test_forbidding_for_a_volume_that_is_gone(cluster_world: Any) -> None:
    """Everywhere it names the volume; for a pair there is nothing left to forbid."""
    with pytest.raises(UnknownVolume):
        cluster_world.cluster.forbid_two_writers(NOWHERE, None)
    with pytest.raises(UnknownVolume):
        cluster_world.cluster.allow_two_writers(NOWHERE, None)
