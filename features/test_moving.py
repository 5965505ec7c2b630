"""Steps of moving.feature."""

from __future__ import annotations

from moving_cloud import PROLOG_MIGRATE, PROLOG_MIGRATE_POWEROFF, PROLOG_MIGRATE_SUSPEND, PROLOG_MIGRATE_UNKNOWN
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import GROUP, SYSTEMS, VM, World

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR, SYSTEM_SHARED
from entrypoints.sandbox.documents import RUNNING

scenarios("moving.feature")

CARRIED_AT_MOST = 512 * 1024
"""Bytes that may pass for all files of a VM directory; a disk has eight times as many."""
DAMAGING_TAR = """#!/bin/bash
PATH=${PATH/"${0%/*}:"/}
tar "$@" || exit
[[ $SANDBOX_HOST != beta || $3 != -xf ]] || echo damaged >> "$2/checkpoint"
"""
CONTEXT_VOLUME = "OpenNebula-vm-context-vm7-disk{}"


# -- given ----------------------------------------------------------------------------------------


@given(parsers.parse('there is an image "{name}", with replicas on alpha and beta'))
def _image(world: World, name: str) -> None:
    world.have_image(name)
    assert world.replicas(name) == ["alpha", "beta"]


@given("our own system datastore lies on a shared file system")
def _shared(world: World) -> None:
    world.sandbox.hosts.share(SYSTEM_LINSTOR)


@given("the image datastore says LINSTOR_PREFER_LOCAL")
def _prefer_local(world: World) -> None:
    world.cloud.say(IMAGES, LINSTOR_PREFER_LOCAL="YES")


@given("files that arrive on beta are damaged")
def _damaged(world: World) -> None:
    program = world.sandbox.root / "host-bin" / "tar"
    program.write_text(DAMAGING_TAR, encoding="utf-8")
    program.chmod(0o755)


@given("the VM was undeployed, and the addon 3.x left its disk as a file on the front-end")
def _left_as_file(world: World) -> None:
    world.cloud.undeploy(VM)
    (volume,) = world.copies("os")
    data = volume.content(volume.diskful()[0], 0)
    path = world.cloud.file(VM, "disk.0")
    path.unlink(missing_ok=True)
    path.write_bytes(data.read(0, data.size))
    world.sandbox.linstor.definitions.delete(volume.name)
    assert world.copies("os") == []


@given("there are context volumes of the addon 2.x for disk 1 and disk 10 of the VM")
def _contexts(world: World) -> None:
    for disk in (1, 10):
        world.sandbox.linstor.definitions.spawn(GROUP, CONTEXT_VOLUME.format(disk), [4096])


# -- when -----------------------------------------------------------------------------------------


@when(parsers.re(r"the VM is saved and migrated to (?P<host>\w+)(, on (?P<kind>.*) system datastore)?$"))
def _saved(world: World, host: str, kind: str | None) -> None:
    system = SYSTEMS[kind] if kind else None
    world.cloud.suspend(VM)
    world.tried(lambda: world.cloud.migrate(VM, host, PROLOG_MIGRATE, system))


@when(parsers.re(r"the VM is powered off and migrated to (?P<host>\w+)$"))
def _powered_off(world: World, host: str) -> None:
    world.cloud.power_off(VM)
    world.tried(lambda: world.cloud.migrate(VM, host, PROLOG_MIGRATE_POWEROFF))


@when("the VM is powered off and migrated to a host that holds no replica")
def _to_a_stranger(world: World) -> None:
    _powered_off(world, world.strangers("os")[0])


@when(parsers.parse("the VM is UNKNOWN and migrated to {host}"))
def _unknown(world: World, host: str) -> None:
    world.tried(lambda: world.cloud.migrate(VM, host, PROLOG_MIGRATE_UNKNOWN))


@when(parsers.parse("the VM that is suspended is migrated to {host}"))
def _suspended_moves(world: World, host: str) -> None:
    world.tried(lambda: world.cloud.migrate(VM, host, PROLOG_MIGRATE_SUSPEND))


@when("the same orders are given again")
def _again(world: World) -> None:
    world.tried(lambda: world.cloud.move_again(VM))


@when("beta is well again")
def _well(world: World) -> None:
    (world.sandbox.root / "host-bin" / "tar").unlink()


# -- then -----------------------------------------------------------------------------------------


@then(parsers.parse("the VM is on {host} with its memory"))
@then(parsers.parse("the VM boots on {host}"))
def _goes_on(world: World, host: str) -> None:
    assert world.failed is None
    if world.cloud.vms[VM].lcm_state != RUNNING:
        world.cloud.go_on(VM)
    assert world.sandbox.guests.guests[VM].host == world.host() == host


@then("the VM boots there")
def _boots_there(world: World) -> None:
    _goes_on(world, world.host())


@then("no host uses the disk")
def _nobody(world: World) -> None:
    assert world.failed is None
    assert world.volume().wanted_diskless() == []


@then("no disk data was moved")
def _nothing_moved(world: World) -> None:
    moves = [ended for name, ended in world.cloud.calls if name.startswith("tm/") and "/mv" in name]
    carried = sum(each.bytes_in + each.bytes_out for ended in moves for each in ended.ssh_sessions)
    assert moves
    assert carried < CARRIED_AT_MOST
    assert world.identities() == world.began_as


@then("nothing of the VM is anywhere else")
def _nothing_elsewhere(world: World) -> None:
    shared = f"datastores/{SYSTEM_SHARED}/" if world.cloud.vms[VM].now.datastore == SYSTEM_SHARED else "-"
    assert {key for key in world.files() if shared not in key and not key.startswith(f"{world.host()} ")} == set()
    assert {each.node for each in world.copies("os")[0].wanted_diskless()} <= {world.host()}


@then(parsers.parse("the memory of the VM is still on {host}"))
def _memory_there(world: World, host: str) -> None:
    assert world.cloud.file(VM, "checkpoint", host).read_bytes() == world.cloud.memory[VM]


@then(parsers.parse("LINSTOR knows what is owed on {host}"))
def _is_owed(world: World, host: str) -> None:
    assert world.owed(world.volume()) == [host]
    assert world.link(host)


@then("nothing is owed any more")
def _settled(world: World) -> None:
    assert world.failed is None
    assert world.owed(world.volume()) == []


@then(parsers.parse("{host} has no link to the disk"))
def _no_link(world: World, host: str) -> None:
    assert not world.link(host)


@then(parsers.re(r"the context volume for disk (?P<disk>\d+) is (?P<then>gone|still there)$"))
def _context_volume(world: World, disk: str, then: str) -> None:
    assert world.failed is None
    there = CONTEXT_VOLUME.format(disk) in world.sandbox.linstor.state.definitions
    assert there == (then == "still there")


@then("that host holds a replica")
def _holds_replica(world: World) -> None:
    (volume,) = world.copies("os")
    assert world.host() in {each.node for each in volume.diskful()}
