"""What every implementation of the Cluster port promises about space, on new and old servers (linstor.md 2.2, 2.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.memory.linstor.objects import Pool
from domain.errors import ControllerFailed, UnknownGroup
from domain.names import GroupName, VolumeName
from domain.volumes import Capacity

GIB = 1024 * 1024


def gib_of(world: Any, **select_filter: Any) -> tuple[int, int]:
    """Total and free GiB of a group with that filter."""
    world.model.add_group("wanted", **select_filter)
    found: Capacity = world.cluster.capacity(GroupName("wanted"))
    assert found.largest_volume_kib > 0
    return found.total_kib // GIB, found.free_kib // GIB


def share(world: Any, *hosts: str) -> None:
    """Give *hosts* one store of 4 GiB that all of them reach."""
    for host in hosts:
        world.model.state.nodes[host].pools["san"] = Pool("san", "LVM", 4 * GIB, 4 * GIB, shared="san-1")


@pytest.mark.parametrize(("replicas", "gib"), [(1, 24), (2, 8), (3, 8)])
def test_space_is_what_whole_volumes_can_take(cluster_of_any_age: Any, replicas: int, gib: int) -> None:
    """Three pools of 8 GiB are 24 GiB for one replica, and one volume of 8 GiB for two (recorded)."""
    assert gib_of(cluster_of_any_age, place_count=replicas, storage_pool="data") == (gib, gib)


def test_space_is_that_of_the_groups_pools(cluster_of_any_age: Any) -> None:
    """A group that names several pools has those, and no other pool of the cluster."""
    found = gib_of(cluster_of_any_age, place_count=1, storage_pool_list=["data", "thick"])
    assert found == (3 * 8 + 3 * 2, 3 * 8 + 3 * 2)


@pytest.mark.parametrize(
    ("narrowed", "gib"),
    [({"node_name_list": ["HOST-A"]}, 8 + 8 + 2), ({"provider_list": ["LVM"]}, 3 * 2), ({}, 3 * (8 + 8 + 2))],
)
def test_space_follows_the_groups_nodes_and_providers(
    cluster_of_any_age: Any, narrowed: dict[str, Any], gib: int
) -> None:
    """What the group may not use is not counted; a group that names nothing may use everything."""
    assert gib_of(cluster_of_any_age, place_count=1, **narrowed) == (gib, gib)


def _offline(model: Any) -> None:
    model.events.satellite_down("host-b")


def _evacuated(model: Any) -> None:
    model.nodes.evacuate("host-b")


def _no_target(model: Any) -> None:
    model.state.nodes["host-b"].props["AutoplaceTarget"] = "False"


@pytest.mark.parametrize("exclude", [_offline, _evacuated, _no_target])
def test_a_node_that_takes_nothing_new_has_no_space(cluster_of_any_age: Any, exclude: Callable[[Any], None]) -> None:
    """One that is away, leaving, or no target is not counted; where nodes are missing then, that is an error."""
    exclude(cluster_of_any_age.model)
    assert gib_of(cluster_of_any_age, place_count=1, storage_pool="data") == (16, 16)
    with pytest.raises(ControllerFailed):
        cluster_of_any_age.cluster.capacity(GroupName("three"))


def test_a_store_that_nodes_share_is_counted_once(cluster_of_any_age: Any) -> None:
    """LINSTOR lists it for each node."""
    share(cluster_of_any_age, "host-a", "host-b", "host-c")
    assert gib_of(cluster_of_any_age, place_count=1, storage_pool="san") == (4, 4)


def test_a_store_that_nodes_share_holds_one_replica(cluster_of_any_age: Any) -> None:
    """Two replicas in one store would be no redundancy."""
    share(cluster_of_any_age, "host-a", "host-b")
    with pytest.raises(ControllerFailed):
        gib_of(cluster_of_any_age, place_count=2, storage_pool="san")


def test_a_thin_pool_has_the_space_that_is_there(cluster_of_any_age: Any) -> None:
    """What was promised and not written is still free; over-subscription makes no space."""
    cluster_of_any_age.volume("one", size_kib=4 * GIB)
    assert gib_of(cluster_of_any_age, place_count=1, storage_pool="data") == (24, 24)


def test_a_thick_pool_loses_what_was_placed(cluster_of_any_age: Any) -> None:
    """A volume of 1 GiB takes that, and DRBD's own part."""
    cluster_of_any_age.volume("thick", size_kib=GIB)
    assert gib_of(cluster_of_any_age, place_count=1, storage_pool="thick") == (6, 3)


def test_a_missing_group_is_named(cluster_of_any_age: Any) -> None:
    """Whatever the server can tell, an unknown group is no empty datastore."""
    with pytest.raises(UnknownGroup, match="no-such-group"):
        cluster_of_any_age.cluster.capacity(GroupName("no-such-group"))


# -- what volumes take -----------------------------------------------------------------------------


def volumes_of(world: Any, count: int, **select_filter: Any) -> list[VolumeName]:
    """New volumes of 16 MiB with two replicas."""
    world.model.add_group("wanted", place_count=2, **select_filter)
    names = [VolumeName(f"taken-{number}") for number in range(count)]
    assert all(world.cluster.create(each, 16384, GroupName("wanted"), {}) for each in names)
    return names


@pytest.mark.parametrize("count", [1, 60])
def test_a_volume_takes_what_its_replica_has_allocated(cluster_simulated: Any, count: int) -> None:
    """Thick ones all of it, with DRBD's own data; the answer has the names asked for, however many they are."""
    names = volumes_of(cluster_simulated, count, storage_pool="thick")
    found = cluster_simulated.cluster.allocated([VolumeName(each.upper()) for each in names])
    assert set(found) == {each.upper() for each in names}
    assert all(16384 < size <= 16384 + 4096 for size in found.values())


def test_a_thin_volume_takes_what_was_written(cluster_simulated: Any) -> None:
    """Which is little at first."""
    [name] = volumes_of(cluster_simulated, 1, storage_pool="data")
    assert 0 <= cluster_simulated.cluster.allocated([name])[name] < 4096


def test_the_fullest_replica_counts(cluster_simulated: Any) -> None:
    """A thin and a thick replica of one volume take different space."""
    [name] = volumes_of(cluster_simulated, 1, storage_pool="data")
    cluster_simulated.model.state.definitions[name].diskful()[0].pool = "thick"
    assert cluster_simulated.cluster.allocated([name])[name] > 16384


def test_what_nobody_tells_is_missing_and_never_zero(cluster_simulated: Any) -> None:
    """No such volume, or no replica that is online."""
    model = cluster_simulated.model
    [name] = volumes_of(cluster_simulated, 1, storage_pool="thick")
    first, second = model.state.definitions[name].diskful()
    model.events.satellite_down(first.node)
    assert set(cluster_simulated.cluster.allocated([name, VolumeName("never-made")])) == {name}
    model.events.satellite_down(second.node)
    assert cluster_simulated.cluster.allocated([name]) == {}
    assert cluster_simulated.cluster.allocated([]) == {}
