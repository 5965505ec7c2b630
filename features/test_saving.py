"""Steps of saving.feature."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World, bytes_of

scenarios("saving.feature")

NEW = 60
CURRENT = -1


@dataclass
class Wanted:
    """What a scenario remembers: the bytes that the new image must have, and which volume it was at first."""

    data: bytes = b""
    first: str = ""


@pytest.fixture
def wanted(still: list[bool]) -> Wanted:
    """What this scenario remembers."""
    assert still == []
    return Wanted()


def _new(world: World) -> str:
    return world.cloud.images[NEW].source


# -- given ----------------------------------------------------------------------------------------


@given("the disk has snapshot 0, and the guest has written since")
def _snapshot(world: World, wanted: Wanted) -> None:
    wanted.data = bytes_of(world.volume())
    world.cloud.take_snapshot(VM, 0, 0)
    world.sandbox.guests.write_all(VM, 8)


@given("the next copy breaks on a host with a replica")
def _breaks_once(world: World) -> None:
    world.break_copies(world.other_replica(), once=True)


@given("every copy breaks on a host with a replica")
def _breaks_always(world: World) -> None:
    world.break_copies(world.other_replica(), once=False)


# -- when -----------------------------------------------------------------------------------------


@when("the disk is saved as a new image")
def _saved(world: World, wanted: Wanted) -> None:
    wanted.data = bytes_of(world.volume())
    world.tried(lambda: world.cloud.save_as(VM, NEW))


@when(parsers.parse("snapshot {number:d} of the disk is saved as a new image"))
def _snapshot_saved(world: World, number: int) -> None:
    world.tried(lambda: world.cloud.save_as(VM, NEW, number))


@when("the guest writes, and the same call comes again")
def _again(world: World, wanted: Wanted) -> None:
    wanted.first = world.identities()[_new(world)][0]
    world.sandbox.guests.write_all(VM, 8)
    world.tried(lambda: world.cloud.save_again(VM, NEW))


# -- then -----------------------------------------------------------------------------------------


@then("the new image has what the disk had, and two replicas")
@then("the new image has what snapshot 0 holds, and two replicas")
def _has(world: World, wanted: Wanted) -> None:
    assert world.failed is None
    volume = world.sandbox.linstor.state.definitions[_new(world)]
    assert len(volume.diskful()) == 2
    assert bytes_of(volume) == wanted.data


@then("LINSTOR was asked for two copies")
def _asked_twice(still: list[bool]) -> None:
    assert len(still) == 2


@then("it is the copy of the first call")
def _same(world: World, wanted: Wanted) -> None:
    assert world.identities()[_new(world)][0] == wanted.first


@then("the order fails and names the new image")
def _fails(world: World) -> None:
    assert world.failed is not None
    assert _new(world) in world.failed.ended.stderr


@then("there is no new image")
def _none(world: World) -> None:
    assert world.failed is not None
    assert _new(world) not in world.sandbox.linstor.state.definitions
