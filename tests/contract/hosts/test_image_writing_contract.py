"""What every implementation of `Sources.write` promises."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from adapters.opennebula.copying import Copier
from adapters.opennebula.exports import FrontEndExports
from adapters.opennebula.hosts import SshHosts
from adapters.opennebula.processes import Program
from adapters.opennebula.writing import Writer
from domain.errors import HostCommandFailed, HostUnreachable
from domain.names import HostName
from domain.ports import FetchedImage, ImageSource
from domain.settings import Limits
from domain.steps import CopyDevice, ExportDevice

ALPHA, DEVICE, MIB = HostName("alpha"), "/dev/drbd1000", 1024 * 1024
World = Any


def write(world: World, data: bytes, *, zeroed: bool = False, wait: float = 0.0) -> int:
    with world.sources.fetch(ImageSource(world.image(data))) as image:
        assert image.size_bytes == len(data)
        written: int = world.sources.write(image, ALPHA, DEVICE, zeroed=zeroed, wait=wait)
    return written


@pytest.mark.parametrize("zeroed", [False, True])
@pytest.mark.parametrize("size", [5 * MIB + 512, 3 * MIB + 1, 7])
def test_every_byte_of_the_image_is_on_the_device(world: World, size: int, zeroed: bool) -> None:
    """Whatever its size, in one session; what lies behind it on the device stays."""
    data = os.urandom(size)
    world.device(ALPHA, DEVICE, 8 * MIB)
    assert write(world, data, zeroed=zeroed) == size
    assert world.content(ALPHA, DEVICE) == data + bytes(8 * MIB - size)
    assert world.sessions == [ALPHA]


def test_zeros_are_written_where_the_device_may_hold_old_data(world: World) -> None:
    """Skipping them would show the guest what somebody else wrote (defect 14)."""
    world.device(ALPHA, DEVICE, 4 * MIB)
    world.dirty(ALPHA, DEVICE, b"old" * MIB)
    assert write(world, bytes(4 * MIB)) == 4 * MIB
    assert world.content(ALPHA, DEVICE) == bytes(4 * MIB)


def test_holes_of_an_image_read_as_zeros_on_a_zeroed_device(world: World) -> None:
    """Nothing has to be sent twice, and the count is that of the whole image."""
    data = b"x" * MIB + bytes(2 * MIB) + b"y" * MIB
    world.device(ALPHA, DEVICE, 4 * MIB)
    assert write(world, data, zeroed=True) == 4 * MIB
    assert world.content(ALPHA, DEVICE) == data


def test_a_missing_device_is_an_error_and_no_file_takes_its_name(world: World) -> None:
    """A wrong dd would fill the host's memory (linstor.md 2.18)."""
    with pytest.raises(HostCommandFailed, match="drbd1000"):
        write(world, b"x" * MIB)
    assert not world.device_exists(ALPHA, DEVICE)


def test_a_device_that_is_about_to_appear_is_waited_for(world: World) -> None:
    """In the session that writes."""
    if not world.real:
        pytest.skip("in memory no time passes by itself")
    appears = threading.Timer(0.1, world.device, (ALPHA, DEVICE, 4 * MIB))
    appears.start()
    assert write(world, b"x" * MIB, wait=30.0) == MIB
    appears.join()
    assert world.sessions == [ALPHA]


def test_a_device_that_never_appears_is_waited_for_only_so_long(world: World) -> None:
    """The error names it."""
    with pytest.raises(HostCommandFailed, match="drbd1000 did not appear"):
        write(world, b"x" * MIB, wait=0.1)


def test_a_device_that_is_too_small_is_left_as_it_is(world: World) -> None:
    """Half an image is none."""
    world.device(ALPHA, DEVICE, MIB)
    with pytest.raises(HostCommandFailed, match="drbd1000"):
        write(world, b"x" * 2 * MIB)
    assert world.content(ALPHA, DEVICE) == bytes(MIB)


def test_a_host_that_is_down_is_unreachable(world: World) -> None:
    """Also for an image that is larger than what a pipe takes."""
    world.down(ALPHA)
    with pytest.raises(HostUnreachable):
        write(world, b"x" * 4 * MIB)


def test_an_image_that_vanished_is_an_error(world: World) -> None:
    """A file that gives less than its size said is not taken for whole."""
    if not world.real:
        pytest.skip("in memory nothing vanishes")
    world.device(ALPHA, DEVICE, 4 * MIB)
    path = world.image(b"x" * MIB)
    with pytest.raises(Exception, match="bytes"):
        world.sources.write(FetchedImage(2 * MIB, path), ALPHA, DEVICE, zeroed=False)


def test_what_reads_back_otherwise_is_an_error(world: World, tmp_path: Any) -> None:
    """Defect 5: a device that swallows writes is found out."""
    if not world.real:
        pytest.skip("in memory every write holds")
    world.device(ALPHA, DEVICE, 4 * MIB)
    liar = tmp_path / "programs" / "dd"
    liar.write_text(
        '#!/bin/bash\ncase " $* " in *" of="*) head -c 4 > /dev/null; echo "4 bytes" >&2 ;; *) echo lies ;; esac\n'
    )
    liar.chmod(0o755)
    with pytest.raises(HostCommandFailed, match="read back"):
        write(world, b"data")


class SleepyShell:
    """Logs in, and nothing follows."""

    def command(self, _host: HostName, _line: str) -> list[str]:
        """Nothing of what was asked for."""
        return ["sleep", "600"]


def test_a_host_that_does_not_begin_is_not_waited_for_like_a_large_image(world: World, tmp_path: Any) -> None:
    """The limit of a session counts until the device is there, that of a transfer from then on."""
    if not world.real:
        pytest.skip("in memory no time passes by itself")
    limits, shell = Limits(host=0.5, transfer=3600.0), SleepyShell()
    image = FetchedImage(4, world.image(b"data"))
    for wait_for_it in (
        lambda: Writer(shell, limits).write(image, ALPHA, DEVICE, zeroed=False, wait=0.0),
        lambda: FrontEndExports(limits, shell).save(ALPHA, DEVICE, 4, str(tmp_path)),
        lambda: Copier(shell, limits).copy(ALPHA, "/a/b/c", HostName("beta"), "/a/b/c", ()),
        lambda: Copier(shell, limits).copy_here(ALPHA, "/a/b/c", "/a/b/d"),
        lambda: SshHosts(lambda: limits, shell).run(ALPHA, [CopyDevice("/dev/drbd1001", DEVICE, 4)]),
        lambda: SshHosts(lambda: limits, shell).run(ALPHA, [ExportDevice(DEVICE, "/a/b/c")]),
    ):
        with pytest.raises(HostUnreachable, match=r"no end after 0\.5 seconds"):
            wait_for_it()


def test_a_host_that_has_begun_may_take_as_long_as_a_large_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the real scripts print first lets the limit of the transfer count, in each kind of session."""
    if not world.real:
        pytest.skip("in memory no time passes by itself")
    seen: list[float] = []
    monkeypatch.setattr(Program, "allow", lambda _self, seconds: seen.append(seconds))
    other, home = "/dev/drbd1001", world.home(ALPHA)
    for device in (DEVICE, other):
        world.device(ALPHA, device, MIB)
    world.put(ALPHA, f"{home}/7/vm.xml", b"<VM/>")
    world.hosts.run(ALPHA, [CopyDevice(other, DEVICE, MIB // 1024)])
    world.hosts.copy_files(ALPHA, f"{home}/7", ALPHA, f"{home}/8")
    assert seen == [60.0, 30.0]
