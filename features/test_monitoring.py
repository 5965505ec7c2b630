"""Steps of monitoring.feature."""

from __future__ import annotations

import base64
import re

from pytest_bdd import given, parsers, scenarios, then, when
from worlds import VM, Told, World

scenarios("monitoring.feature")


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


@when(parsers.parse("oned monitors the {which} datastore and asks for the disks of VMs"), target_fixture="told")
def _monitor_disks(world: World, which: str) -> Told:
    return world.monitored(which, "<MONITOR_VM_DISKS>1</MONITOR_VM_DISKS>")


def _heard(world: World) -> dict[int, str]:
    """What monitord heard of the disks of each VM."""
    messages = [each.read_text().split()[-1] for each in (world.sandbox.one / "var" / "monitord").glob("*")]
    vms = re.findall(r'VM=\[ID=(\d+),MONITOR="(.+?)"\]', " ".join(base64.b64decode(each).decode() for each in messages))
    return {int(vm): base64.b64decode(text).decode() for vm, text in vms}


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
