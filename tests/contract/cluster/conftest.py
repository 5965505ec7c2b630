"""Implementations of the Cluster port, each in a world of its own.

*memory* is the port over the model, *rest* the real adapter against the model behind HTTP, *real* the same adapter
against the controllers that LS_CONTROLLERS names (with LINSTOR_TEST_GROUP, a resource group with two replicas on
thin pools, and LINSTOR_TEST_HOSTS, its nodes). What only a simulated world can do is skipped there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from adapters.linstor.clusters import RestClusters
from adapters.memory.cluster import MemoryCluster
from adapters.memory.linstor import LinstorModel
from domain.names import GroupName, HostName, VolumeName
from domain.ports import Cluster
from domain.settings import Limits, StorageSettings
from domain.volumes import CopyState, Definition, Deployment
from entrypoints.sandbox.linstor import Fault, LinstorServer, serve

THIN_KIB, THICK_KIB = 8 * 1024 * 1024, 2 * 1024 * 1024
HOSTS = ("host-a", "host-b", "host-c")
OUTSIDE = "one-fe"
"""A host without pools: it can only be attached to."""


def _pool(name: str, kind: str, size: int) -> dict[str, Any]:
    granularity = {"StorDriver/internal/AllocationGranularity": "1" if kind == "FILE_THIN" else "4096"}
    return {
        "storage_pool_name": name,
        "provider_kind": kind,
        "free_capacity": size,
        "total_capacity": size,
        "props": granularity,
    }


def _node(name: str) -> dict[str, Any]:
    pools = [_pool("DfltDisklessStorPool", "DISKLESS", 2**63 - 1)]
    if name != OUTSIDE:
        pools += [_pool("data", "LVM_THIN", THIN_KIB), _pool("thick", "LVM", THICK_KIB)]
        pools.append(_pool("file", "FILE_THIN", THIN_KIB))
    return {"name": name, "type": "SATELLITE", "address": "127.0.0.1", "pools": pools}


def _group(name: str, pool: str, replicas: int, **more: Any) -> dict[str, Any]:
    wanted = {"place_count": replicas, "storage_pool": pool, "storage_pool_list": [pool], **more}
    return {"name": name, "select_filter": wanted}


CLUSTER = {
    "nodes": [_node(name) for name in (*HOSTS, OUTSIDE)],
    "resource_groups": [
        _group("two", "data", 2),
        _group("one", "data", 1),
        _group("three", "data", 3),
        _group("four", "data", 4),
        _group("thick", "thick", 2),
        _group("file", "file", 2),
        _group("local", "data", 1, layer_stack=["STORAGE"]),
    ],
}


class World:
    """A cluster under test, and shorthand for what tests look at."""

    two = GroupName("two")

    def __init__(self, cluster: Cluster, hosts: tuple[str, ...]) -> None:
        self.cluster = cluster
        self.hosts = tuple(HostName(host) for host in hosts)
        self.made: list[VolumeName] = []

    def name(self) -> VolumeName:
        """A volume name that nothing has yet; the volume is deleted at the end."""
        name = VolumeName(f"OpenNebula-Image-{os.getpid()}{len(self.made)}")
        self.made.append(name)
        return name

    def volume(self, group: str = "", size_kib: int = 65536, **marks: str) -> VolumeName:
        """A new volume."""
        name = self.name()
        assert self.cluster.create(name, size_kib, GroupName(group or self.two), marks)
        return name

    def definition(self, volume: VolumeName) -> Definition:
        """Its definition."""
        return self.cluster.definitions([volume])[volume]

    def seen(self, volume: VolumeName) -> dict[HostName, Deployment]:
        """Its deployments by host."""
        return {each.host: each for each in self.cluster.deployments([volume])[volume]}

    def with_role(self, volume: VolumeName, role: Any) -> list[HostName]:
        """The hosts where it is deployed in that role."""
        return [host for host, each in self.seen(volume).items() if each.role is role]

    def free_host(self, volume: VolumeName) -> HostName:
        """A host where the volume is not deployed at all."""
        return next(host for host in self.hosts if host not in self.seen(volume))

    def copied(self, source: VolumeName, target: VolumeName) -> CopyState:
        """How a copy ended."""
        end = time.monotonic() + 60
        while (state := self.cluster.copy_state(source, target)) is CopyState.RUNNING and time.monotonic() < end:
            time.sleep(0.05)
        return state

    def clean(self) -> None:
        """Delete what was made."""
        for volume in self.made:
            for snapshot in self.cluster.snapshots(volume):
                self.cluster.delete_snapshot(volume, snapshot.name)
            self.cluster.delete(volume)


class SimulatedWorld(World):
    """A world whose hosts can be switched off, and whose satellites fail on order."""

    def __init__(self, cluster: Cluster, model: LinstorModel) -> None:
        super().__init__(cluster, (*HOSTS, OUTSIDE))
        self.model = model

    @contextmanager
    def away(self, host: str) -> Iterator[None]:
        """The satellite of *host* is offline."""
        self.model.events.satellite_down(host)
        yield
        self.model.events.satellite_up(host)

    @contextmanager
    def failing(self, host: str, command: str) -> Iterator[None]:
        """Commands that match *command* fail on *host*."""
        self.model.events.fail(host, command)
        yield
        self.model.events.heal(host)

    @contextmanager
    def writing(self, volume: VolumeName, *hosts: str) -> Iterator[None]:
        """Programs on *hosts* have the volume open for writing."""
        with ExitStack() as stack:
            for host in hosts:
                stack.callback(self.model.devices.open(host, volume, write=True).close)
            yield

    def write(self, volume: VolumeName, host: str, data: bytes) -> None:
        """Put *data* at the start of the volume."""
        handle = self.model.devices.open(host, volume, write=True)
        handle.write_at(0, data)
        handle.close()

    def read(self, volume: VolumeName, host: str, length: int) -> bytes:
        """The start of the volume."""
        handle = self.model.devices.open(host, volume, write=False)
        data = handle.read(0, length)
        handle.close()
        return data


class ServedWorld(SimulatedWorld):
    """The same behind HTTP, where replies can get lost and servers can be old."""

    def __init__(self, cluster: Cluster, model: LinstorModel, server: LinstorServer) -> None:
        super().__init__(cluster, model)
        self.server = server

    def lose(self, method: str, ending: str, *, how: str = "cut") -> None:
        """Do the work of the next such request, but spoil its reply."""
        self.server.fault(Fault(lambda asked, path: (asked, path.endswith(ending)) == (method, True), "after", how))

    def count(self, method: str, ending: str) -> int:
        """How often that was asked for; a reply that was cut off is not in the server's log."""
        return len([each for each in self.server.requests if each.method == method and each.path.endswith(ending)])


