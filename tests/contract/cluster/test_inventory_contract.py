"""What every implementation of the Inventory port promises: memory, and REST before a simulated controller."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.linstor.inventory import RestInventories
from adapters.memory.cluster import MemoryCluster
from adapters.memory.inventory import MemoryInventories
from domain.inventory import Holding, Inventory
from domain.names import SnapshotName, VolumeName
from domain.settings import Limits, StorageSettings

SNAPSHOT = SnapshotName("OpenNebula-Snap-0")
HOUR = 3600


@pytest.fixture
def inventory(cluster_of_any_age: Any) -> Inventory:
    """The inventory of the same LINSTOR."""
    world = cluster_of_any_age
    if isinstance(world.cluster, MemoryCluster):
        return MemoryInventories(lambda _: world.cluster).of(StorageSettings(1))
    limits = Limits(connect=2, read=10, change=60)
    return RestInventories({}).of(StorageSettings(1, controllers=(world.server.url,), limits=limits))


def _named(inventory: Inventory) -> Mapping[str, Holding]:
    return {each.definition.name: each for each in inventory.holdings()}


def test_an_empty_linstor_holds_nothing(inventory: Inventory) -> None:
    """And that is no error."""
    assert list(inventory.holdings()) == []


def test_every_volume_is_listed_as_single_questions_tell_it(cluster_of_any_age: Any, inventory: Inventory) -> None:
    """With marks, deployments and snapshots, and by name; also a volume that is not ours."""
    world = cluster_of_any_age
    world.volume(image="4", state="creating")
    foreign = VolumeName("a-database")
    assert world.cluster.create(foreign, 65536, world.two, {})
    world.cluster.snapshot(world.made[0], SNAPSHOT, {})
    found = inventory.holdings()
    assert [each.definition.name for each in found] == sorted([*world.made, foreign])
    for each in found:
        name = each.definition.name
        assert each.definition == world.definition(name)
        assert each.deployments == world.cluster.deployments([name])[name]
        assert each.snapshots == world.cluster.snapshots(name)


def test_an_attachment_and_a_device_in_use_are_told(cluster_of_any_age: Any, inventory: Inventory) -> None:
    """On the host where a program has it open."""
    world = cluster_of_any_age
    volume = world.volume()
    host = world.free_host(volume)
    world.cluster.attach(volume, host)
    with world.writing(volume, host):
        found = {each.host: each for each in _named(inventory)[volume].deployments}
    assert found[host].in_use


def test_a_volume_is_as_young_as_the_youngest_part_of_it(cluster_of_any_age: Any, inventory: Inventory) -> None:
    """In seconds since 1970, so that an order which still runs is seen."""
    world = cluster_of_any_age
    volume = world.volume()
    assert abs(_named(inventory)[volume].touched - time.time()) < HOUR


def test_of_a_volume_that_is_nowhere_the_age_is_not_known(cluster_of_any_age: Any, inventory: Inventory) -> None:
    """A definition alone carries no time, and an unknown age must not be taken for a great one."""
    world = cluster_of_any_age
    world.model.definitions.create("OpenNebula-Image-1")
    assert [each.touched for each in _named(inventory).values()] == [0]


def test_a_host_that_is_away_is_told_as_such(cluster_of_any_age: Any, inventory: Inventory) -> None:
    """What it has open nobody knows, and that is not the same as nothing."""
    world = cluster_of_any_age
    volume = world.volume()
    away = world.cluster.deployments([volume])[volume][0].host
    with world.away(away):
        found = {each.host: each for each in _named(inventory)[volume].deployments}
    assert (found[away].reachable, found[away].in_use) == (False, None)
