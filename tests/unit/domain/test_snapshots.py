"""Reverting to a snapshot changes the data and nothing else."""

from __future__ import annotations

import pytest

from domain.errors import NotTheNewest
from domain.names import VolumeName

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
SMALL, LARGE = 65536, 131072
END = SMALL * 1024


def test_a_disk_that_grew_keeps_its_size(bench) -> None:
    """Beyond the snapshot it reads as zeros."""
    bench.volume(DISK, vm="7")
    bench.write(DISK, b"before")
    bench.snapshots.take(bench.storage, DISK, 0, "1")
    bench.sizes.ensure(bench.storage, DISK, LARGE)
    here = bench.replica(DISK)
    bench.devices.write(here.host, str(here.device), END, b"later")
    bench.write(DISK, b"after.")

    bench.snapshots.revert(bench.storage, DISK, 0)

    found = bench.cluster.definitions([DISK])[DISK]
    here = bench.replica(DISK)
    assert (found.size_kib, dict(found.marks)) == (LARGE, {"vm": "7"})
    assert bench.read(DISK, 6) == b"before"
    assert bench.devices.read(here.host, str(here.device), END, 5) == bytes(5)


def test_an_old_server_only_goes_back_to_the_newest(bench) -> None:
    """One sentence says what to do, and data, snapshots and marks are as before (linstor.md 2.11)."""
    bench.volume(DISK, vm="7")
    for number, data in enumerate((b"first", b"later")):
        bench.write(DISK, data)
        bench.snapshots.take(bench.storage, DISK, number, str(number))
    bench.write(DISK, b"today")
    before = (bench.cluster.snapshots(DISK), bench.cluster.definitions([DISK]))
    bench.model.rest_api_version = "1.24.0"

    with pytest.raises(NotTheNewest, match=r"newest snapshot of it, so nothing was changed.*delete the younger"):
        bench.snapshots.revert(bench.storage, DISK, 0)

    assert bench.read(DISK, 5) == b"today"
    assert (bench.cluster.snapshots(DISK), bench.cluster.definitions([DISK])) == before
    bench.snapshots.revert(bench.storage, DISK, 1)
    assert bench.read(DISK, 5) == b"later"