def _settings(*controllers: str) -> StorageSettings:
    return StorageSettings(datastore_id=1, controllers=controllers, limits=Limits(connect=2, read=10, change=60))


@contextmanager
def _memory() -> Iterator[World]:
    model = LinstorModel.from_cluster(CLUSTER)
    yield SimulatedWorld(MemoryCluster(model), model)


@contextmanager
def _rest() -> Iterator[World]:
    model = LinstorModel.from_cluster(CLUSTER)
    with serve(model) as server:
        yield ServedWorld(RestClusters({}).of(_settings(server.url)), model, server)


@contextmanager
def _old_rest() -> Iterator[World]:
    """A server that has no query for the space of a group (linstor.md 0.2)."""
    with _rest() as world:
        world.model.rest_api_version = "1.16.0"  # type: ignore[attr-defined] # it is a ServedWorld
        yield world


@contextmanager
def _real() -> Iterator[World]:
    controllers, hosts = os.environ.get("LS_CONTROLLERS", ""), os.environ.get("LINSTOR_TEST_HOSTS", "")
    if not controllers or not hosts:
        pytest.skip("no real controller: LS_CONTROLLERS, LINSTOR_TEST_GROUP and LINSTOR_TEST_HOSTS name one")
    world = World(RestClusters(os.environ).of(_settings(*controllers.split(","))), tuple(hosts.split(",")))
    world.two = GroupName(os.environ.get("LINSTOR_TEST_GROUP", "two"))
    try:
        yield world
    finally:
        world.clean()


_WORLDS = {"memory": _memory, "rest": _rest, "old": _old_rest, "real": _real}


@pytest.fixture(params=["memory", "rest", pytest.param("real", marks=pytest.mark.real_controller)])
def cluster_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Every implementation in turn."""
    with _WORLDS[request.param]() as world:
        yield world


@pytest.fixture
def cluster_served() -> Iterator[World]:
    """The real adapter alone, with a controller whose replies can be spoilt."""
    with _rest() as world:
        yield world


@pytest.fixture(params=["memory", "rest"])
def cluster_simulated(request: pytest.FixtureRequest) -> Iterator[World]:
    """Every implementation whose hosts can be made to fail."""
    with _WORLDS[request.param]() as world:
        yield world


@pytest.fixture(params=["memory", "rest", "old"])
def cluster_of_any_age(request: pytest.FixtureRequest) -> Iterator[World]:
    """Every simulated implementation, and the real adapter before a server that knows less."""
    with _WORLDS[request.param]() as world:
        yield world
