"""Steps of live_migration.feature."""

from __future__ import annotations

import pytest
from moving_cloud import SECOND_SYSTEM
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World

from adapters.memory.linstor import OpenRefused
from entrypoints.sandbox.cloud import SYSTEM_LINSTOR

scenarios("live_migration.feature")


def _target(world: World) -> str:
    return next(host for host in world.strangers("db") if host != world.host())


def _source(world: World) -> str:
    return world.cloud.vms[VM].history[-2].host


def _prepare(world: World) -> None:
    world.cloud.prepare_migration(VM, _target(world))


def _migrate(world: World) -> None:
    _prepare(world)
    world.cloud.migrate_guest(VM)
    world.cloud.finish_migration(VM)


@given(parsers.parse('a VM with the image "{name}" runs on a host that holds a replica of it'))
def _runs_with(world: World, name: str) -> None:
    world.cloud.deploy(VM, world.replicas(name)[0], [world.ids[name]])
    world.sandbox.guests.write_all(VM, 16)


@given("the VM was deployed on our own system datastore instead")
def _on_ours(world: World) -> None:
    host = world.host()
    world.cloud.terminate(VM)
    world.cloud.deploy(VM, host, [world.ids["db"]], system=SYSTEM_LINSTOR)
    world.sandbox.guests.write_all(VM, 16)


@given("the VM runs on a host that holds no replica")
def _moved_away(world: World) -> None:
    _migrate(world)
    assert world.host() in world.attached("db")


@given("the VM's disks were prepared for a live migration to a host that holds no replica")
def _prepared(world: World) -> None:
    _prepare(world)
    assert world.definition("db").kernel


@given("the hypervisor failed, and nobody told the driver")
def _nobody_told(world: World) -> None:
    world.cloud.forget_target(VM)


@given(parsers.parse('both hosts have the image "{name}" open for writing'))
def _both_write(world: World, name: str) -> None:
    world.cloud.begin_in_hypervisor(VM)
    assert world.source(name)


@given("a second disk of the VM has no reachable copy")
def _second_disk(world: World) -> None:
    world.add_image("lost", persistent=True)
    world.cloud.attach(VM, 2, world.ids["lost"])
    for host in world.replicas("lost"):
        world.sandbox.linstor.events.lose_disk(host, world.source("lost"))


@when("the VM migrates live to a host that holds no replica")
@when("the VM migrates live to another host that holds no replica")
def _migrates(world: World) -> None:
    _migrate(world)


@when("the VM's disks are prepared for a live migration to a host that holds no replica")
def _prepares(world: World) -> None:
    world.tried(lambda: _prepare(world))


@when("the migration of the VM fails in the hypervisor")
def _fails(world: World) -> None:
    _prepare(world)
    world.cloud.fail_in_hypervisor(VM)


@when("the VM migrates live to another system datastore of its host", target_fixture="left")
def _changes_datastore(world: World) -> str:
    return world.cloud.change_system_datastore(VM, SECOND_SYSTEM)


@when("the driver is told that the migration is over")
def _told_over(world: World) -> None:
    world.tried(lambda: world.cloud.finish_migration(VM))


@then(parsers.parse("the new host uses the image over the network"))
def _over_network(world: World) -> None:
    assert world.attached("db") == {world.host()}


@then(parsers.parse('no two hosts may write to the image "{name}" any more'))
def _one_writer(world: World, name: str) -> None:
    assert not world.definition(name).kernel


@then(parsers.parse('the old host has no link to the image "{name}"'))
def _no_link(world: World, name: str) -> None:
    assert world.source(name)
    assert not world.link(_source(world))


@then(parsers.parse('a third host cannot open the image "{name}" for writing'))
def _third(world: World, name: str) -> None:
    world.cloud.begin_in_hypervisor(VM)
    third = next(host for host in world.replicas(name) if host not in (_source(world), world.host()))
    with pytest.raises(OpenRefused):
        world.sandbox.linstor.devices.open(third, world.source(name), write=True)


@then(parsers.parse('the target host does not have the image "{name}" attached'))
def _not_attached(world: World, name: str) -> None:
    assert world.attached(name) == set()


@then("the old system datastore has nothing of the VM")
def _nothing_left(world: World, left: str) -> None:
    assert not world.sandbox.host_path(world.host(), left).exists()
    assert world.link(world.host())


@then("the order fails and names the second disk")
def _names_second(world: World) -> None:
    assert world.failed is not None
    assert world.source("lost") in world.failed.ended.stderr


@then("when the old host has closed the disk, telling the driver again ends the migration")
def _again(world: World) -> None:
    world.sandbox.guests.finish_migration(VM, world.host(), world.cloud.directory(VM))
    world.cloud.finish_migration(VM)
    assert not world.definition("db").kernel
    assert world.sandbox.guests.lost(VM) == []
