"""The cloud that all scenarios play in, and the steps that more than one feature has.

The executables are the real ones; LINSTOR, oned and the hosts are those of the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_bdd import given, parsers, then, when
from worlds import GIB, HOSTS, SYSTEMS, VM, Told, World

from entrypoints.sandbox.cloud import SYSTEM_LINSTOR
from entrypoints.sandbox.guests import BLOCK
from entrypoints.sandbox.linstor.faults import Fault
from entrypoints.sandbox.world import Sandbox


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh cloud."""
    with Sandbox(hosts=HOSTS) as sandbox:
        yield World(sandbox)


@pytest.fixture
def still(world: World) -> list[bool]:
    """For each snapshot and copy that LINSTOR is asked for, whether the guest stands still then."""
    found: list[bool] = []

    def look(method: str, path: str) -> bool:
        if method == "POST" and path.endswith(("/snapshots", "/clone")) and VM in world.sandbox.guests.guests:
            found.append(world.sandbox.guests.guests[VM].frozen)
        return False

    world.sandbox.server.fault(Fault(look))
    return found


# -- given ----------------------------------------------------------------------------------------


@given("the hosts alpha, beta, gamma and delta, and two replicas for each volume")
@given("the hosts alpha and beta")
def _hosts(world: World) -> None:
    assert world.sandbox.picture() == {}


@given(parsers.parse('the image "{name}" with data in it'))
def _image(world: World, name: str) -> None:
    world.add_image(name, persistent=False)


@given(parsers.parse('the persistent image "{name}" with data in it'))
def _persistent_image(world: World, name: str) -> None:
    world.add_image(name, persistent=True)


@given(parsers.parse('a VM with the image "{name}" runs on a host that holds no replica of it'))
def _runs_without(world: World, name: str) -> None:
    world.cloud.deploy(VM, world.strangers(name)[0], [world.ids[name]], system=SYSTEM_LINSTOR)
    world.sandbox.guests.write_all(VM, 8)


@given(parsers.parse('there is an image "{name}"'))
def _there_is(world: World, name: str) -> None:
    world.have_image(name)


@given(parsers.parse('there is a persistent image "{name}"'))
def _there_is_persistent(world: World, name: str) -> None:
    world.have_image(name, persistent=True)


@given(parsers.parse('a VM with the image "{name}" runs on {host}, on {system} system datastore'))
def _runs_on(world: World, name: str, host: str, system: str) -> None:
    world.begin([name], host, SYSTEMS[system])
    world.sandbox.guests.write_all(VM, 16)


@given(parsers.parse('a VM with the images "{first}" and "{second}" runs on {host}, on {system} system datastore'))
def _runs_with_two(world: World, first: str, second: str, host: str, system: str) -> None:
    world.begin([first, second], host, SYSTEMS[system])
    world.sandbox.guests.write_all(VM, 16)


@when(parsers.parse("the host {host} dies"))
def _dead(world: World, host: str) -> None:
    if VM in world.cloud.vms and world.host() == host:
        world.sandbox.guests.stop(VM)
    world.dies(host)


@given(parsers.parse("a thin pool of {size:d} GiB on each host"))
def _pools(world: World, size: int) -> None:
    pools = [world.sandbox.linstor.state.nodes[host].pools["data"] for host in HOSTS]
    assert all(pool.thin and pool.total == size * GIB for pool in pools)


# -- when -----------------------------------------------------------------------------------------


@when(parsers.re(r"the VM is (?P<how>stopped|undeployed|suspended|powered off)$"))
def _ended(world: World, how: str) -> None:
    cloud = world.cloud
    ways = {"stopped": cloud.stop, "undeployed": cloud.undeploy, "suspended": cloud.suspend}
    world.tried(lambda: ways.get(how, cloud.power_off)(VM))


@when(parsers.parse("the VM is resumed on {host}"))
def _resumed(world: World, host: str) -> None:
    world.tried(lambda: world.cloud.resume(VM, host))


