"""What every implementation of the Hosts port promises of devices that are saved to files."""

from __future__ import annotations

import random
import subprocess

import pytest
from tests.contract.hosts.running import ALPHA, DEVICE, MIB, World, run

from domain.errors import HostCommandFailed
from domain.steps import AppendText, ExportDevice, MakeDirectory

BEFORE = "/dev/drbd1001"
NOISE = random.Random(11).randbytes(2 * MIB)
PART = 64 * 1024


@pytest.fixture
def directory(world: World) -> str:
    """The directory of a backup."""
    path = f"{world.home(ALPHA)}/7/backup"
    run(world, MakeDirectory(path))
    return path


def test_a_device_is_saved_as_a_whole(world: World, directory: str) -> None:
    """Doing it again begins anew."""
    world.device(ALPHA, DEVICE, 3 * MIB)
    world.dirty(ALPHA, DEVICE, NOISE)
    path = f"{directory}/disk.0.0"
    run(world, *[ExportDevice(DEVICE, path)] * 2)
    assert world.saved(ALPHA, path) == NOISE.ljust(3 * MIB, b"\0")


@pytest.mark.parametrize("size", [3 * MIB, 2 * MIB + 512 * 1024])
def test_an_increment_holds_what_differs(world: World, directory: str, size: int) -> None:
    """Written, zeroed, and grown beyond what was before; with its backing file it is the device."""
    world.device(ALPHA, BEFORE, 2 * MIB + 512 * 1024)
    world.dirty(ALPHA, BEFORE, NOISE)
    changed = NOISE[:PART] + bytes(2 * PART) + NOISE[3 * PART : -100] + b"x" * 100
    world.device(ALPHA, DEVICE, size)
    world.dirty(ALPHA, DEVICE, changed)
    first, second = f"{directory}/disk.0.0", f"{directory}/disk.0.1"
    run(world, ExportDevice(BEFORE, first), ExportDevice(DEVICE, second, BEFORE, "disk.0.0"))
    assert world.saved(ALPHA, second) == changed.ljust(size, b"\0")


def test_an_increment_names_the_file_before_alone(world: World, directory: str) -> None:
    """Without a directory: the store puts both where it likes. What did not change is not in it."""
    if not world.real:
        pytest.skip("a file in memory has no backing file")
    for name in (BEFORE, DEVICE):
        world.device(ALPHA, name, 2 * MIB)
        world.dirty(ALPHA, name, NOISE)
    run(world, ExportDevice(DEVICE, f"{directory}/disk.0.3", BEFORE, "disk.0.2"))
    told = subprocess.run(
        ["qemu-img", "info", "-U", f"{directory}/disk.0.3"], capture_output=True, text=True, check=True
    )
    assert "backing file: disk.0.2" in told.stdout
    assert len(world.get(ALPHA, f"{directory}/disk.0.3")) < MIB


@pytest.mark.parametrize("base", ["", BEFORE])
def test_a_device_that_is_missing_makes_no_file(world: World, directory: str, base: str) -> None:
    """An empty file would be taken for a disk."""
    if base:
        world.device(ALPHA, DEVICE, MIB)
    with pytest.raises(HostCommandFailed):
        run(world, ExportDevice(DEVICE, f"{directory}/disk.0.0", base, "disk.0.0" if base else ""))
    assert world.get(ALPHA, f"{directory}/disk.0.0") is None


def test_a_file_gets_its_text_in_pieces(world: World, directory: str) -> None:
    """Every character as it is."""
    run(world, AppendText(f"{directory}/vm.xml", "a b'$(id)\n"), AppendText(f"{directory}/vm.xml", "%s"))
    assert world.get(ALPHA, f"{directory}/vm.xml") == b"a b'$(id)\n%s"


def test_no_text_is_added_through_a_link(world: World, directory: str) -> None:
    """Somebody may have put one there."""
    world.link(ALPHA, f"{directory}/vm.xml", "/etc/passwd")
    with pytest.raises(HostCommandFailed, match="no plain file"):
        run(world, AppendText(f"{directory}/vm.xml", "x"))
