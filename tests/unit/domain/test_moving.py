"""The disks of a migration: which are ours, and which may not be touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import BeingDeleted, UnknownVolume, VolumeInUse
from domain.moving import lock_limit, moving_disks, other_users, refuse_third_user, token
from domain.names import HostName, VolumeName
from domain.opennebula import Disk
from domain.settings import Limits
from domain.steps import CountLinks

DISK = VolumeName("OpenNebula-Image-4")
A, B = HostName("host-a"), HostName("host-b")


@pytest.fixture
def order(bench):
    """VM 7 goes from host-a to host-b with its persistent disk."""
    bench.volume(DISK)
    return bench.migrate(bench.vm(DISK, A, B, persistent=True), A, B)


def test_disks_of_other_drivers_are_not_ours(bench, order) -> None:
    """LINSTOR is not even asked for them."""
    other = Disk(1, 5, "rbd", 64, 64, clone=False, tm_mad="ceph", datastore_id=102)
    order = order._replace(vm=replace(order.vm, disks=(*order.vm.disks, other)))
    [moving] = moving_disks(order, bench.storages)
    assert (moving.volume, moving.path) == (DISK, "/var/ds/101/7/disk.0")


@pytest.mark.parametrize(("state", "error"), [("gone", UnknownVolume), ("going", BeingDeleted)])
def test_a_volume_that_is_gone_stops_a_migration_and_not_its_end(bench, order, state: str, error: type) -> None:
    """At the end there is nothing to settle for it."""
    if state == "gone":
        bench.cluster.delete(DISK)
    else:
        bench.model.state.definitions[DISK].flags.add("DELETE")
    with pytest.raises(error):
        moving_disks(order, bench.storages)
    assert moving_disks(order, bench.storages, gone_is_fine=True) == []


@pytest.mark.parametrize(
    ("at", "readonly", "refused"), [("a", False, False), ("b", False, False), ("c", False, True), ("c", True, False)]
)
def test_only_a_third_host_that_has_a_written_disk_open_is_in_the_way(
    bench, order, at: str, readonly: bool, refused: bool
) -> None:
    """The source has it open, the target may have, and a disc has as many readers as there are."""
    [moving] = moving_disks(order, bench.storages)
    seen = tuple(replace(each, in_use=each.host == f"host-{at}") for each in moving.seen)
    hosts = {each.host for each in seen}
    if f"host-{at}" not in hosts:
        seen = (*seen, replace(seen[0], host=HostName(f"host-{at}"), in_use=True))
    moving = replace(moving, seen=seen, disk=replace(moving.disk, readonly=readonly))
    if not refused:
        refuse_third_user(moving, order)
        return
    with pytest.raises(VolumeInUse, match=f"on host-{at}, beside"):
        refuse_third_user(moving, order)


def test_only_a_common_image_has_other_users(bench, order) -> None:
    """And only where it is."""
    [moving] = moving_disks(order, bench.storages)
    here = bench.replica(DISK)
    assert other_users(moving, here.host) is None
    common = replace(moving, disk=replace(moving.disk, shareable=True))
    assert other_users(common, here.host) == CountLinks("/var/ds", here.device, here.alias, "/var/ds/101/7")
    assert other_users(replace(common, seen=()), here.host) is None


def test_a_migration_waits_for_as_long_as_any_datastore_allows(bench, order) -> None:
    """Without a disk it need not wait."""
    [moving] = moving_disks(order, bench.storages)
    settings = replace(moving.storage.settings, limits=replace(Limits(), lock=770.0))
    patient = replace(moving, storage=replace(moving.storage, settings=settings))
    assert lock_limit([patient, moving]) == 770.0
    assert lock_limit([]) == 0.0


def test_each_migration_has_a_token_of_its_own(order) -> None:
    """A file of an earlier one proves nothing."""
    assert token(order) == ".linstor-migration-1"
