"""Steps of capacity.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then
from worlds import GIB, HOSTS, Told, World

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR

scenarios("capacity.feature")


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


@given(parsers.parse('the datastores name the resource group "{group}"'))
def _group(world: World, group: str) -> None:
    for datastore in (IMAGES, SYSTEM_LINSTOR):
        world.cloud.say(datastore, LINSTOR_RESOURCE_GROUP=group)


@given("the LINSTOR controller is down")
def _down(world: World) -> None:
    world.sandbox.server.close()


@given("alpha and beta share their pool")
def _share(world: World) -> None:
    for host in ("alpha", "beta"):
        world.sandbox.linstor.state.nodes[host].pools["data"].shared = "san"


@then(parsers.parse("it tells {total:d} GiB in all, and {free:d} GiB free"))
def _space(told: Told, total: int, free: int) -> None:
    sizes = {"USED_MB": (total - free) * 1024, "TOTAL_MB": total * 1024, "FREE_MB": free * 1024}
    assert told == {name: str(size) for name, size in sizes.items()}


@then("no space is told")
def _nothing(world: World, told: Told) -> None:
    assert told == {}, "zeros would be believed"
    assert world.failed is not None
    assert world.failed.ended.stdout == ""
