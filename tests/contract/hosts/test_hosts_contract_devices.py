"""What every implementation of the Hosts port promises of steps about devices."""

from __future__ import annotations

import shutil

import pytest
from tests.contract.hosts.running import ALIAS, ALPHA, DEVICE, MIB, World, run

from domain.errors import HostCommandFailed
from domain.steps import (
    CheckClosed,
    CountLinks,
    DeviceSize,
    FileExists,
    LinkDevice,
    MakeDirectory,
    MakeFileSystem,
    MakeQcow2,
    WaitForDevice,
)


def test_a_device_is_told_by_the_kernel_s_table(world: World) -> None:
    """Its size is told in bytes without opening it."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    assert run(world, WaitForDevice(DEVICE, 8192, 1.0), DeviceSize(DEVICE)) == ("", str(8 * MIB))


def test_a_device_that_does_not_come_is_waited_for_only_so_long(world: World) -> None:
    """The error names the device and the time."""
    with pytest.raises(HostCommandFailed, match="drbd1000 did not appear"):
        run(world, WaitForDevice(DEVICE, 0, 0.1))


def test_a_device_that_is_too_small_is_not_enough(world: World) -> None:
    """The error says which size was found."""
    world.device(ALPHA, DEVICE, 4 * MIB)
    with pytest.raises(HostCommandFailed, match=f"{4 * MIB} bytes"):
        run(world, WaitForDevice(DEVICE, 8192, 0.1))


def test_a_plain_file_under_the_name_of_a_device_is_none(world: World) -> None:
    """A wrong dd leaves such files in /dev (linstor.md 2.18)."""
    world.file_for_device(ALPHA, DEVICE)
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, DeviceSize(DEVICE))


def test_a_disk_is_a_link_to_its_alias_where_that_leads_to_the_device(world: World) -> None:
    """The alias names the volume, so it stays right when a minor number is used again."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB, ALIAS)
    told = run(world, MakeDirectory(f"{home}/7"), LinkDevice(DEVICE, f"{home}/7/disk.0", ALIAS))
    assert told[1] == ALIAS
    assert world.get(ALPHA, f"{home}/7/disk.0") == ALIAS


def test_an_alias_of_another_device_is_not_used(world: World) -> None:
    """A stale alias would give the guest the disk of somebody else."""
    home = world.home(ALPHA)
    world.device(ALPHA, "/dev/drbd1001", MIB, ALIAS)
    world.device(ALPHA, DEVICE, MIB)
    told = run(world, MakeDirectory(f"{home}/7"), LinkDevice(DEVICE, f"{home}/7/disk.0", ALIAS))
    assert told[1] == DEVICE
    assert world.get(ALPHA, f"{home}/7/disk.0") == DEVICE


def test_an_older_link_is_replaced_and_nothing_else_is_left(world: World) -> None:
    """Linking again is done, and does not follow the old link."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB)
    world.link(ALPHA, f"{home}/7/disk.0", f"{home}/8")
    run(world, MakeDirectory(f"{home}/8"), *[LinkDevice(DEVICE, f"{home}/7/disk.0")] * 2)
    assert world.get(ALPHA, f"{home}/7/disk.0") == DEVICE
    assert run(world, FileExists(f"{home}/8/drbd1000"), FileExists(f"{home}/7/.disk.0.new")) == ("no", "no")


def test_a_file_in_the_place_of_a_disk_is_not_replaced(world: World) -> None:
    """It may be somebody's data."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB)
    world.put(ALPHA, f"{home}/7/disk.0", b"data")
    with pytest.raises(HostCommandFailed, match="no link"):
        run(world, LinkDevice(DEVICE, f"{home}/7/disk.0"))
    assert world.get(ALPHA, f"{home}/7/disk.0") == b"data"


