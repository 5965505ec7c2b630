"""Where the link of a disk is made when its VM changes place."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain.names import DiskOf, HostName, VolumeName
from domain.orders import MoveDisk, Place

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
HOST = HostName("host-a")
OLD, NEW = "/var/ds/101/7/disk.0", "/var/ds/102/7/disk.0"


@pytest.mark.parametrize(("driver", "linked"), [("linstor", True), ("ssh", True), ("shared", False), ("qcow2", False)])
def test_the_new_directory_is_not_begun_where_the_old_one_becomes_it(bench, driver: str, linked: bool) -> None:
    """tm/shared runs `mv OLD NEW`, which puts OLD into a NEW that is there: context and checkpoint were lost."""
    bench.volume(DISK, vm="7", disk="0")
    bench.vm(DISK, HOST, HOST, tm_mad=driver)

    bench.relocation.move_disk(MoveDisk(Place(HOST, OLD), Place(HOST, NEW), DiskOf(7, 0), 100))

    assert isinstance(bench.hosts.host(HOST).get(NEW), Link) == linked


def test_a_directory_that_stays_gets_its_link(bench) -> None:
    """A VM on a shared system datastore goes to another host."""
    bench.volume(DISK, vm="7", disk="0")
    bench.vm(DISK, "host-b", HOST, tm_mad="shared")

    bench.relocation.move_disk(MoveDisk(Place(HostName("host-b"), OLD), Place(HOST, OLD), DiskOf(7, 0), 100))

    assert isinstance(bench.hosts.host(HOST).get(OLD), Link)
