"""Faults of LINSTOR and its resource groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.e2e.doctor.fault import Fault, Plant, warned
from tests.e2e.doctor.faults_oned import updated
from tests.e2e.doctor.world import GIB, GROUP, IMAGES, LINSTOR, World


def _second_controller(world: World) -> None:
    """It answers, and is no LINSTOR."""
    both = f"{world.sandbox.controller},{world.sandbox.oned.url.removeprefix('http://').partition('/')[0]}"
    for each in (IMAGES, LINSTOR):
        world.update(each, LINSTOR_CONTROLLERS=both)


def _property(key: str, value: str) -> Plant:
    return lambda world: world.sandbox.linstor.state.properties.update({key: value})


def _group_property(key: str, value: str) -> Plant:
    return lambda world: world.sandbox.linstor.state.groups[GROUP].props.update({key: value})


def _filter(**values: Any) -> Plant:
    return lambda world: world.sandbox.linstor.state.groups[GROUP].select_filter.update(values)


def _node(name: str, **values: Any) -> Plant:
    """LINSTOR says something else about a node."""

    def change(facts: Any) -> Any:
        return replace(
            facts, nodes=tuple(replace(each, **values) if each.name == name else each for each in facts.nodes)
        )

    return lambda world: world.changes.update(linstor=change)


def _pool(name: str, **values: Any) -> Plant:
    def change(facts: Any) -> Any:
        pools = (replace(each, **values) if (each.node, each.name) == (name, "data") else each for each in facts.pools)
        return replace(facts, pools=tuple(pools))

    return lambda world: world.changes.update(linstor=change)


def _two_nodes(world: World) -> None:
    for name in ("host-c", "one-fe"):
        del world.sandbox.linstor.state.nodes[name]
    world.sandbox.oned.forget("host", 2)


def _kind(name: str, kind: str) -> Plant:
    return lambda world: setattr(world.sandbox.linstor.state.nodes[name].pools["data"], "kind", kind)


LINSTOR_FAULTS = (
    Fault("LINSTOR is down", "linstor.answers", "refused", lambda world: world.sandbox.server.close()),
    warned("a controller that is none", "linstor.controllers", "not as LINSTOR", _second_controller),
    Fault(
        "old LINSTOR",
        "linstor.version",
        "1.17.0",
        lambda world: setattr(world.sandbox.linstor, "server_version", "1.17.0"),
    ),
    warned(
        "node offline",
        "linstor.nodes",
        "host-c is OFFLINE",
        lambda world: setattr(world.sandbox.linstor.state.nodes["host-c"], "online", False),
    ),
    Fault(
        "satellite of another version", "linstor.nodes", "VERSION_MISMATCH", _node("host-c", status="VERSION_MISMATCH")
    ),
    warned(
        "node given up",
        "linstor.evicted",
        "EVICTED",
        lambda world: world.sandbox.linstor.state.nodes["host-c"].flags.add("EVICTED"),
    ),
    Fault(
        "host without node",
        "linstor.host-nodes",
        "host-c",
        lambda world: world.sandbox.linstor.state.nodes.pop("host-c"),
    ),
    Fault("node without satellite", "linstor.host-nodes", "CONTROLLER", _node("host-c", kind="CONTROLLER")),
    Fault(
        "node without DRBD",
        "linstor.drbd",
        "no module",
        _node("host-c", layers=("STORAGE",), lacks={"DRBD": "no module"}),
    ),
    warned(
        "no tiebreakers", "linstor.quorum", "tiebreaker", _property("DrbdOptions/auto-add-quorum-tiebreaker", "false")
    ),
    warned("no quorum", "linstor.quorum", "quorum off", _property("DrbdOptions/Resource/quorum", "off")),
    Fault(
        "two primaries everywhere",
        "linstor.writers",
        "two primaries",
        _property("DrbdOptions/Net/allow-two-primaries", "yes"),
    ),
    Fault("protocol A", "linstor.writers", "protocol A", _property("DrbdOptions/Net/protocol", "A")),
    Fault("no auto-promote", "linstor.writers", "auto-promote", _property("DrbdOptions/Resource/auto-promote", "no")),
    Fault("unknown group", "group.exists", "'gold'", updated(LINSTOR_RESOURCE_GROUP="gold")),
    warned("one replica", "group.replicas", "one replica", _filter(place_count=1)),
    Fault("two replicas without DRBD", "group.replicas", "without DRBD", _filter(layer_stack=["STORAGE"])),
    Fault(
        "pool of nobody",
        "group.pools",
        "0 nodes with pool fast",
        _filter(storage_pool="fast", storage_pool_list=["fast"]),
    ),
    Fault("four replicas", "group.pools", "4 replicas", _filter(place_count=4)),
    warned("nowhere for a tiebreaker", "group.witness", "2 nodes", _two_nodes),
    warned("thick LVM", "group.snapshots", "data on host-b (LVM)", _kind("host-b", "LVM")),
    Fault("files as pools", "group.clones", "FILE_THIN", _kind("host-b", "FILE_THIN")),
    warned("pool nearly full", "group.space", "5% left", _pool("host-b", free_kib=5 * GIB, total_kib=100 * GIB)),
    Fault("pool full", "group.space", "1% left", _pool("host-b", free_kib=GIB, total_kib=100 * GIB)),
    Fault("pool with errors", "group.pool-errors", "metadata", _pool("host-b", errors=("thin metadata is full",))),
    Fault(
        "group with two primaries",
        "group.writers",
        "the group allows",
        _group_property("DrbdOptions/Net/allow-two-primaries", "yes"),
    ),
    warned(
        "group without tiebreakers",
        "group.quorum",
        "the group",
        _group_property("DrbdOptions/auto-add-quorum-tiebreaker", "False"),
    ),
)
