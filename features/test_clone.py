"""Steps of clone.feature."""

from __future__ import annotations

import subprocess

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, World

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_SSH
from entrypoints.sandbox.documents import Record, VmDocument
from entrypoints.sandbox.linstor.faults import Fault

scenarios("clone.feature")

KILLED_AFTER, HELD_FOR = 5.0, 7.0


@given(parsers.parse('the clone for a VM with the image "{name}" was killed after the copy was made'))
def _killed(world: World, name: str) -> None:
    cloud, held = world.cloud, lambda method, path: method == "POST" and path.endswith("/make-available")
    cloud.vms[VM] = VmDocument(VM, [Record("alpha", SYSTEM_SSH, "ssh")], context_disk=1)
    cloud.vms[VM].disks[0] = cloud._disk(world.ids[name], VM)
    cloud._tell(VM)
    world.sandbox.server.fault(Fault(held, how="delay", delay=HELD_FOR))
    source, place = f"one-fe:{world.source(name)}", f"alpha:{cloud.directory(VM)}/disk.0"
    with pytest.raises(subprocess.TimeoutExpired):
        world.sandbox.run("tm", "linstor", "clone.ssh", [source, place, str(VM), str(IMAGES)], timeout=KILLED_AFTER)
    assert len(world.copies(name)) == 1


@given(parsers.parse('a VM with the image "{name}" was deployed on alpha and its guest wrote to its disk'))
def _deployed_and_wrote(world: World, name: str) -> None:
    world.cloud.deploy(VM, "alpha", [world.ids[name]])
    world.sandbox.guests.guests[VM].open[0].write(0, b"an earlier life".ljust(4096))


@given("the VM was recreated, and the deletion of its disk failed")
def _recreated(world: World) -> None:
    world.sandbox.guests.stop(VM)


@given("the next copy breaks on one of its hosts")
def _breaks_once(world: World) -> None:
    world.break_copies(world.replicas("os")[0], once=True)


@given("every copy breaks on one of its hosts")
def _breaks_always(world: World) -> None:
    world.break_copies(world.replicas("os")[0], once=False)


@then("the broken copy was removed")
def _was_removed(world: World) -> None:
    asked = [each for each in world.sandbox.server.requests if each.method == "DELETE" and "-vm" in each.path]
    assert len(asked) == 1


@given("LINSTOR cannot make the next copy")
def _copy_breaks(world: World) -> None:
    world.sandbox.server.fault(Fault(lambda method, path: method == "POST" and path.endswith("/clone")))


@given("alpha cannot be reached by ssh")
def _unreachable(world: World) -> None:
    world.sandbox.hosts.down("alpha")


@when("the guest writes to its disk")
def _writes(world: World) -> None:
    world.sandbox.guests.write_all(VM, 16)


@when("the clone runs again")
def _again(world: World) -> None:
    world.tried(lambda: world.cloud.deploy(VM, "alpha", [world.ids["os"]]))


@when("the VM is deployed again on beta")
def _redeploy(world: World) -> None:
    world.tried(lambda: world.cloud.deploy_again(VM, "beta"))


@when(parsers.parse('a VM with the image "{name}" and a disk of {size:d} MiB is deployed on alpha'))
def _deploy_larger(world: World, name: str, size: int) -> None:
    world.cloud.sizes = {world.ids[name]: size}
    world.tried(lambda: world.cloud.deploy(VM, "alpha", [world.ids[name]]))


@then("the guest reads what it wrote")
def _reads(world: World) -> None:
    assert world.sandbox.guests.lost(VM) == []


@then(parsers.parse("the VM's disk has at least {size:d} MiB"))
def _has_size(world: World, size: int) -> None:
    (copy,) = world.copies("os")
    assert copy.volumes[0].size >= size * 1024
