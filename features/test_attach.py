"""Steps of attach.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World

scenarios("attach.feature")


@given(parsers.parse('every host that holds a replica of "{name}" is down'))
def _replicas_down(world: World, name: str) -> None:
    for host in world.replicas(name):
        world.dies(host)


@given("the host of the VM is down")
def _host_down(world: World) -> None:
    world.sandbox.guests.stop(VM)
    world.dies(world.host())


@when(parsers.parse('a VM with the image "{name}" is deployed on a host that holds no replica of it'))
def _deploy_without(world: World, name: str) -> None:
    world.tried(lambda: world.cloud.deploy(VM, world.strangers(name)[0], [world.ids[name]]))


@when(parsers.parse('a VM with the image "{name}" is deployed on a host that holds a replica of it'))
def _deploy_with(world: World, name: str) -> None:
    world.tried(lambda: world.cloud.deploy(VM, world.replicas(name)[0], [world.ids[name]]))


@then(parsers.parse('the image "{name}" still has two replicas'))
def _two_replicas(world: World, name: str) -> None:
    assert len(world.replicas(name)) == 2
    assert world.attached(name) == {world.host()}


@then("no data was copied")
def _nothing_copied(world: World) -> None:
    assert list(world.sandbox.linstor.state.definitions) == [world.source("db")]
    carried = sum(each.bytes_in + each.bytes_out for _, ended in world.cloud.calls[2:] for each in ended.ssh_sessions)
    assert carried < 100_000


@then("no empty volume was made")
def _no_volume_made(world: World) -> None:
    assert list(world.sandbox.linstor.state.definitions) == [world.source("db")]
    assert len(world.replicas("db")) == 2


@then(parsers.parse('the image "{name}" has a witness'))
def _has_witness(world: World, name: str) -> None:
    assert world.definition(name).tiebreaker() is not None
    assert world.attached(name) == set()


@then("no host of the VM has a link to it")
def _no_link(world: World) -> None:
    assert not [key for key in world.sandbox.picture() if "datastores/" in key and "sources" not in key]
