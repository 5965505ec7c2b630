"""An order that was killed while its host waited for a device, and what the next orders made of that device."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from entrypoints.sandbox.cloud import OrderFailed
from entrypoints.sandbox.torture.kills import Ended, run
from entrypoints.sandbox.torture.stage import OS, Stage
from entrypoints.sandbox.torture.starting import Order
from entrypoints.sandbox.world import Sandbox

pytestmark = pytest.mark.e2e

DEAD, NEXT, MIB = 40, 41, 1024 * 1024


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Sandbox() as sandbox:
        yield Stage(sandbox)


def killed_on_the_host(stage: Stage, order: Order) -> Ended:
    """The order dies once its session with a host has begun. Devices are late everywhere."""
    for host in stage.sandbox.hosts.names:
        stage.sandbox.hosts.hold_back(host)
    return run(stage.sandbox, order, kill_at="ssh to ")


def devices_appear(stage: Stage) -> None:
    """All devices are there now, and the session of the dead order has met them."""
    for host in stage.sandbox.hosts.names:
        stage.sandbox.hosts.show(host)
    end = time.monotonic() + 60
    while not stage.sandbox.sessions() and time.monotonic() < end:
        time.sleep(0.05)
    assert stage.sandbox.sessions()


def order(stage: Stage, action: str) -> Order:
    if action == "mkfs":
        return stage.image("mkfs", DEAD, 8, FORMAT="raw", FS="ext4")
    path = stage.sources / str(OS)
    path.write_bytes(b"image" * MIB)
    return stage.image("cp", DEAD, 8, PATH=str(path))


@pytest.mark.parametrize("action", ["mkfs", "cp"])
def test_a_dead_order_never_writes_to_the_volume_of_another_one(stage: Stage, action: str) -> None:
    """Though that has got the same device: LINSTOR gives the number of a deleted volume to the next one."""
    dead = killed_on_the_host(stage, order(stage, action))
    assert dead.killed_after.startswith("ssh to ")
    stage.call("datastore", "linstor", "rm", DEAD, stdin=stage.image("rm", DEAD, SOURCE="OpenNebula-Image-40").stdin)
    stage.make_image(NEXT, "next", 8)

    devices_appear(stage)

    volume = stage.sandbox.linstor.state.find("OpenNebula-Image-41").volumes[0]
    assert volume.content.read(0, volume.size * 1024).strip(b"\0") == b""


def test_the_retry_of_a_dead_order_makes_the_image(stage: Stage) -> None:
    """Also while the dead one's session still waits for the device."""
    again = order(stage, "cp")
    assert killed_on_the_host(stage, again).killed_after.startswith("ssh to ")
    for host in stage.sandbox.hosts.names:
        stage.sandbox.hosts.show(host)
    ended = run(stage.sandbox, again)
    if ended.exit_code:
        raise OrderFailed("cp", ended)  # type: ignore[arg-type]
    volume = stage.sandbox.linstor.state.find("OpenNebula-Image-40").volumes[0]
    assert volume.content.read(0, 5 * MIB) == b"image" * MIB
