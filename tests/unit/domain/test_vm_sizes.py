"""Sizes of VM disks: what is told, what is left out, and what cannot spoil it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.unit.domain.conftest import IMAGES, SYSTEM, Bench

from adapters.memory.pools import MemoryPools
from domain.errors import ControllerUnreachable, Expired, OnedUnreachable
from domain.opennebula import Datastore, Disk, DiskSnapshot, History, Vm
from domain.vm_sizes import LISTING_SECONDS, DiskSize, Measured, VmMonitoring, VmSizes

IMAGE = "OpenNebula-Image-4"
THICK_MIB = 68
"""64 MiB and what DRBD keeps beside them, in whole extents."""


def measure(bench: Bench) -> Measured:
    """Every VM of the system datastore."""
    return VmMonitoring(bench.storages, MemoryPools(bench.oned), bench.clock).measure(Datastore(SYSTEM))


def thick(bench: Bench, name: str) -> None:
    """A volume whose replicas take all of its size."""
    bench.volume(name)
    for each in bench.model.state.definitions[name].diskful():
        each.pool = "thick"


@pytest.fixture
def with_thick_pools(bench: Bench) -> Bench:
    """Every host has a pool of LVM, too."""
    for node in bench.model.state.nodes.values():
        if "data" in node.pools:
            node.pools["thick"] = replace(node.pools["data"], name="thick", kind="LVM")
    return bench


def vm(bench: Bench, *disks: Disk, vm_id: int = 7, datastore: int = SYSTEM, **more: object) -> None:
    """A VM that is on host-a."""
    history = (History(0, "host-a", datastore, "linstor"),)
    bench.oned.put(Vm(vm_id, state=3, disks=disks, history=history, **more))  # type: ignore[arg-type]


def disk(disk_id: int = 0, **more: object) -> Disk:
    """A clone of the image."""
    values = {"source": IMAGE, "clone": True, "tm_mad": "linstor", "datastore_id": IMAGES, **more}
    return Disk(disk_id, 4, **values)  # type: ignore[arg-type]


def test_every_kind_of_disk_is_told_with_its_own_volume(with_thick_pools: Bench) -> None:
    """A clone has a volume of its own, a persistent disk is the image's, a volatile one is named by the VM."""
    for name in (f"{IMAGE}-vm7-disk0", IMAGE, "OpenNebula-Volatile-vm7-disk2"):
        thick(with_thick_pools, name)
    volatile = Disk(2, kind="fs", tm_mad="linstor", size_mib=64)
    vm(with_thick_pools, disk(0), disk(1, clone=False, persistent=True), volatile)
    told = [DiskSize(number, THICK_MIB) for number in range(3)]
    assert measure(with_thick_pools) == Measured((VmSizes(7, tuple(told)),))


def test_a_thin_disk_is_told_with_what_it_takes_and_not_with_its_size(bench: Bench) -> None:
    """And what takes anything takes at least 1 MiB."""
    bench.volume(f"{IMAGE}-vm7-disk0")
    vm(bench, disk())
    assert measure(bench).vms == (VmSizes(7, (DiskSize(0, 1),)),)


def test_snapshots_are_those_of_oned(bench: Bench) -> None:
    """Of the disks that are told; a record without a size tells nothing."""
    bench.volume(f"{IMAGE}-vm7-disk0")
    kept = DiskSnapshot(0, 3, size_mib=64)
    vm(bench, disk(), snapshots=(kept, DiskSnapshot(0, 4), DiskSnapshot(9, 0, size_mib=64)))
    assert measure(bench).vms[0].snapshots == (kept,)


@pytest.mark.parametrize(
    "other",
    [disk(tm_mad="ceph"), disk(tm_mad=""), disk(source="a b"), disk(source=""), disk(disk_id=1)],
    ids=["another driver", "no driver", "a path", "no source", "no volume"],
)
def test_a_disk_that_is_no_volume_of_this_driver_is_left_out(bench: Bench, other: Disk) -> None:
    """The others are told all the same; a VM without any is not."""
    for vm_id in (7, 8):
        bench.volume(f"{IMAGE}-vm{vm_id}-disk0")
    vm(bench, disk(), vm_id=7)
    vm(bench, replace(other), vm_id=9)
    assert [each.vm_id for each in measure(bench).vms] == [7]


def test_a_disk_whose_replicas_are_all_away_is_left_out(bench: Bench) -> None:
    """Zero would be believed."""
    volume = bench.volume(f"{IMAGE}-vm7-disk0")
    vm(bench, disk(), snapshots=(DiskSnapshot(0, 3, size_mib=64),))
    for each in bench.model.state.definitions[volume].diskful():
        bench.model.events.satellite_down(each.node)
    assert measure(bench) == Measured(())


def test_vms_of_other_datastores_are_left_out(bench: Bench) -> None:
    """Only where a VM is now counts; one that was never placed is nowhere."""
    for vm_id in (7, 8, 9):
        bench.volume(f"{IMAGE}-vm{vm_id}-disk0")
    vm(bench, disk(), vm_id=7)
    moved = (History(0, "host-a", SYSTEM), History(1, "host-a", 200))
    bench.oned.put(Vm(8, state=3, disks=(disk(),), history=moved), Vm(9, state=1, disks=(disk(),)))
    assert [each.vm_id for each in measure(bench).vms] == [7]


def test_one_listing_serves_all_vms(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their number, and whatever datastores of one LINSTOR their images are in."""
    asked: list[int] = []
    real = bench.cluster.allocated
    monkeypatch.setattr(bench.cluster, "allocated", lambda volumes: asked.append(len(volumes)) or real(volumes))
    bench.datastore(110)
    for vm_id in range(5):
        bench.volume(f"{IMAGE}-vm{vm_id}-disk0")
        vm(bench, disk(datastore_id=IMAGES if vm_id % 2 else 110), vm_id=vm_id)
    assert len(measure(bench).vms) == 5
    assert asked == [5]


def test_a_linstor_that_fails_is_a_problem_that_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing else to tell then."""

    def fail(_: object) -> None:
        raise ControllerUnreachable(["one"], "it is away")

    monkeypatch.setattr(bench.cluster, "allocated", fail)
    vm(bench, disk())
    found = measure(bench)
    assert found.vms == ()
    assert "it is away" in found.problems[0]


def test_a_datastore_that_oned_does_not_know_hides_no_other(bench: Bench) -> None:
    """Its disks are left out, and that is told."""
    bench.volume(f"{IMAGE}-vm7-disk0")
    vm(bench, disk(), disk(1, datastore_id=999))
    found = measure(bench)
    assert [each.disk_id for each in found.vms[0].disks] == [0]
    assert "999" in found.problems[0]


def test_without_oned_there_are_no_sizes(bench: Bench) -> None:
    """The caller knows what to do with the error."""
    bench.oned.down = True
    with pytest.raises(OnedUnreachable):
        measure(bench)


def test_the_list_of_vms_has_a_limit_of_time(bench: Bench) -> None:
    """The space of the datastore waits for it."""

    class Slow(MemoryPools):
        def vms(self) -> Iterator[Vm]:
            for each in super().vms():
                bench.clock.sleep(LISTING_SECONDS + 1)
                yield each

    vm(bench, disk())
    with pytest.raises(Expired, match="60 seconds"):
        VmMonitoring(bench.storages, Slow(bench.oned), bench.clock).measure(Datastore(SYSTEM))
