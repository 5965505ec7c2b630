"""Steps of persistent.feature."""

from __future__ import annotations

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import SECOND_VM, VM, World

from entrypoints.sandbox.guests import BLOCK

scenarios("persistent.feature")


@given(parsers.parse('the CD-ROM image "{name}" with data in it'))
def _cdrom(world: World, name: str) -> None:
    world.add_image(name, persistent=False, cdrom=True)


@given(parsers.parse('a VM with the image "{name}" runs on alpha'))
def _runs(world: World, name: str) -> None:
    world.cloud.deploy(VM, "alpha", [world.ids[name]])


@given(parsers.parse('a second VM with the image "{name}" runs on alpha'))
def _second_runs(world: World, name: str) -> None:
    world.cloud.deploy(SECOND_VM, "alpha", [world.ids[name]])


@given(parsers.parse('a VM with the image "{name}" runs on alpha, and the marks of its volume name another VM'))
def _marked(world: World, name: str) -> None:
    world.cloud.deploy(VM, "alpha", [world.ids[name]])
    (copy,) = world.copies(name)
    assert copy.props["Aux/OpenNebula/vm"] == str(VM)
    copy.props["Aux/OpenNebula/vm"] = "99"


@when("the first VM is terminated")
def _first_ends(world: World) -> None:
    world.cloud.terminate(VM)


@then(parsers.parse('the second VM still reads the data of the image "{name}"'))
def _second_reads(world: World, name: str) -> None:
    assert world.disk(vm=SECOND_VM) == world.bytes[name][:BLOCK]
    assert world.link("alpha", vm=SECOND_VM)


@then("the order fails and the volume is still there")
def _refused(world: World) -> None:
    assert world.failed is not None
    assert len(world.copies("os")) == 1
    assert "Aux/OpenNebula/vm" in world.failed.ended.stderr or "99" in world.failed.ended.stderr
