"""The real adapter when a reply is lost after the work was done, and with older servers (linstor.md 0.2, 2.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import ControllerFailed, Interrupted, SnapshotFailed
from domain.names import GroupName, HostName, SnapshotName
from domain.volumes import CopyState, Role

SNAP = SnapshotName("OpenNebula-Snap-0")
OUTSIDE = HostName("one-fe")
TWO = GroupName("two")
SPOILT = pytest.mark.parametrize("how", ["cut", "truncate", "garbage"])


@SPOILT
def test_a_volume_is_made_once(cluster_served: Any, how: str) -> None:
    """The repetition says that the name is taken, by this very request: that is a success."""
    name = cluster_served.name()
    cluster_served.lose("POST", "/spawn", how=how)
    assert cluster_served.cluster.create(name, 65536, TWO, {"image": "7"})
    assert dict(cluster_served.definition(name).marks) == {"image": "7"}
    assert len(cluster_served.with_role(name, Role.REPLICA)) == 2


@SPOILT
def test_a_volume_that_an_earlier_try_made_is_not_taken_for_new(cluster_served: Any, how: str) -> None:
    """It has the same marks, but its content is not known: the name is taken."""
    volume = cluster_served.volume(image="7")
    cluster_served.lose("POST", "/spawn", how=how)
    assert not cluster_served.cluster.create(volume, 65536, TWO, {"image": "7"})


def test_a_volume_that_was_made_behind_an_error_is_removed(cluster_served: Any) -> None:
    """Nobody would ever delete it: oned calls no other order for an image that could not be made (rule 2)."""
    name = cluster_served.name()
    cluster_served.lose("POST", "/spawn", how="500")
    with pytest.raises(ControllerFailed):
        cluster_served.cluster.create(name, 65536, TWO, {"image": "7"})
    assert cluster_served.cluster.definitions([name]) == {}


@pytest.mark.parametrize("how", ["500", "error inside"])
def test_a_copy_that_was_made_behind_an_error_is_removed(cluster_served: Any, how: str) -> None:
    """Of a volume, and of a snapshot, whose definition is made first."""
    source, target = cluster_served.volume(), cluster_served.name()
    cluster_served.cluster.snapshot(source, SNAP, {})
    cluster_served.lose("POST", "/clone", how=how)
    with pytest.raises(ControllerFailed):
        cluster_served.cluster.copy(source, target, TWO, {})
    cluster_served.lose("POST", "/resource-definitions", how=how)
    with pytest.raises(ControllerFailed):
        cluster_served.cluster.restore(source, SNAP, target, TWO, {})
    assert cluster_served.cluster.definitions([target]) == {}


def test_a_volume_of_another_order_survives_an_error(cluster_served: Any) -> None:
    """It carries another mark."""
    volume = cluster_served.volume(image="7")
    cluster_served.lose("POST", "/spawn", how="500")
    with pytest.raises(ControllerFailed):
        cluster_served.cluster.create(volume, 65536, TWO, {"image": "7"})
    assert list(cluster_served.cluster.definitions([volume])) == [volume]


@SPOILT
def test_a_copy_is_started_once(cluster_served: Any, how: str) -> None:
    """It is ours, and complete; an earlier one of the same name is not."""
    source, target = cluster_served.volume(), cluster_served.name()
    cluster_served.lose("POST", "/clone", how=how)
    assert cluster_served.cluster.copy(source, target, TWO, {"vm": "5"})
    assert cluster_served.copied(source, target) is CopyState.COMPLETE
    cluster_served.lose("POST", "/clone", how=how)
    assert not cluster_served.cluster.copy(source, target, TWO, {"vm": "5"})


@SPOILT
def test_a_snapshot_is_taken_once(cluster_served: Any, how: str) -> None:
    """There is one of that name, and it is ours; the next try finds it taken."""
    volume = cluster_served.volume()
    cluster_served.lose("POST", "/snapshots", how=how)
    assert cluster_served.cluster.snapshot(volume, SNAP, {"vm": "5"})
    (found,) = cluster_served.cluster.snapshots(volume)
    assert (found.complete, dict(found.marks)) == (True, {"vm": "5"})
    cluster_served.lose("POST", "/snapshots", how=how)
    assert not cluster_served.cluster.snapshot(volume, SNAP, {"vm": "5"})


@pytest.mark.parametrize("version", ["1.23.0", "1.27.0"])
def test_a_snapshot_that_the_controller_died_in_is_no_snapshot(cluster_served: Any, version: str) -> None:
    """The repetition says that the name is taken, by an incomplete one (linstor-1.33.3/23-lost-replies/026, 028)."""
    cluster_served.model.rest_api_version = version
    volume = cluster_served.volume()
    cluster_served.model.events.die_in("snapshot")
    with pytest.raises(Interrupted, match="drbdadm resume-io"):
        cluster_served.cluster.snapshot(volume, SNAP, {})
    assert [each.complete for each in cluster_served.cluster.snapshots(volume)] == [False]


def test_a_snapshot_that_failed_behind_a_lost_reply_is_no_snapshot(cluster_served: Any) -> None:
    """Neither is one that a host could not take."""
    volume = cluster_served.volume()
    (host, *_) = cluster_served.with_role(volume, Role.REPLICA)
    cluster_served.lose("POST", "/snapshots")
    with cluster_served.failing(host, "lvcreate"), pytest.raises(SnapshotFailed):
        cluster_served.cluster.snapshot(volume, SNAP, {})


def test_an_old_server_takes_a_snapshot_once(cluster_served: Any) -> None:
    """It has no marks to tell by; a name that the rules found free is ours."""
    cluster_served.model.rest_api_version = "1.23.0"
    volume = cluster_served.volume()
    cluster_served.lose("POST", "/snapshots")
    assert cluster_served.cluster.snapshot(volume, SNAP, {"asked": "1"})
    assert [each.complete for each in cluster_served.cluster.snapshots(volume)] == [True]
    assert not cluster_served.cluster.snapshot(volume, SNAP, {"asked": "1"})


@pytest.mark.parametrize(
    "ending",
    ["/resource-definitions", f"/snapshot-restore-volume-definition/{SNAP}", f"/snapshot-restore-resource/{SNAP}"],
)
def test_a_restore_goes_on(cluster_served: Any, ending: str) -> None:
    """Whichever of its steps lost its reply."""
    source, target = cluster_served.volume(image="7"), cluster_served.name()
    cluster_served.cluster.snapshot(source, SNAP, {})
    cluster_served.lose("POST", ending)
    assert cluster_served.cluster.restore(source, SNAP, target, TWO, {"image": "8"})
    assert dict(cluster_served.definition(target).marks) == {"image": "8"}
    assert len(cluster_served.with_role(target, Role.REPLICA)) == 2


@SPOILT
def test_what_can_be_done_twice_is_done(cluster_served: Any, how: str) -> None:
    """Attach, mark, grow, allow, forbid, place, detach and delete end as if nothing had been lost."""
    volume = cluster_served.volume()
    cluster = cluster_served.cluster
    cluster_served.lose("POST", "/make-available", how=how)
    cluster.attach(volume, OUTSIDE)
    assert cluster_served.seen(volume)[OUTSIDE].role is Role.ATTACHMENT
    cluster_served.lose("PUT", f"/{volume}", how=how)
    cluster.mark(volume, {"state": "x"})
    assert dict(cluster_served.definition(volume).marks) == {"state": "x"}
    cluster_served.lose("PUT", "/volume-definitions/0", how=how)
    cluster.grow(volume, 131072)
    assert cluster_served.definition(volume).size_kib == 131072
    for call in (cluster.allow_two_writers, cluster.forbid_two_writers):
        cluster_served.lose("PUT", f"/{volume}", how=how)
        call(volume, None)
    assert not cluster_served.definition(volume).two_writers
    cluster_served.lose("POST", "/autoplace", how=how)
    cluster.place(volume)
    cluster_served.lose("DELETE", f"/resources/{OUTSIDE}", how=how)
    cluster.detach(volume, OUTSIDE)
    assert cluster_served.with_role(volume, Role.ATTACHMENT) == []
    assert len(cluster_served.with_role(volume, Role.WITNESS)) == 1
    cluster_served.lose("DELETE", f"/{volume}", how=how)
    cluster.delete(volume)
    assert cluster.definitions([volume]) == {}


def test_a_roll_back_is_not_repeated(cluster_served: Any) -> None:
    """The error says that nobody knows, and the request went out once."""
    volume = cluster_served.volume()
    cluster_served.cluster.snapshot(volume, SNAP, {})
    cluster_served.lose("POST", f"/snapshot-rollback/{SNAP}", how="garbage")
    with pytest.raises(ControllerFailed) as caught:
        cluster_served.cluster.roll_back(volume, SNAP)
    assert caught.value.unclear
    assert cluster_served.count("POST", f"/snapshot-rollback/{SNAP}") == 1


@pytest.mark.parametrize("version", ["1.13.0", "1.18.0", "1.22.0", "1.24.0", "1.26.0"])
def test_the_life_of_a_disk_on_an_older_server(cluster_served: Any, version: str) -> None:
    """No member is sent that the server does not know, and the outcome is the same (linstor.md 0.2)."""
    cluster_served.model.rest_api_version = version
    cluster, source, target = cluster_served.cluster, cluster_served.volume(image="7"), cluster_served.name()
    assert dict(cluster_served.definition(source).marks) == {"image": "7"}
    assert cluster.deployments([source])[source]
    assert cluster.copy(source, target, GroupName("one"), {"vm": "5"})
    assert cluster_served.copied(source, target) is CopyState.COMPLETE
    found = cluster_served.definition(target)
    assert (dict(found.marks), found.group) == ({"vm": "5"}, "one")
    cluster.attach(target, OUTSIDE)
    assert cluster.snapshot(target, SNAP, {"vm": "5"})
    assert [each.complete for each in cluster.snapshots(target)] == [True]
    cluster.detach(target, OUTSIDE)
    cluster.delete_snapshot(target, SNAP)
    assert cluster.capacity(TWO).total_kib > 0
    for volume in (target, source):
        cluster.delete(volume)
        assert cluster.definitions([volume]) == {}


def test_ordinary_calls_are_one_request(cluster_served: Any) -> None:
    """What happens at every start and end of a VM costs one request each (design.md rule 10)."""
    volume = cluster_served.volume()
    cluster = cluster_served.cluster
    calls: tuple[Callable[[], object], ...] = (
        lambda: cluster.definitions([volume]),
        lambda: cluster.deployments([volume]),
        lambda: cluster.attach(volume, OUTSIDE),
        lambda: cluster.mark(volume, {"state": "x"}),
        lambda: cluster.allow_two_writers(volume, None),
        lambda: cluster.forbid_two_writers(volume, None),
        lambda: cluster.detach(volume, OUTSIDE),
        lambda: cluster.grow(volume, 131072),
        lambda: cluster.capacity(TWO),
        lambda: cluster.delete(volume),
    )
    for call in calls:
        before = len(cluster_served.server.requests)
        call()
        assert len(cluster_served.server.requests) - before == 1
