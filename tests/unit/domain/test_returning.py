"""Disks that the addon 3.x left as files on the front-end are volumes again when their VM is resumed."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain import marks as marking
from domain.errors import HostCommandFailed, UnknownVolume
from domain.names import DiskOf, HostName, VolumeName
from domain.orders import MoveDisk, Place
from domain.steps import RemoveFile

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
PATH = "/var/ds/101/7/disk.0"
FRONT_END, HOST = HostName("host-c"), HostName("host-a")
DATA = b"what the guest wrote last".ljust(2 * 1024 * 1024, b".")
ORDER = MoveDisk(Place(FRONT_END, PATH), Place(HOST, PATH), DiskOf(7, 0), 100)


@pytest.fixture
def left(bench):
    """The disk of a VM that goes to host-a: a file on the front-end, and nothing in LINSTOR."""
    bench.vm(DISK, HOST)
    bench.hosts.host(FRONT_END).make_directory("/var/ds/101/7")
    _put(bench)
    return bench


def _put(bench) -> None:
    bench.hosts.host(FRONT_END).put(PATH, DATA)
    bench.sources.files[PATH] = DATA


def _file(bench) -> bool:
    return bench.hosts.host(FRONT_END).get(PATH) is not None


def test_the_file_becomes_the_volume(left) -> None:
    """Defects 5 and 6: the disk is linked where the VM goes, and the file goes last."""
    left.relocation.move_disk(ORDER)

    assert left.read(DISK, len(DATA)) == DATA
    assert dict(left.cluster.definitions([DISK])[DISK].marks) == {"vm": "7", "disk": "0", "seq": "0"}
    assert isinstance(left.hosts.host(HOST).get(PATH), Link)
    assert not _file(left)


def test_another_drivers_directory_gets_a_link_in_place_of_the_file(left) -> None:
    """tm/ssh replaces the directory on the host by the one on the front-end, with the links that are in it."""
    left.vm(DISK, HOST, tm_mad="ssh")

    left.relocation.move_disk(ORDER)

    there, here = (left.hosts.host(host).get(PATH) for host in (FRONT_END, HOST))
    assert isinstance(there, Link)
    assert left.hosts.host(HOST).device(there.target).device == left.hosts.host(HOST).device(here.target).device


def test_a_link_that_took_the_place_of_the_file_stays(left) -> None:
    """A kill right after that is no reason to look for the file."""
    left.vm(DISK, HOST, tm_mad="ssh")
    left.volume(DISK, vm="7", disk="0", state=marking.RETURNED)
    left.hosts.host(FRONT_END).remove(PATH)
    left.hosts.host(FRONT_END).put(PATH, Link("/dev/drbd1000"))

    left.relocation.move_disk(ORDER)

    assert isinstance(left.hosts.host(FRONT_END).get(PATH), Link)
    assert marking.STATE not in left.cluster.definitions([DISK])[DISK].marks


def test_a_write_that_fails_keeps_the_file(left, monkeypatch) -> None:
    """And leaves no volume that could be taken for the disk (defect 5)."""

    def fail(*_args, **_more) -> int:
        raise HostCommandFailed(HOST, "write", "Input/output error")

    monkeypatch.setattr(left.sources, "write", fail)
    with pytest.raises(HostCommandFailed):
        left.relocation.move_disk(ORDER)

    assert _file(left)
    assert left.cluster.definitions([DISK]) == {}


def test_a_volume_that_a_kill_left_half_written_is_made_anew(left) -> None:
    """The file still has the data."""
    left.volume(DISK, vm="7", disk="0", state=marking.CREATING)

    left.relocation.move_disk(ORDER)

    assert left.read(DISK, len(DATA)) == DATA


def test_a_file_that_cannot_be_removed_is_removed_by_the_retry(left, monkeypatch) -> None:
    """The volume is not written a second time."""
    run, write = left.hosts.run, left.sources.write

    def refuse(host, steps):
        if isinstance(steps[0], RemoveFile):
            raise HostCommandFailed(host, "remove file", "Read-only file system")
        return run(host, steps)

    monkeypatch.setattr(left.hosts, "run", refuse)
    with pytest.raises(HostCommandFailed):
        left.relocation.move_disk(ORDER)
    monkeypatch.setattr(left.hosts, "run", run)
    written: list[str] = []
    monkeypatch.setattr(left.sources, "write", lambda *args, **more: written.append("again") or write(*args, **more))

    left.relocation.move_disk(ORDER)

    assert written == []
    assert left.read(DISK, len(DATA)) == DATA
    assert not _file(left)


def test_a_volume_that_is_complete_is_never_written_again(left) -> None:
    """A kill before the file went must not bring back old data later."""
    left.volume(DISK, vm="7", disk="0", state=marking.RETURNED)
    left.write(DISK, b"newer")

    left.relocation.move_disk(ORDER)

    assert left.read(DISK, 5) == b"newer"
    assert not _file(left)
    assert marking.STATE not in left.cluster.definitions([DISK])[DISK].marks


def test_a_volume_that_was_never_moved_out_is_not_touched(left) -> None:
    """A file of that name beside a sound volume is not ours to judge."""
    left.volume(DISK, vm="7", disk="0")
    left.write(DISK, b"sound")

    left.relocation.move_disk(ORDER)

    assert left.read(DISK, 5) == b"sound"
    assert _file(left)


def test_a_disk_that_is_nowhere_is_an_error(left) -> None:
    """No empty volume is made in its place."""
    left.hosts.host(FRONT_END).remove(PATH)

    with pytest.raises(UnknownVolume):
        left.relocation.move_disk(ORDER)

    assert left.cluster.definitions([DISK]) == {}
