"""Where the data is after a VM has moved."""

from __future__ import annotations

import pytest

from domain.names import DiskOf, VolumeName
from domain.orders import LinkDisk, MoveDisk, Place
from domain.volumes import Role, on_host

DISK = VolumeName("OpenNebula-Image-4")
PATH = "/var/ds/101/7/disk.0"


def _moved(bench, *, live: bool) -> Role | None:
    """Move the VM from a host with a replica to the one without; the role that its disk has there."""
    bench.volume(DISK)
    source, target = bench.replica(DISK).host, bench.stranger(DISK)
    bench.vm(DISK, source, persistent=True)
    bench.disks.link(LinkDisk(DISK, Place(source, PATH), DiskOf(7, 0), 100))
    vm = bench.vm(DISK, source, target, persistent=True)
    if live:
        bench.migration.prepare(bench.migrate(vm, source, target))
        bench.migration.finish(bench.migrate(vm, source, target))
    else:
        bench.relocation.move_disk(MoveDisk(Place(source, PATH), Place(target, PATH), DiskOf(7, 0), 100))
    here = on_host(bench.cluster.deployments([DISK])[DISK], target)
    return here.role if here is not None else None


@pytest.mark.parametrize("live", [True, False])
def test_a_vm_uses_its_disk_over_the_network(bench, live: bool) -> None:
    """No data moves with it."""
    assert _moved(bench, live=live) is Role.ATTACHMENT


@pytest.mark.parametrize("live", [True, False])
def test_a_datastore_may_want_the_data_near(bench, live: bool) -> None:
    """The new host gets a replica."""
    bench.datastore(100, LINSTOR_PREFER_LOCAL="yes")

    assert _moved(bench, live=live) is Role.REPLICA


@pytest.mark.parametrize("live", [True, False])
def test_a_host_without_a_pool_is_no_error(bench, live: bool) -> None:
    """The VM runs there all the same."""
    bench.datastore(100, LINSTOR_PREFER_LOCAL="yes")
    bench.volume(DISK)
    bare = bench.stranger(DISK)
    bench.cluster.delete(DISK)
    bench.model.state.nodes[bare].pools.pop("data")

    assert _moved(bench, live=live) is Role.ATTACHMENT
