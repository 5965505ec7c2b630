"""What every implementation of the Hosts port promises of a device that gets the data of another one."""

from __future__ import annotations

import random

import pytest
from tests.contract.hosts.running import ALPHA, DEVICE, MIB, World, run

from domain.errors import HostCommandFailed
from domain.steps import CopyDevice

SOURCE = "/dev/drbd1001"
KIB = 1024
NOISE = random.Random(7).randbytes(3 * MIB)


def pair(world: World, source: int, device: int) -> None:
    """Both devices of that many bytes, the second one full of something else."""
    world.device(ALPHA, SOURCE, source)
    world.device(ALPHA, DEVICE, device)
    world.dirty(ALPHA, DEVICE, b"old" * (device // 3))


@pytest.mark.parametrize("size", [3 * MIB, 2 * MIB + 4 * KIB, 68 * KIB])
def test_it_has_the_data_and_zeros_beyond(world: World, size: int) -> None:
    """Whatever was there before, and whatever is behind the data of the source."""
    pair(world, 3 * MIB, 5 * MIB)
    world.dirty(ALPHA, SOURCE, NOISE)
    run(world, CopyDevice(SOURCE, DEVICE, size // KIB))
    assert world.content(ALPHA, DEVICE) == NOISE[:size].ljust(5 * MIB, b"\0")


def test_doing_it_again_changes_nothing(world: World) -> None:
    """A retry finds it done, and the source is as it was."""
    pair(world, 3 * MIB, 3 * MIB)
    world.dirty(ALPHA, SOURCE, NOISE)
    run(world, *[CopyDevice(SOURCE, DEVICE, 3072)] * 2)
    assert world.content(ALPHA, DEVICE) == NOISE
    assert world.content(ALPHA, SOURCE) == NOISE


@pytest.mark.parametrize(("source", "device"), [(2, 4), (4, 2)])
def test_devices_that_are_too_small_stay_as_they_are(world: World, source: int, device: int) -> None:
    """The error says which size was found."""
    pair(world, source * MIB, device * MIB)
    before = world.content(ALPHA, DEVICE)
    with pytest.raises(HostCommandFailed, match=f"{2 * MIB} bytes and not {3 * MIB}"):
        run(world, CopyDevice(SOURCE, DEVICE, 3072))
    assert world.content(ALPHA, DEVICE) == before


@pytest.mark.parametrize("missing", [SOURCE, DEVICE])
def test_a_device_that_is_missing_is_not_made(world: World, missing: str) -> None:
    """A plain file under its name would be taken for a disk."""
    world.device(ALPHA, DEVICE if missing == SOURCE else SOURCE, MIB)
    with pytest.raises(HostCommandFailed, match="copy device"):
        run(world, CopyDevice(SOURCE, DEVICE, 1024))
    assert not world.device_exists(ALPHA, missing)


def test_only_what_differs_is_written(world: World) -> None:
    """A thin pool would fill up with zeros, and with what it has already."""
    if not world.real:
        pytest.skip("the fake has no holes")
    for name in (SOURCE, DEVICE):
        world.device(ALPHA, name, 300 * MIB)
    world.dirty(ALPHA, SOURCE, b"\0" * (20 * MIB) + b"new")
    world.dirty(ALPHA, DEVICE, b"old")
    run(world, CopyDevice(SOURCE, DEVICE, 300 * KIB))
    assert world.content(ALPHA, DEVICE).rstrip(b"\0") == b"\0" * (20 * MIB) + b"new"
    assert world.allocated(ALPHA, DEVICE) <= 2 * MIB
