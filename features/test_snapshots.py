"""Steps of snapshots.feature."""

from __future__ import annotations

import re

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World, bytes_of

from adapters.memory.linstor.objects import Definition, Snapshot

scenarios("snapshots.feature")

IMAGE_ACTIONS = {"deleted": "snap_delete", "set back": "snap_revert", "flattened": "snap_flatten"}
END = -1
"""Instead of a snapshot: what the VM left."""


class Memory:
    """What a scenario remembers: the bytes that each snapshot must have, and names of snapshots."""

    def __init__(self) -> None:
        self.held: dict[int, bytes] = {}
        self.names: set[str] = set()


@pytest.fixture
def memory(still: list[bool]) -> Memory:
    """What this scenario remembers."""
    assert still == []
    return Memory()


def _take(world: World, memory: Memory, number: int, date: int = 0) -> None:
    memory.held[number] = bytes_of(world.volume())
    world.cloud.take_snapshot(VM, number, date or number)


def _numbered(volume: Definition) -> dict[int, list[Snapshot]]:
    found: dict[int, list[Snapshot]] = {}
    for name, snapshot in volume.snapshots.items():
        found.setdefault(int(name.removeprefix("OpenNebula-Snap-").split("-")[0]), []).append(snapshot)
    return found


# -- given ----------------------------------------------------------------------------------------


@given("no snapshot can be made on a host with a replica")
def _broken(world: World) -> None:
    world.sandbox.linstor.events.fail(world.other_replica(), "lvcreate")


@given("LINSTOR is 1.30, which goes back to the newest snapshot only")
def _old_server(world: World) -> None:
    world.sandbox.linstor.rest_api_version = "1.24.0"


@given("the disk has ALLOW_ORPHANS=LINEAR")
def _linear(world: World) -> None:
    world.cloud.vms[VM].disks[0]["ALLOW_ORPHANS"] = "LINEAR"


@given("the disk has snapshots 0 and 1, and the guest wrote after each")
def _two(world: World, memory: Memory) -> None:
    for number in (0, 1):
        _take(world, memory, number)
        world.sandbox.guests.write_all(VM, 8)


@given("the disk has snapshot 0, which oned has forgotten")
def _stale(world: World, memory: Memory) -> None:
    _take(world, memory, 0)
    world.cloud.vms[VM].snapshots.clear()
    memory.names = set(world.volume().snapshots)


@given("the guest has written since")
def _written(world: World) -> None:
    world.sandbox.guests.write_all(VM, 8)


@given("the VM has ended")
def _ended(world: World, memory: Memory) -> None:
    memory.held[END] = bytes_of(world.volume())
    world.cloud.terminate(VM)


# -- when -----------------------------------------------------------------------------------------


@when(parsers.parse("snapshot {number:d} of the disk is taken"))
def _taken(world: World, memory: Memory, number: int) -> None:
    world.tried(lambda: _take(world, memory, number, 50 + number))


@when("the guest writes, and the same snapshot is asked for again")
def _again(world: World) -> None:
    world.sandbox.guests.write_all(VM, 8)
    world.tried(lambda: world.cloud.take_again(VM, 0))


@when(parsers.parse("the disk is set back to snapshot {number:d}"))
def _set_back(world: World, number: int) -> None:
    world.tried(lambda: world.cloud.change_snapshot(VM, "snap_revert", number))


@when(parsers.parse("snapshot {number:d} is deleted"))
def _deleted(world: World, number: int) -> None:
    world.tried(lambda: world.cloud.change_snapshot(VM, "snap_delete", number))


@when("a host with a replica goes offline")
def _offline(world: World) -> None:
    world.sandbox.linstor.events.satellite_down(world.other_replica())


@when(parsers.re(r"snapshot (?P<number>\d) of the image is (?P<how>deleted)$"))
@when(parsers.re(r"the image is (?P<how>set back|flattened) to snapshot (?P<number>\d)$"))
def _image_changes(world: World, how: str, number: str) -> None:
    world.tried(lambda: world.cloud.change_image_snapshot(world.ids["db"], IMAGE_ACTIONS[how], int(number)))


# -- then -----------------------------------------------------------------------------------------


@then(parsers.parse("snapshot {number:d} holds what the disk had"))
def _holds(world: World, memory: Memory, number: int) -> None:
    assert world.failed is None
    (snapshot,) = _numbered(world.volume())[number]
    assert {part[0].read(0, len(memory.held[number])) for part in snapshot.parts.values()} == {memory.held[number]}


@then(parsers.parse("the disk has what snapshot {number:d} holds"))
def _has(world: World, memory: Memory, number: int) -> None:
    assert world.failed is None
    assert bytes_of(world.volume()) == memory.held[number]


@then("the VM starts with it")
def _starts(world: World) -> None:
    world.sandbox.guests.guests[VM].written.clear()
    world.cloud.go_on(VM)
    world.sandbox.guests.write_all(VM)
    assert world.sandbox.guests.lost(VM) == []


@then(parsers.parse("the image has what {what} holds"))
def _image_has(world: World, memory: Memory, what: str) -> None:
    number = END if what == "its end" else int(what.removeprefix("snapshot "))
    assert bytes_of(world.definition("db")) == memory.held[number]


@then("the disk has one snapshot 0, with another name than before")
def _replaced(world: World, memory: Memory) -> None:
    assert len(world.volume().snapshots) == 1
    assert not memory.names & set(world.volume().snapshots)


@then(parsers.re(r"the (?P<what>disk|image) has (?P<which>no snapshot|(only )?the snapshots .*)$"))
def _snapshots(world: World, what: str, which: str) -> None:
    volume = world.definition("db") if what == "image" else world.volume()
    assert sorted(_numbered(volume)) == [int(each) for each in re.findall(r"\d", which)]
