"""The port in memory and the real adapter look at one model and see the same, whatever state it is in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.errors import DriverError
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.volumes import Role

OUTSIDE = HostName("one-fe")


def _offline(world: Any, volume: VolumeName) -> None:
    world.model.events.satellite_down(world.with_role(volume, Role.REPLICA)[0])


def _attached_and_offline(world: Any, volume: VolumeName) -> None:
    world.cluster.attach(volume, OUTSIDE)
    world.model.events.satellite_down(OUTSIDE)


def _detached_while_offline(world: Any, volume: VolumeName) -> None:
    _attached_and_offline(world, volume)
    world.cluster.detach(volume, OUTSIDE)


def _being_deleted(world: Any, volume: VolumeName) -> None:
    _offline(world, volume)
    world.cluster.delete(volume)


def _inactive(world: Any, volume: VolumeName) -> None:
    world.model.resources.deactivate(volume, world.with_role(volume, Role.REPLICA)[0])


def _broken_copy(world: Any, volume: VolumeName) -> None:
    with world.failing(world.with_role(volume, Role.REPLICA)[0], "lvcreate"):
        world.cluster.copy(volume, VolumeName(f"{volume}-vm1-disk0"), None, {"vm": "1"})


def _broken_growth(world: Any, volume: VolumeName) -> None:
    with world.failing(world.with_role(volume, Role.REPLICA)[0], "lvresize"), suppress(DriverError):
        world.cluster.grow(volume, 131072)


def _broken_snapshot(world: Any, volume: VolumeName) -> None:
    with world.failing(world.with_role(volume, Role.REPLICA)[0], "lvcreate"), suppress(DriverError):
        world.cluster.snapshot(volume, SnapshotName("broken"), {})
    world.cluster.snapshot(volume, SnapshotName("whole"), {"vm": "1"})


def _two_writers(world: Any, volume: VolumeName) -> None:
    world.cluster.allow_two_writers(volume, None)


def _rolled_back(world: Any, volume: VolumeName) -> None:
    world.cluster.snapshot(volume, SnapshotName("whole"), {})
    world.cluster.grow(volume, 131072)
    world.cluster.roll_back(volume, SnapshotName("whole"))


def _attached_while_a_replica_is_offline(world: Any, volume: VolumeName) -> None:
    """That replica does not know the new peer until its satellite is back."""
    _offline(world, volume)
    world.cluster.attach(volume, world.free_host(volume))


def _as_it_is(world: Any, volume: VolumeName) -> None:
    """Nothing happens."""


STATES: list[Callable[[Any, VolumeName], None]] = [
    _as_it_is,
    _offline,
    _attached_and_offline,
    _detached_while_offline,
    _attached_while_a_replica_is_offline,
    _being_deleted,
    _inactive,
    _broken_copy,
    _broken_growth,
    _broken_snapshot,
    _two_writers,
    _rolled_back,
]


def _everything(cluster: Any, volumes: list[VolumeName]) -> Any:
    """All that the port tells, without the bytes that thin pools have given out."""
    seen = cluster.deployments(volumes)
    return (
        cluster.definitions(volumes),
        {
            volume: sorted((replace(each, allocated_kib=0) for each in found), key=lambda each: each.host)
            for volume, found in seen.items()
        },
        {volume: cluster.snapshots(volume) for volume in volumes},
    )


@pytest.mark.parametrize("happen", STATES, ids=[each.__name__.strip("_") for each in STATES])
@pytest.mark.parametrize("group", ["two", "three"])
def test_both_see_the_same(cluster_served: Any, group: str, happen: Callable[[Any, VolumeName], None]) -> None:
    """The fake tells what the adapter reads from the wire."""
    volume = cluster_served.volume(group, image="7")
    happen(cluster_served, volume)
    volumes = [volume, VolumeName(f"{volume}-vm1-disk0")]
    assert _everything(MemoryCluster(cluster_served.model), volumes) == _everything(cluster_served.cluster, volumes)


@pytest.mark.parametrize("group", ["one", "thick", "file", "local"])
def test_both_see_the_same_on_every_kind_of_pool(cluster_served: Any, group: str) -> None:
    """Sizes, devices and whether a fresh volume reads as zeros depend on the pool."""
    volumes = [cluster_served.volume(group)]
    assert _everything(MemoryCluster(cluster_served.model), volumes) == _everything(cluster_served.cluster, volumes)


@pytest.mark.parametrize("group", ["one", "two", "three", "thick", "file", "local"])
def test_both_see_the_same_space(cluster_served: Any, group: str) -> None:
    """Before and after a volume has taken some."""
    memory = MemoryCluster(cluster_served.model)
    for _ in range(2):
        assert memory.capacity(GroupName(group)) == cluster_served.cluster.capacity(GroupName(group))
        cluster_served.volume(group, size_kib=256 * 1024)