def test_the_other_users_of_a_device_are_counted(world: World) -> None:
    """Links by device or alias count, those of other devices and the disk itself do not."""
    home = world.home(ALPHA)
    datastores = home.rpartition("/")[0]
    world.device(ALPHA, DEVICE, MIB, ALIAS)
    world.device(ALPHA, "/dev/drbd1001", MIB)
    for vm, target in ((7, DEVICE), (8, DEVICE), (9, ALIAS), (10, "/dev/drbd1001")):
        world.link(ALPHA, f"{home}/{vm}/disk.0", target)
    world.put(ALPHA, f"{home}/11/disk.0", b"context")
    assert run(world, CountLinks(datastores, DEVICE, ALIAS, f"{home}/7/disk.0")) == ("2",)


def test_the_other_users_beside_a_whole_vm_are_counted(world: World) -> None:
    """None of the links in its directory counts; a directory whose name only begins alike is another VM's."""
    home = world.home(ALPHA)
    world.device(ALPHA, DEVICE, MIB, ALIAS)
    for link in ("7/disk.0", "7/disk.1", "77/disk.0"):
        world.link(ALPHA, f"{home}/{link}", DEVICE)
    assert run(world, CountLinks(home.rpartition("/")[0], DEVICE, ALIAS, f"{home}/7")) == ("1",)


def test_links_to_a_device_that_is_gone_are_counted_by_their_text(world: World) -> None:
    """A VM that still claims the device keeps it from being taken away."""
    home = world.home(ALPHA)
    world.link(ALPHA, f"{home}/8/disk.0", ALIAS)
    assert run(world, CountLinks(home.rpartition("/")[0], DEVICE, ALIAS, f"{home}/7/disk.0")) == ("1",)


def test_no_links_are_none(world: World) -> None:
    """An empty datastore directory counts zero."""
    assert run(world, CountLinks(world.home(ALPHA), DEVICE, None, "/x")) == ("0",)


def test_an_open_device_is_told(world: World) -> None:
    """A program of this host that has it open is seen (defect 8)."""
    world.device(ALPHA, DEVICE, MIB)
    with world.opened(ALPHA, DEVICE):
        assert run(world, CheckClosed(DEVICE)) == ("open",)
    assert run(world, CheckClosed(DEVICE)) == ("closed",)


def test_a_device_that_does_not_exist_is_closed(world: World) -> None:
    """Nobody can have it open."""
    assert run(world, CheckClosed(DEVICE)) == ("closed",)


@pytest.mark.parametrize(("kind", "offset", "signature"), [("ext4", 1080, b"\x53\xef"), ("swap", 4086, b"SWAPSPACE2")])
def test_a_file_system_is_made_again_and_again(world: World, kind: str, offset: int, signature: bytes) -> None:
    """A retry finds the first one and does not ask."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    run(world, *[MakeFileSystem(DEVICE, kind)] * 2)
    assert world.content(ALPHA, DEVICE)[offset : offset + len(signature)] == signature
    assert len(world.content(ALPHA, DEVICE)) == 8 * MIB


@pytest.mark.parametrize("kind", ["ext4; reboot", "../sh", "", "-V"])
def test_what_is_no_kind_of_file_system_is_refused(world: World, kind: str) -> None:
    """The kind becomes part of a program's name."""
    world.device(ALPHA, DEVICE, 8 * MIB)
    with pytest.raises(HostCommandFailed, match="no kind"):
        run(world, MakeFileSystem(DEVICE, kind))


def test_an_empty_qcow2_image_is_put_into_a_device(world: World) -> None:
    """Some system datastores want their volatile disks in that format; doing it again is fine (defect 52)."""
    if world.real and shutil.which("qemu-img") is None:
        pytest.skip("qemu-img is not installed")
    world.device(ALPHA, DEVICE, 8 * MIB)
    run(world, *[MakeQcow2(DEVICE, 4096)] * 2)
    assert world.content(ALPHA, DEVICE).startswith(b"QFI\xfb")


def test_a_missing_device_is_not_formatted(world: World) -> None:
    """No plain file appears under its name."""
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, MakeFileSystem(DEVICE, "ext4"))
    with pytest.raises(HostCommandFailed, match="no block device"):
        run(world, MakeQcow2(DEVICE, 4096))
    with pytest.raises(HostCommandFailed):
        run(world, DeviceSize(DEVICE))
