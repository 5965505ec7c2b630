"""Steps of resizing.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import IMAGE_MIB, VM, World

from entrypoints.sandbox.cloud import IMAGES
from entrypoints.sandbox.guests import BLOCK

scenarios("resizing.feature")

MIB = 1024 * 1024


@given("alpha does not show the new size of its devices")
def _late(world: World) -> None:
    world.cloud.say(IMAGES, LINSTOR_DEVICE_TIMEOUT="1")
    world.sandbox.hosts.hold_back("alpha")


@given(parsers.parse("the disk was resized to {size:d} MiB"))
def _was_resized(world: World, size: int) -> None:
    world.cloud.resize(VM, size)


@given("the data network of a host with a replica is cut, and LINSTOR sees it online")
def _cut(world: World) -> None:
    world.cloud.say(IMAGES, LINSTOR_TIMEOUT="1")
    world.sandbox.linstor.events.cut_network(world.other_replica())


@given("the volume cannot be extended on a host with a replica")
def _fails_there(world: World) -> None:
    world.sandbox.linstor.events.fail(world.other_replica(), "lvresize")


@when("that host is well again")
def _well(world: World) -> None:
    world.sandbox.linstor.events.heal(world.other_replica())


@when(parsers.parse("the disk is resized to {size:d} MiB"))
def _resized(world: World, size: int) -> None:
    world.tried(lambda: world.cloud.resize(VM, size))


@then(parsers.parse("the VM's host sees at least {size:d} MiB"))
def _host_sees(world: World, size: int) -> None:
    assert world.failed is None
    device = f"drbd{world.volume().volumes[0].minor}"
    assert world.sandbox.hosts.devices(world.host())[device] >= size * MIB


@then(parsers.parse("the volume has at least {size:d} MiB"))
def _has(world: World, size: int) -> None:
    assert world.failed is None
    assert world.volume().volumes[0].size >= size * 1024


@then("what was added reads as zeros, and the guest can write to it")
def _zeros(world: World) -> None:
    disk = world.sandbox.guests.guests[VM].open[0]
    offsets = range(IMAGE_MIB * MIB, 64 * MIB, 4 * MIB)
    assert {disk.read(offset) for offset in offsets} == {bytes(BLOCK)}
    disk.write(64 * MIB - BLOCK, b"x" * BLOCK)
    assert disk.read(64 * MIB - BLOCK) == b"x" * BLOCK


@then("the growth of no replica is pending")
def _none_pending(world: World) -> None:
    volume = world.volume()
    assert "RESIZE" not in volume.volumes[0].flags
    assert not [each.node for each in volume.resources.values() if "RESIZE" in each.volume_flags]
