"""Of volumes that somebody owns, what nobody accounts for is taken away: snapshots, attachments, writers, debts."""

from __future__ import annotations

import pytest
from tests.unit.domain.orphan_cloud import MIGRATING, Cloud

from adapters.memory.file_tree import Link
from domain.names import SAFETY, HostName, SnapshotName, VolumeName, revert_volume
from domain.opennebula import DiskSnapshot
from domain.orphans import Kind
from domain.volumes import Role


def test_a_snapshot_that_oned_does_not_know_is_deleted_and_its_name_noted_as_used(cloud: Cloud) -> None:
    """The others stay, those of other people, too."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    for name in ("OpenNebula-Snap-0", "OpenNebula-Snap-1", "by-hand"):
        cloud.bench.cluster.snapshot(volume, SnapshotName(name), {})
    cloud.vm(volume, "host-a", snapshots=(DiskSnapshot(0, 0),))
    assert (cloud.one().kind, cloud.one().part) == (Kind.SNAPSHOT, "OpenNebula-Snap-1")
    cloud.clear()
    left = [each.name for each in cloud.bench.cluster.snapshots(volume)]
    assert left == ["OpenNebula-Snap-0", "by-hand"]
    assert cloud.bench.cluster.definitions([volume])[volume].marks["snapshot-1"] == "1"


def test_snapshots_of_an_image_and_of_the_vm_that_has_it_both_count(cloud: Cloud) -> None:
    """Oned keeps those of a persistent image in two places."""
    volume = cloud.bench.volume("OpenNebula-Image-4")
    for number in (0, 1):
        cloud.bench.cluster.snapshot(volume, SnapshotName(f"OpenNebula-Snap-{number}"), {})
    cloud.image(4, state=8, persistent=True, snapshots=(0,))
    cloud.vm(volume, "host-a", snapshots=(DiskSnapshot(0, 1),))
    assert cloud.found() == []


def test_an_attachment_where_no_vm_is_ends_and_the_data_stays(cloud: Cloud) -> None:
    """That of the VM stays."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    stranger = cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.vm(volume, stranger)
    assert cloud.found() == []
    cloud.vm(volume, cloud.bench.replica(volume).host)
    assert (cloud.one().kind, cloud.one().part) == (Kind.ATTACHMENT, stranger)
    cloud.clear()
    roles = {each.role for each in cloud.bench.cluster.deployments([volume])[volume]}
    assert Role.ATTACHMENT not in roles
    assert Role.REPLICA in roles


@pytest.mark.parametrize("state", [MIGRATING, (3, 51), (1, 0)])
def test_while_oned_has_an_order_under_way_nothing_of_a_vm_is_touched(cloud: Cloud, state: tuple[int, int]) -> None:
    """Migrations attach to two hosts."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    stranger = cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.bench.cluster.snapshot(volume, SnapshotName("OpenNebula-Snap-1"), {})
    cloud.vm(volume, cloud.bench.replica(volume).host, state=state)
    assert {each.kept for each in cloud.found()} == {"oned has an order under way about its image or VM"}


def test_an_attachment_that_is_open_is_kept(cloud: Cloud) -> None:
    """Whoever has it open, the data is theirs."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    stranger = cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.vm(volume, cloud.bench.replica(volume).host)
    handle = cloud.bench.model.devices.open(stranger, volume, write=True)
    assert cloud.one().kept == f"it is in use on {stranger}"
    handle.close()


def test_an_attachment_on_a_host_that_is_away_is_kept(cloud: Cloud) -> None:
    """Whether it is open there nobody can tell."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    stranger = cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.vm(volume, cloud.bench.replica(volume).host)
    cloud.bench.model.events.satellite_down(stranger)
    assert cloud.one().kept == f"nobody can tell whether it is in use on {stranger}"


def migrated(cloud: Cloud) -> tuple[VolumeName, HostName, HostName]:
    """The disk of a VM whose migration was begun, the VM's host, and the one it was to go to."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    home, stranger = cloud.bench.replica(volume).host, cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.bench.cluster.allow_two_writers(volume, (home, stranger))
    cloud.bench.cluster.mark(volume, {"migration": f"{home}>{stranger}"})
    cloud.vm(volume, home)
    return volume, home, stranger


