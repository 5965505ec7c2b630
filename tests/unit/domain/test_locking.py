"""Two orders about one volume take turns: the second one changes nothing before the first has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.errors import Expired
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Disk
from domain.orders import CloneDisk, DeleteDisk, LinkDisk, MakeVolatile, MoveDisk, Place, ReleaseDisk

IMAGE, COPY = VolumeName("OpenNebula-Image-4"), VolumeName("OpenNebula-Image-4-vm7-disk0")
VOLATILE = VolumeName("OpenNebula-Volatile-vm7-disk0")
HERE = Place(HostName("host-a"), "/var/ds/101/7/disk.0")
THERE = Place(HostName("host-b"), HERE.path)
OF = DiskOf(7, 0)


def _persistent(bench) -> None:
    bench.vm(IMAGE, "host-a", persistent=True)


def _private(bench) -> None:
    bench.vm(COPY, "host-a")


def _volatile(bench) -> None:
    disk = Disk(0, size_mib=64, kind="FS", tm_mad="linstor")
    bench.oned.put(replace(bench.vm(COPY, "host-a"), disks=(disk,)))


ORDERS = {
    "ln": (IMAGE, _persistent, lambda bench: bench.disks.link(LinkDisk(IMAGE, HERE, OF, 100))),
    "mvds": (IMAGE, _persistent, lambda bench: bench.disks.release(ReleaseDisk(HERE, IMAGE, OF, 100))),
    "delete, an image": (IMAGE, _persistent, lambda bench: bench.disks.delete(DeleteDisk(HERE, OF, 100))),
    "delete, a copy": (COPY, _private, lambda bench: bench.disks.delete(DeleteDisk(HERE, OF, 100))),
    "clone": (COPY, _private, lambda bench: bench.disks.clone(CloneDisk(IMAGE, HERE, OF, 100))),
    "mkimage": (VOLATILE, _volatile, lambda bench: bench.disks.make_volatile(MakeVolatile(64, "raw", HERE, OF, 101))),
    "mv": (IMAGE, _persistent, lambda bench: bench.relocation.move_disk(MoveDisk(HERE, THERE, OF, 100))),
}


@pytest.mark.parametrize(("volume", "known", "order"), ORDERS.values(), ids=ORDERS)
def test_an_order_waits_for_another_one_about_its_volume(
    bench, volume: VolumeName, known: Callable[..., None], order: Callable[..., None]
) -> None:
    """And tells after its limit that it waited in vain."""
    bench.volume(IMAGE)
    if volume == COPY and order is not ORDERS["clone"][2]:
        bench.volume(COPY, vm="7", disk="0")
    known(bench)
    before = set(bench.model.state.definitions)

    with bench.locks.hold([volume], 1), pytest.raises(Expired, match="the end of another order"):
        order(bench)

    assert set(bench.model.state.definitions) == before
    assert bench.hosts.sessions == []