@when("the VM is terminated")
def _terminate(world: World) -> None:
    world.tried(lambda: world.cloud.terminate(VM))


@when("the VM is deleted by force")
def _delete_by_force(world: World) -> None:
    world.tried(lambda: world.cloud.delete_by_force(VM))


@when(parsers.parse('a VM with the image "{name}" is deployed on alpha'))
def _deploy_on_alpha(world: World, name: str) -> None:
    world.tried(lambda: world.cloud.deploy(VM, "alpha", [world.ids[name]]))


@when(parsers.parse("{host} is back"))
def _back(world: World, host: str) -> None:
    world.returns(host)


@when(parsers.parse("oned monitors the {which} datastore"), target_fixture="told")
def _monitor(world: World, which: str) -> Told:
    return world.monitored(which)


# -- then -----------------------------------------------------------------------------------------


@then(parsers.parse('the VM\'s disk shows the data of the image "{name}"'))
def _shows(world: World, name: str) -> None:
    assert world.failed is None
    assert world.disk() == world.bytes[name][:BLOCK]


@then(parsers.parse('the image "{name}" still has its data'))
def _still_there(world: World, name: str) -> None:
    assert world.failed is None
    definition = world.definition(name)
    written = world.sandbox.guests.guests[VM].written.get(0, {}) if name == "db" else {}
    expected = bytearray(world.bytes[name])
    for offset, data in written.items():
        expected[offset : offset + len(data)] = data
    for replica in definition.diskful():
        assert definition.content(replica, 0).read(0, len(expected)) == expected


@then(parsers.parse('the image "{name}" is attached nowhere else'))
def _attached_nowhere_else(world: World, name: str) -> None:
    assert world.attached(name) <= {world.host()} & set(world.strangers(name))


@then(parsers.parse('the order fails and says "{words}"'))
def _fails_and_says(world: World, words: str) -> None:
    assert world.failed is not None
    assert world.failed.ended.exit_code == 1
    assert words in world.failed.ended.stderr


@then("the order fails and names the disk")
def _fails_and_names_disk(world: World) -> None:
    assert world.failed is not None
    assert world.volume().name in world.failed.ended.stderr


@then(parsers.parse('the order fails and names the image "{name}"'))
def _fails_and_names_image(world: World, name: str) -> None:
    assert world.failed is not None
    assert world.source(name) in world.failed.ended.stderr


@then(parsers.re(r"the order fails and names the host (?P<host>\w+)$"))
def _fails_and_names_host(world: World, host: str) -> None:
    assert world.failed is not None
    assert f"host {host}" in world.failed.ended.stderr


@then("every write the guest was told is safe can be read there")
def _safe(world: World) -> None:
    world.sandbox.guests.write_all(VM)
    assert world.sandbox.guests.guests[VM].host == world.host()
    assert world.sandbox.guests.lost(VM) == []


@then("the guest stood still in that moment, and goes on now")
def _stood_still(world: World, still: list[bool]) -> None:
    assert still == [True]
    world.sandbox.guests.write_all(VM)
    assert world.sandbox.guests.lost(VM) == []


@then("the order has succeeded")
def _succeeded(world: World) -> None:
    assert world.failed is None


@then("LINSTOR and the hosts are as before")
def _as_before(world: World) -> None:
    assert world.sandbox.picture() == world.before


@then("nothing of the VM is left")
def _nothing_left(world: World) -> None:
    assert world.failed is None
    assert world.files() == set()
    assert world.copies("os") == []


@then(parsers.parse('there is one copy of the image "{name}"'))
def _one_copy(world: World, name: str) -> None:
    assert len(world.copies(name)) == 1


@then(parsers.parse('there is no copy of the image "{name}"'))
def _no_copy(world: World, name: str) -> None:
    assert world.copies(name) == []


@then("LINSTOR has no volume")
def _no_volume(world: World) -> None:
    assert world.sandbox.linstor.state.definitions == {}