def test_two_writers_stay_while_both_hosts_write(cloud: Cloud) -> None:
    """Whatever oned says of the VM: the guest is on its way."""
    volume, home, stranger = migrated(cloud)
    handles = [cloud.bench.model.devices.open(host, volume, write=True) for host in (home, stranger)]
    assert cloud.one().kept == "two hosts have it open for writing"
    for each in handles:
        each.close()


def test_two_writers_of_a_migration_that_is_over_are_forbidden(cloud: Cloud) -> None:
    """And the end that no VM uses loses its attachment."""
    volume, *_ = migrated(cloud)
    assert cloud.one().kind is Kind.WRITERS
    cloud.clear()
    assert cloud.found() == []
    state = cloud.bench.model.state.find(volume)
    assert not any(state.connections.values())


def test_a_debt_is_paid(cloud: Cloud) -> None:
    """The link goes, and so does the note."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    cloud.vm(volume, "host-a")
    cloud.bench.cluster.mark(volume, {"debt-host-b": "/var/ds/101/7/disk.0"})
    assert (cloud.one().kind, cloud.one().part) == (Kind.DEBT, "host-b")
    cloud.clear()
    assert cloud.bench.cluster.definitions([volume])[volume].marks == {}


def test_a_debt_is_kept_where_the_vm_is_again(cloud: Cloud) -> None:
    """Its link would go."""
    volume = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    cloud.vm(volume, "host-b")
    cloud.bench.cluster.mark(volume, {"debt-host-b": "/var/ds/101/7/disk.0"})
    assert "on that host now" in cloud.one().kept


def test_what_an_interrupted_revert_left_goes_once_the_disk_is_whole(cloud: Cloud) -> None:
    """The data of before stays for as long as the disk is half written; what was laid out for it may go at once."""
    disk = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0", vm="7", disk="0")
    cloud.image(4)
    cloud.vm(disk, "host-a", state=(8, 0))
    cloud.bench.snapshots.take(cloud.bench.storage, disk, SAFETY, "")
    laid_out = cloud.bench.volume(revert_volume(disk), source=f"{disk}@OpenNebula-Snap-0", state="creating")
    replicas = [each.host for each in cloud.bench.cluster.deployments([disk])[disk] if each.role is Role.REPLICA]
    cloud.bench.cluster.mark_half_written(disk, replicas, half=True)

    found = {each.kind: (each.volume, bool(each.kept)) for each in cloud.found()}
    assert found == {Kind.SNAPSHOT: (disk, True), Kind.HALF_MADE: (laid_out, False)}

    cloud.bench.cluster.mark_half_written(disk, replicas, half=False)
    assert [each.error for each in cloud.clear()] == ["", ""]
    assert (cloud.volumes(), cloud.bench.cluster.snapshots(disk)) == ({disk}, ())


def test_a_debt_is_paid_beside_one_that_is_kept(cloud: Cloud) -> None:
    """The link on the host where the VM is again is its disk."""
    volume = cloud.bench.volume("OpenNebula-Image-10")
    cloud.image(10, persistent=True)
    cloud.vm(volume, "host-b", "host-c")
    for each in ("host-b", "host-c"):
        host = cloud.bench.hosts.host(each)
        host.make_directory("/var/ds/101/7")
        host.put("/var/ds/101/7/disk.0", Link("/dev/drbd1000"))
    cloud.bench.cluster.mark(volume, {f"debt-{each}": "/var/ds/101/7/disk.0" for each in ("host-b", "host-c")})

    done = [each.finding.part for each in cloud.clear() if each.finding.kind is Kind.DEBT]

    assert done == ["host-b"]
    assert cloud.bench.hosts.host("host-b").get("/var/ds/101/7/disk.0") is None
    assert cloud.bench.hosts.host("host-c").get("/var/ds/101/7/disk.0") is not None
