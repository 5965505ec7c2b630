"""Steps of monitoring.feature."""

from __future__ import annotations

import pytest
from conftest import HOSTS, World
from pytest_bdd import given, parsers, scenarios, then, when

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR

scenarios("monitoring.feature")

GIB = 1024 * 1024
DATASTORES = {"image": ("datastore", IMAGES), "system": ("tm", SYSTEM_LINSTOR)}


@given(parsers.parse("a thin pool of {size:d} GiB on each host"))
def _pools(world: World, size: int) -> None:
    pools = [world.sandbox.linstor.state.nodes[host].pools["data"] for host in HOSTS]
    assert all(pool.thin and pool.total == size * GIB for pool in pools)


@given("delta is offline")
def _offline(world: World) -> None:
    world.sandbox.linstor.events.satellite_down("delta")


@given("delta is being evacuated")
def _evacuated(world: World) -> None:
    world.sandbox.linstor.nodes.evacuate("delta")


@given("delta is no target for placement")
def _no_target(world: World) -> None:
    world.sandbox.linstor.state.nodes["delta"].props["AutoplaceTarget"] = "False"


@given("only alpha is online")
def _alone(world: World) -> None:
    for host in HOSTS[1:]:
        world.sandbox.linstor.events.satellite_down(host)


@given("LINSTOR is older than 1.21")
def _old(world: World) -> None:
    world.sandbox.linstor.rest_api_version = "1.16.0"


@given(parsers.parse("every pool has {left:d} GiB left"))
def _left(world: World, left: int) -> None:
    for host in HOSTS:
        world.sandbox.linstor.state.nodes[host].pools["data"].free = left * GIB


@given(parsers.parse('the datastore names the resource group "{group}"'))
def _group(world: World, group: str) -> None:
    world.cloud.use_group(group)


@given("the LINSTOR controller is down")
def _down(world: World) -> None:
    world.sandbox.server.close()


@when(parsers.parse("oned monitors the {which} datastore"), target_fixture="told")
def _monitor(world: World, which: str) -> dict[str, int]:
    told: list[str] = []
    world.tried(lambda: told.append(world.cloud.monitor(*DATASTORES[which])))
    return {key: int(value) for key, _, value in (line.partition("=") for text in told for line in text.splitlines())}


@then(parsers.parse("it tells {total:d} GiB in all, and {free:d} GiB free"))
def _told(told: dict[str, int], total: int, free: int) -> None:
    assert told == {"USED_MB": (total - free) * 1024, "TOTAL_MB": total * 1024, "FREE_MB": free * 1024}


@then(parsers.parse('the order fails and says "{words}"'))
def _fails(world: World, told: dict[str, int], words: str) -> None:
    assert told == {}, "zeros would be believed"
    if world.failed is None:
        pytest.fail("the order has succeeded")
    assert world.failed.ended.exit_code == 1
    assert world.failed.ended.stdout == ""
    assert words in world.failed.ended.stderr
