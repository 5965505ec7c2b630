"""One LINSTOR cluster: the operations of a controller over nodes, pools, volumes with contents, and DRBD."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.memory.linstor.clones import Clones
from adapters.memory.linstor.contents import Contents
from adapters.memory.linstor.controller import Controller
from adapters.memory.linstor.definitions import Definitions
from adapters.memory.linstor.deploy import Deploy
from adapters.memory.linstor.devices import Devices
from adapters.memory.linstor.events import Events
from adapters.memory.linstor.groups import Groups
from adapters.memory.linstor.nodes import Nodes
from adapters.memory.linstor.objects import DEFAULT_GROUP, DISKLESS_POOL, UNLIMITED, Group, Node, Pool
from adapters.memory.linstor.removal import Removal
from adapters.memory.linstor.resources import Resources
from adapters.memory.linstor.restoring import Restoring
from adapters.memory.linstor.satellites import Satellites
from adapters.memory.linstor.space import Space
from adapters.memory.linstor.state import Listener, State
from adapters.memory.linstor.volumes import Volumes

GIB = 1024 * 1024


class LinstorModel:
    """The model. *rest_api_version* may be set to play an older server."""

    def __init__(self, contents: Contents | None = None, now: Callable[[], float] = time.time) -> None:
        self.server_version = "1.33.3"
        self.state = State(contents, now)
        self.space = Space(self.state)
        satellites = Satellites(self.state)
        deploy = Deploy(self.state, satellites)
        removal = Removal(self.state, satellites, deploy)
        self.controller = Controller(self.state)
        self.groups = Groups(self.state, self.space)
        self.resources = Resources(self.state, self.space, satellites, deploy, removal)
        self.nodes = Nodes(self.state, self.resources)
        self.definitions = Definitions(self.state, satellites, self.resources, removal)
        self.volumes = Volumes(self.state, self.space, satellites, deploy, self.definitions)
        self.snapshots = Restoring(self.state, satellites, deploy, removal, self.resources)
        self.clones = Clones(self.state, satellites, deploy)
        self.events = Events(self.state, self.definitions)

    @property
    def rest_api_version(self) -> str:
        """What the server can do (linstor.md 0.1)."""
        return self.state.rest_api_version

    @rest_api_version.setter
    def rest_api_version(self, version: str) -> None:
        self.state.rest_api_version = version

    @property
    def devices(self) -> Devices:
        """The devices of all nodes."""
        return self.state.devices

    def listen(self, listener: Listener) -> None:
        """Be told when a device appears, changes or vanishes."""
        self.state.listeners.append(listener)

    def add_node(self, name: str, pools: Sequence[Pool] = (), address: str = "127.0.0.1") -> Node:
        """Put a node into the cluster, with its pools and the diskless one that every node has."""
        node = Node(name, address=address)
        for pool in [*pools, Pool(DISKLESS_POOL, "DISKLESS", UNLIMITED, UNLIMITED)]:
            node.pools.setdefault(pool.name, pool)
        self.state.nodes[name] = node
        return node

    def add_group(self, name: str, **select_filter: Any) -> Group:
        """Put a resource group into the cluster, with one volume group."""
        group = Group(name, dict(select_filter))
        self.state.groups[name] = group
        return group

    @classmethod
    def simple(
        cls,
        hosts: Sequence[str] = ("alpha", "beta", "gamma"),
        *,
        diskless: Sequence[str] = (),
        groups: Mapping[str, int] | None = None,
        kind: str = "LVM_THIN",
        size_kib: int = 64 * GIB,
        contents: Contents | None = None,
        now: Callable[[], float] = time.time,
    ) -> LinstorModel:
        """A cluster whose *hosts* have one pool `data` each; *groups*: name -> number of replicas."""
        model = cls(contents, now)
        for host in hosts:
            props = {"StorDriver/StorPoolName": "vg_data/thin"}
            model.add_node(host, [Pool("data", kind, size_kib, size_kib, props)])
        for host in diskless:
            model.add_node(host)
        model.add_group(DEFAULT_GROUP, place_count=2)
        for name, count in (groups or {"one": 2}).items():
            model.add_group(name, place_count=count, storage_pool="data", storage_pool_list=["data"])
        return model

    @classmethod
    def from_cluster(cls, cluster: Mapping[str, Any], now: Callable[[], float] = time.time) -> LinstorModel:
        """The cluster that the head of a recorded scenario describes."""
        model = cls(now=now)
        for each in cluster.get("nodes", ()):
            pools = [_pool(pool) for pool in each.get("pools", ())]
            node = model.add_node(each["name"], pools, each.get("address", "127.0.0.1"))
            node.kind = each.get("type", node.kind)
        for each in cluster.get("resource_groups", ()):
            group = model.add_group(each["name"], **each.get("select_filter", {}))
            group.description = each.get("description", "")
            group.props = dict(each.get("props") or {})
        return model


def _pool(given: Mapping[str, Any]) -> Pool:
    return Pool(
        given["storage_pool_name"],
        given["provider_kind"],
        int(given.get("total_capacity", 0)),
        int(given.get("free_capacity", 0)),
        dict(given.get("props") or {}),
        given.get("shared_space", ""),
    )
