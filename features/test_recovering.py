"""Steps of recovering.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import SECOND_VM, VM, World, bytes_of

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR
from entrypoints.sandbox.guests import differing

scenarios("recovering.feature")


@given("alpha cannot be reached by ssh")
def _unreachable(world: World) -> None:
    world.sandbox.hosts.down("alpha")


@when(parsers.parse('a second VM with the image "{name}" runs on {host}'))
def _second(world: World, name: str, host: str) -> None:
    world.tried(lambda: world.cloud.begin(SECOND_VM, host, [world.ids[name]], SYSTEM_LINSTOR))


@when('a VM with the images "db" and "os" is deployed on alpha')
def _deployed(world: World) -> None:
    world.tried(lambda: world.begin(["db", "os"], "alpha", SYSTEM_LINSTOR))


@when("the VM is recreated on beta")
def _recreated(world: World) -> None:
    def recreate() -> None:
        world.cloud.delete_by_force(VM)
        world.cloud.deploy_again(VM, "beta")

    world.tried(recreate)


@then('the image "db" has what the first VM wrote')
def _has_written(world: World) -> None:
    assert world.failed is None
    written = world.sandbox.guests.guests[VM].written[0]
    here = world.sandbox.guests.guests[VM if VM in world.cloud.vms else SECOND_VM]
    assert written
    assert differing(here.open[0], written) == []


@then(parsers.parse('the copy of the image "{name}" is as the image'))
def _as_the_image(world: World, name: str) -> None:
    assert world.failed is None
    (copy,) = world.copies(name)
    assert bytes_of(copy) == world.bytes[name]


@then(parsers.parse('LINSTOR knows what is owed on {host} for the image "{name}"'))
def _owed(world: World, host: str, name: str) -> None:
    assert world.failed is None
    assert world.owed(world.definition(name)) == [host]


@then(parsers.parse('nothing is owed for the image "{name}" any more'))
def _settled(world: World, name: str) -> None:
    assert world.owed(world.definition(name)) == []


@then('alpha has no link to the image "db"')
def _no_link(world: World) -> None:
    path = f"{world.sandbox.datastores}/{SYSTEM_LINSTOR}/{VM}/disk.0"
    assert not world.sandbox.host_path("alpha", path).is_symlink()
