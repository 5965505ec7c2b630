"""Steps of monitoring.feature."""

from __future__ import annotations

import base64
import re

import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from worlds import HOSTS, VM, World

from entrypoints.sandbox.cloud import IMAGES, SYSTEM_LINSTOR

scenarios("monitoring.feature")

Told = dict[str, str]
GIB = 1024 * 1024
DATASTORES = {"image": ("datastore", IMAGES), "system": ("tm", SYSTEM_LINSTOR)}


@given(parsers.parse("a thin pool of {size:d} GiB on each host"))
def _pools(world: World, size: int) -> None:
    pools = [world.sandbox.linstor.state.nodes[host].pools["data"] for host in HOSTS]
    assert all(pool.thin and pool.total == size * GIB for pool in pools)


@given("delta is offline")
def _offline(world: World) -> None:
    world.sandbox.linstor.events.satellite_down("delta")


@given("delta is being evacuated")
def _evacuated(world: World) -> None:
    world.sandbox.linstor.nodes.evacuate("delta")


@given("delta is no target for placement")
def _no_target(world: World) -> None:
    world.sandbox.linstor.state.nodes["delta"].props["AutoplaceTarget"] = "False"


@given("only alpha is online")
def _alone(world: World) -> None:
    for host in HOSTS[1:]:
        world.sandbox.linstor.events.satellite_down(host)


@given("LINSTOR is older than 1.21")
def _old(world: World) -> None:
    world.sandbox.linstor.rest_api_version = "1.16.0"


@given(parsers.parse("every pool has {left:d} GiB left"))
def _left(world: World, left: int) -> None:
    for host in HOSTS:
        world.sandbox.linstor.state.nodes[host].pools["data"].free = left * GIB


@given(parsers.parse('the datastore names the resource group "{group}"'))
def _group(world: World, group: str) -> None:
    world.cloud.say(IMAGES, LINSTOR_RESOURCE_GROUP=group)


@given("the LINSTOR controller is down")
def _down(world: World) -> None:
    world.sandbox.server.close()


@given("the hosts that hold replicas of its disk are offline")
def _replicas_away(world: World) -> None:
    for each in world.copies("os")[0].diskful():
        world.sandbox.linstor.events.satellite_down(each.node)


@given(parsers.parse("OpenNebula is {version}"))
def _version(world: World, version: str) -> None:
    (world.sandbox.one / "var" / "remotes" / "VERSION").write_text(version)


@given("oned does not give its list of VMs")
def _no_list(world: World) -> None:
    world.sandbox.oned.faults.append([False, "database is locked", 0x2000, -1])


@given("monitord cannot be told")
def _no_library(world: World) -> None:
    (world.sandbox.one / "lib" / "sh" / "scripts_common.sh").unlink()


@when(parsers.parse("oned monitors the {which} datastore"), target_fixture="told")
def _monitor(world: World, which: str) -> Told:
    return _asked(world, which)


@when(parsers.parse("oned monitors the {which} datastore and asks for the disks of VMs"), target_fixture="told")
def _monitor_disks(world: World, which: str) -> Told:
    return _asked(world, which, "<MONITOR_VM_DISKS>1</MONITOR_VM_DISKS>")


def _asked(world: World, which: str, *more: str) -> Told:
    told: list[str] = []
    world.tried(lambda: told.append(world.cloud.monitor(*DATASTORES[which], *more)))
    return dict(line.split("=", 1) for text in told for line in text.splitlines())


def _heard(world: World) -> dict[int, str]:
    """What monitord heard of the disks of each VM."""
    messages = [each.read_text().split()[-1] for each in (world.sandbox.one / "var" / "monitord").glob("*")]
    vms = re.findall(r'VM=\[ID=(\d+),MONITOR="(.+?)"\]', " ".join(base64.b64decode(each).decode() for each in messages))
    return {int(vm): base64.b64decode(text).decode() for vm, text in vms}


@then(parsers.parse("it tells {total:d} GiB in all, and {free:d} GiB free"))
def _space(told: Told, total: int, free: int) -> None:
    sizes = {"USED_MB": (total - free) * 1024, "TOTAL_MB": total * 1024, "FREE_MB": free * 1024}
    assert told == {name: str(size) for name, size in sizes.items()}


@then("the space is told")
def _any_space(world: World, told: Told) -> None:
    assert world.failed is None
    assert int(told["TOTAL_MB"]) == int(told["USED_MB"]) + int(told["FREE_MB"]) == 128 * 1024


@then(parsers.parse("monitord hears that disk {disk:d} of the VM takes {size:d} MiB, and of no other disk"))
def _monitord(world: World, told: Told, disk: int, size: int) -> None:
    assert _heard(world) == {VM: f"DISK_SIZE=[ID={disk},SIZE={size}]"}
    assert "VM" not in told


@then(parsers.parse("the answer says that disk {disk:d} of the VM takes {size:d} MiB"))
def _answer(world: World, told: Told, disk: int, size: int) -> None:
    assert told["VM"] == f'[ID={VM},POLL="DISK_SIZE=[ID={disk},SIZE={size}]"]'
    assert _heard(world) == {}


@then("nobody hears of disks")
def _nobody(world: World, told: Told) -> None:
    assert world.failed is None
    assert "VM" not in told
    assert _heard(world) == {}


@then(parsers.parse('oned\'s log has a warning that says "{words}"'))
def _warning(world: World, words: str) -> None:
    _, ended = world.cloud.calls[-1]
    assert ended.stderr.startswith("WARN: the sizes of VM disks are not told: ")
    assert words in ended.stderr
    assert sum(line.startswith("WARN: ") for line in ended.stderr.splitlines()) == 1


@then(parsers.parse('the order fails and says "{words}"'))
def _fails(world: World, told: Told, words: str) -> None:
    assert told == {}, "zeros would be believed"
    if world.failed is None:
        pytest.fail("the order has succeeded")
    assert world.failed.ended.exit_code == 1
    assert world.failed.ended.stdout == ""
    assert words in world.failed.ended.stderr
