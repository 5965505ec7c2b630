"""What every implementation of the port Exports promises."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ExportFailed, HostCommandFailed, HostUnreachable
from domain.names import HostName

ALPHA, DEVICE, MIB = HostName("alpha"), "/dev/drbd1000", 1024 * 1024
FORGOTTEN = "one-linstor-export-forgotten"
World = Any


def filled(world: World, data: bytes, size: int = 8 * MIB) -> str:
    """A device that begins with *data*; a directory for what is exported."""
    world.device(ALPHA, DEVICE, size)
    world.dirty(ALPHA, DEVICE, data)
    return str(world.staging())


@pytest.mark.parametrize("size", [5 * MIB + 512, 3 * MIB + 1, 7, 8 * MIB])
def test_the_file_holds_what_the_device_begins_with(world: World, size: int) -> None:
    """Exactly so many bytes, in one session; a device may be a little larger than its volume."""
    data = b"\nready\n" + os.urandom(4 * MIB) + bytes(4 * MIB - 7)
    directory = filled(world, data)

    saved = world.exports.save(ALPHA, DEVICE, size, directory)

    assert world.exported(saved.path) == data[:size]
    assert saved.md5 == hashlib.md5(data[:size], usedforsecurity=False).hexdigest()
    assert saved.path.rpartition("/")[0] == directory
    assert world.sessions == [ALPHA]


def test_two_exports_of_one_image_are_two_files(world: World) -> None:
    """The marketplace that is ready first must not take the other's file away."""
    directory = filled(world, b"data")

    paths = {world.exports.save(ALPHA, DEVICE, 4096, directory).path for _ in range(2)}

    assert len(paths) == 2


@pytest.mark.parametrize("size", [4 * MIB, 12 * MIB])
def test_a_device_that_is_missing_or_too_small_leaves_no_file(world: World, size: int) -> None:
    """Half an image is none."""
    directory = world.staging()
    if size == 12 * MIB:
        world.device(ALPHA, DEVICE, 8 * MIB)

    with pytest.raises(HostCommandFailed, match="drbd1000"):
        world.exports.save(ALPHA, DEVICE, size, directory)
    assert world.staged(directory) == []


def test_a_host_that_is_down_leaves_no_file(world: World) -> None:
    """The order can be given again."""
    directory = filled(world, b"data")
    world.down(ALPHA)

    with pytest.raises(HostUnreachable):
        world.exports.save(ALPHA, DEVICE, 4096, directory)
    assert world.staged(directory) == []


def test_a_directory_that_cannot_be_written_to_is_named(world: World) -> None:
    """An administrator must know which one."""
    filled(world, b"data")

    with pytest.raises(ExportFailed, match="/nowhere"):
        world.exports.save(ALPHA, DEVICE, 4096, "/nowhere")


def test_what_nobody_fetched_goes_with_the_next_export(world: World) -> None:
    """A marketplace driver may end before it disposes of the file; a file of today stays."""
    directory = world.staging(forgotten=[FORGOTTEN])
    world.device(ALPHA, DEVICE, 8 * MIB)

    first = world.exports.save(ALPHA, DEVICE, 4096, directory)
    second = world.exports.save(ALPHA, DEVICE, 4096, directory)

    assert world.staged(directory) == sorted(each.path.rpartition("/")[2] for each in (first, second))


def test_a_reader_that_ends_early_leaves_no_file(world: World, tmp_path: Path) -> None:
    """Whether it says so or not."""
    if not world.real:
        pytest.skip("in memory every read is whole")
    directory = filled(world, b"data")
    reader = tmp_path / "programs" / "dd"
    for ending in ("exit 0", "echo 'dd: error reading' >&2; exit 1"):
        reader.write_text(f"#!/bin/bash\nhead -c 1000 /dev/zero\n{ending}\n")
        reader.chmod(0o755)
        with pytest.raises(HostCommandFailed, match="read /dev/drbd1000"):
            world.exports.save(ALPHA, DEVICE, 4096, directory)
    assert world.staged(directory) == []


def test_zeros_are_holes_in_the_file(world: World) -> None:
    """An image of a terabyte may hold a few gigabytes."""
    if not world.real:
        pytest.skip("in memory there are no holes")
    saved = world.exports.save(ALPHA, DEVICE, 8 * MIB, filled(world, b"data"))

    assert Path(saved.path).stat().st_blocks * 512 <= 2 * MIB
    assert Path(saved.path).stat().st_mode & 0o777 == 0o600
