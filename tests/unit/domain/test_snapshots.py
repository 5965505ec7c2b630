"""Reverting to a snapshot changes the data and nothing else."""

from __future__ import annotations

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
