"""Space on servers that have no query for it, from their nodes and pools (linstor.md 2.2, 2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.linstor.pool_space import placed_kib
from domain.errors import ControllerFailed, UnknownGroup
from domain.names import GroupName, VolumeName
from domain.volumes import Capacity

ONE = GroupName("rg-one")
LARGEST = "GET /v1/resource-groups/rg-one/query-max-volume-size"
NOT_ENOUGH = {"ret_code": -(2**62) + 996, "message": "Not enough available nodes"}
THIN = {"storage_pool_name": "data", "provider_kind": "LVM_THIN", "free_capacity": 60, "total_capacity": 100}


def pool(node: str, store: str = "", **more: Any) -> dict[str, Any]:
    """An element of `view/storage-pools`."""
    return {**THIN, "node_name": node, "free_space_mgr_name": store or f"{node};data", **more}


@pytest.fixture
def old(script: Any) -> Any:
    """Lets an old server speak: `old(pools, largest=..., **select_filter)`."""

    def say(pools: list[dict[str, Any]], largest: int = 60, **select_filter: Any) -> None:
        script.say("GET /v1/resource-groups", body=[{"name": "rg-one", "select_filter": select_filter}])
        names = sorted({each["node_name"] for each in pools})
        script.say("GET /v1/nodes", body=[{"name": name, "connection_status": "ONLINE"} for name in names])
        script.say("GET /v1/view/storage-pools", body=pools)
        script.say(LARGEST, body={"candidates": [{"max_volume_size_kib": largest}] if largest else []})

    return say


def test_every_store_once_and_diskless_pools_never(script: Any, cluster: Any, old: Any) -> None:
    """Two nodes that share a store are one place for a replica; a pool of an offline node has no size."""
    offline = {key: value for key, value in pool("d").items() if not key.endswith("capacity")}
    diskless = pool("e", provider_kind="DISKLESS", free_capacity=2**63 - 1, total_capacity=2**63 - 1)
    old([pool("a", "san"), pool("b", "san"), pool("c"), offline, diskless], place_count=2, storage_pool="data")
    assert cluster.capacity(ONE) == Capacity(100, 60, 60)
    assert script.heard[-1].query == {"storage_pools": ["data"], "cached": ["true"]}


def test_only_the_pools_of_the_list_are_asked_for(script: Any, cluster: Any, old: Any) -> None:
    """A filter may have the list alone, without the member for a single pool."""
    old([pool("a"), pool("a", "x", storage_pool_name="other")], place_count=1, storage_pool_list=["DATA"])
    assert cluster.capacity(ONE) == Capacity(100, 60, 60)
    assert script.heard[-1].query == {"storage_pools": ["DATA"], "cached": ["true"]}


def test_a_group_without_a_count_wants_two_replicas(cluster: Any, old: Any) -> None:
    """LINSTOR's own default."""
    old([pool("a"), pool("b"), pool("c")])
    assert cluster.capacity(ONE) == Capacity(100, 60, 60)


def test_full_pools_are_known(cluster: Any, old: Any) -> None:
    """A datastore without free space still has its size."""
    old([pool("a", free_capacity=0), pool("b", free_capacity=0)], largest=0, place_count=2)
    assert cluster.capacity(ONE) == Capacity(100, 0, 0)


@pytest.mark.parametrize(
    "said", [{"body": {"candidates": []}}, {"status": 500, "body": [NOT_ENOUGH]}], ids=["no candidate", "996"]
)
def test_nothing_is_free_where_linstor_finds_no_place(script: Any, cluster: Any, old: Any, said: Any) -> None:
    """It knows rules of placement that pools do not show, such as replicas_on_different."""
    old([pool("a"), pool("b")], place_count=2)
    script.forget(LARGEST)
    script.say(LARGEST, **said)
    assert cluster.capacity(ONE) == Capacity(100, 0, 0)


def test_too_few_nodes_are_an_error(cluster: Any, old: Any) -> None:
    """Two pools of one node cannot hold two replicas."""
    old([pool("a"), pool("a", "x", storage_pool_name="other")], place_count=2)
    with pytest.raises(ControllerFailed):
        cluster.capacity(ONE)


def test_a_group_that_is_gone_by_then_is_named(script: Any, cluster: Any, old: Any) -> None:
    """Between two requests somebody may delete it."""
    old([pool("a")], place_count=1)
    script.forget("GET /v1/resource-groups")
    script.say("GET /v1/resource-groups", body=[])
    with pytest.raises(UnknownGroup, match="rg-one"):
        cluster.capacity(ONE)


def on(*nodes: str) -> frozenset[str]:
    return frozenset(nodes)


@pytest.mark.parametrize(
    ("stores", "replicas", "sizes"),
    [
        ([(on("a"), 8), (on("b"), 8), (on("c"), 8)], 2, [8]),
        ([(on("a"), 8), (on("b"), 8), (on("c"), 8)], 1, [8, 8, 8]),
        ([(on("a"), 10), (on("b"), 8), (on("c"), 8)], 2, [8, 2]),
        ([(on("a"), 8), (on("a"), 6)], 2, []),
        ([(on("a", "b"), 8), (on("a"), 6)], 2, [6]),
        ([(on("a"), 0), (on("b"), 0)], 2, [0]),
        ([], 1, []),
    ],
    ids=["one alone is left", "one replica", "the rest of a larger one", "one node", "a moves to b", "full", "none"],
)
def test_volumes_that_fill_the_stores(
    stores: list[tuple[frozenset[str], int]], replicas: int, sizes: list[int]
) -> None:
    """Every volume is on different nodes and in different stores, the largest possible one first."""
    assert placed_kib(stores, replicas) == sizes


def replica(name: str, allocated: int, node: str = "host-a") -> dict[str, Any]:
    """An element of `view/resources`: an up-to-date replica."""
    volume = {"volume_number": 0, "allocated_size_kib": allocated, "state": {"disk_state": "UpToDate"}}
    layer = {"type": "DRBD", "drbd": {}}
    return {"name": name, "node_name": node, "layer_object": layer, "state": {"in_use": False}, "volumes": [volume]}


def test_a_size_that_the_satellite_has_not_told_is_none(script: Any, cluster: Any) -> None:
    """-1 is not zero; the other replica still counts."""
    told = [replica("one", -1), replica("two", -1), replica("two", 7, "host-b"), replica("three", 0)]
    script.say("GET /v1/view/resources", body=told)
    assert cluster.allocated([VolumeName(each) for each in ("one", "two", "three")]) == {"two": 7, "three": 0}
    assert script.heard[-1].query == {"resources": ["one", "two", "three"]}


def test_many_volumes_are_one_request(script: Any, cluster: Any) -> None:
    """More names than a request line can hold are looked for in the list of all, and others' are left out."""
    script.say("GET /v1/view/resources", body=[replica("v-7", 70), replica("foreign", 1)])
    assert cluster.allocated([VolumeName(f"v-{number}") for number in range(5000)]) == {"v-7": 70}
    assert [each.query for each in script.heard] == [{}]
