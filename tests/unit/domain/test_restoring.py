"""Disks get what a backup has, or stay as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.backup_stores import MemoryBackupStores
from domain import marks as marking
from domain.errors import BadOrder, HostCommandFailed, OnedRefused, SourceRefused, SourceUnreadable, VolumeInUse
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Disk, Vm
from domain.orders import Place, ReleaseDisk, RestoreDisks
from domain.restoring import Restoring
from domain.steps import CopyDevice
from domain.undoing import Undo
from domain.volumes import Role

DISK, OTHER = VolumeName("OpenNebula-Image-4-vm7-disk0"), VolumeName("OpenNebula-Image-6")
HERE = HostName("host-a")
PLACE = Place(HERE, "/var/ds/101/7")
OLD, NOW = b"old!" * 1024, b"now!" * 1024
MIB = 1024 * 1024


def order(disk: int | None = None, increment: int | None = None, image: int = 52) -> RestoreDisks:
    return RestoreDisks(PLACE, 7, image, increment, disk)


@pytest.fixture
def vm(bench) -> Vm:
    """A VM that is powered off: a copy of an image, and a persistent one, both with a snapshot."""
    for name in (DISK, OTHER):
        bench.volume(name)
        bench.write(name, NOW)
    made = bench.vm(DISK, "host-a")
    other = Disk(1, 6, OTHER, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
    made = replace(made, disks=(*made.disks, other))
    bench.oned.put(made)
    for name in (DISK, OTHER):
        bench.snapshots.take(bench.storage, name, 0, "1")
    return made


@pytest.fixture
def restoring(bench, vm) -> Restoring:
    """With backup 52 of both disks, of disk 0 with an increment."""
    stores = MemoryBackupStores()
    stores.backups[52] = {
        0: ["rsync://107//0:a/disk.0.0", "rsync://107//0:a,b/disk.0.1"],
        1: ["rsync://107//0:a/disk.1.0"] * 2,
    }
    for url in ("rsync://107//0:a/disk.0.0", "rsync://107//0:a/disk.1.0"):
        bench.sources.files[url] = OLD + bytes(64 * MIB - len(OLD))
    bench.sources.files["rsync://107//0:a,b/disk.0.1"] = b"increment" + bytes(MIB)
    return Restoring(
        bench.storages,
        bench.oned,
        stores,
        bench.sources,
        bench.locks,
        bench.attachment,
        bench.lifetime,
        bench.snapshots,
        bench.rewriting,
        bench.sizes,
    )


def names(bench) -> set[str]:
    return set(bench.model.state.definitions)


def test_all_disks_are_as_in_the_backup(bench, restoring) -> None:
    """The VM finds them under its links; nothing else stays in LINSTOR."""
    restoring.restore(order(increment=0))
    for number, name in enumerate((DISK, OTHER)):
        assert bench.read(name, len(OLD)) == OLD
        assert bench.hosts.host(HERE).get(f"{PLACE.path}/disk.{number}") is not None
    assert names(bench) == {DISK, OTHER}


def test_one_disk_alone(bench, restoring) -> None:
    """The others keep what they have."""
    restoring.restore(order(disk=1))
    assert bench.read(OTHER, len(OLD)) == OLD
    assert bench.read(DISK, len(NOW)) == NOW


def test_the_last_increment_is_the_one_that_nobody_named(bench, restoring) -> None:
    """What is beyond the end of its file is zeros and not what the disk had there."""
    restoring.restore(order(disk=0))
    assert bench.read(DISK, 4 * 1024) == b"increment".ljust(4 * 1024, b"\0")


def test_a_smaller_file_leaves_the_size(bench, restoring) -> None:
    """Oned does not change SIZE, and a disk never shrinks."""
    before = bench.cluster.definitions([DISK])[DISK].size_kib
    restoring.restore(order(disk=0))
    assert bench.cluster.definitions([DISK])[DISK].size_kib == before


def test_a_larger_file_makes_the_disk_grow(bench, restoring) -> None:
    """Nothing of the backup is cut off."""
    bench.sources.files["rsync://107//0:a/disk.1.0"] = bytes(80 * MIB) + b"end"
    restoring.restore(order(disk=1))
    assert bench.cluster.definitions([OTHER])[OTHER].size_kib >= 80 * 1024 + 1


def test_the_file_of_a_device_that_was_rounded_up_fits(bench, restoring) -> None:
    """A backup has the whole device; the size that oned knows stays, and the end of the device comes back, too."""
    device = bench.replica(DISK).size_kib * 1024
    bench.sources.files["rsync://107//0:a/disk.0.0"] = bytes(device - 4096) + b"e" * 4096
    restoring.restore(order(disk=0, increment=0))
    assert bench.cluster.definitions([DISK])[DISK].size_kib * 1024 < device
    here = bench.replica(DISK)
    assert bench.devices.read(here.host, str(here.device), device - 4096, 4096) == b"e" * 4096


@pytest.mark.parametrize("dirty", [(), (0,), (0, 1)])
def test_holes_are_left_out_only_where_every_replica_has_zeros(bench, restoring, dirty: tuple[int, ...]) -> None:
    """What an earlier volume left in a pool would become part of the disk."""
    seen, write, told = bench.cluster.deployments, bench.sources.write, []

    def deployments(volumes):
        return {name: _soiled(found) if name.startswith("Revert-") else found for name, found in seen(volumes).items()}

    def _soiled(found):
        replicas = [each.host for each in found if each.role is Role.REPLICA]
        soiled = [replicas[number] for number in dirty]
        return tuple(replace(each, zeroed=each.zeroed and each.host not in soiled) for each in found)

    def writing(*words, zeroed, wait):
        told.append(zeroed)
        return write(*words, zeroed=zeroed, wait=wait)

    bench.cluster.deployments, bench.sources.write = deployments, writing
    restoring.restore(order(disk=0))
    assert told == [not dirty]


def test_snapshots_that_oned_forgets_go(bench, restoring) -> None:
    """Of a copy oned counts from 0 again; those of a persistent image it keeps."""
    restoring.restore(order())
    assert bench.cluster.snapshots(DISK) == ()
    assert len(bench.cluster.snapshots(OTHER)) == 1


def test_nothing_is_written_before_all_files_are_there(bench, restoring) -> None:
    """A download that fails leaves every disk as it was."""
    bench.sources.broken["rsync://107//0:a/disk.1.0"] = SourceUnreadable("no route to the store")
    with pytest.raises(SourceUnreadable):
        restoring.restore(order())
    assert [bench.read(name, len(NOW)) for name in (DISK, OTHER)] == [NOW, NOW]
    assert names(bench) == {DISK, OTHER}


def test_snapshots_stay_while_a_disk_is_not_restored(bench, restoring) -> None:
    """Oned keeps its records of all of them when one disk fails."""
    held = bench.model.devices.open(bench.replica(OTHER).host, OTHER, write=True)
    with pytest.raises(VolumeInUse):
        restoring.restore(order())
    held.close()
    assert bench.read(DISK, 9) == b"increment"
    assert len(bench.cluster.snapshots(DISK)) == 1


def test_an_image_that_is_half_written_gets_its_data_back_with_its_end(bench, restoring) -> None:
    """A restore was killed, and the VM ends: nobody else knows of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.rewriting, "_open_up", lambda *_: killed())
        patch.setattr(Undo, "add", lambda _undo, _action: None)
        with pytest.raises(KeyboardInterrupt):
            restoring.restore(order(disk=1))
    assert bench.read(OTHER, len(OLD)) == OLD
    bench.disks.release(ReleaseDisk(Place(HERE, f"{PLACE.path}/disk.1"), OTHER, DiskOf(7, 1), 100))
    assert bench.read(OTHER, len(NOW)) == NOW
    assert names(bench) == {DISK, OTHER}
    assert len(bench.cluster.snapshots(OTHER)) == 1
    assert not any(each.half_written for each in bench.cluster.deployments([OTHER])[OTHER])
    assert marking.REWRITTEN not in bench.cluster.definitions([OTHER])[OTHER].marks


def killed() -> None:
    raise KeyboardInterrupt


def test_a_copy_that_breaks_gives_the_disk_back(bench, restoring) -> None:
    """As a revert does: neither old data nor new is no disk."""
    run = bench.hosts.run

    def breaking(host, steps):
        if any(isinstance(each, CopyDevice) for each in steps):
            bench.write(DISK, b"half")
            raise HostCommandFailed(host, "copy device", "Input/output error")
        return run(host, steps)

    bench.hosts.run = breaking
    with pytest.raises(HostCommandFailed):
        restoring.restore(order(disk=0))
    assert bench.read(DISK, len(NOW)) == NOW
    assert names(bench) == {DISK, OTHER}
    assert len(bench.cluster.snapshots(DISK)) == 1


def test_a_disk_in_use_is_left_alone(bench, restoring) -> None:
    """A guest that runs all the same would lose everything."""
    device = str(bench.replica(DISK).device)
    held = bench.model.devices.open(bench.replica(DISK).host, DISK, write=True)
    with pytest.raises(VolumeInUse):
        restoring.restore(order(disk=0))
    held.close()
    assert bench.read(DISK, len(NOW)) == NOW, device


@pytest.mark.parametrize("disk", [2, 9])
def test_a_disk_that_one_of_both_does_not_know(restoring, disk: int) -> None:
    """The error names the backup and the disk."""
    with pytest.raises(BadOrder, match=f"backup 52 holds nothing of disk {disk}"):
        restoring.restore(order(disk=disk))


def test_a_disk_that_was_detached_since_is_left_out(bench, restoring, vm) -> None:
    """Of all disks those are restored that are there."""
    bench.oned.put(replace(vm, disks=vm.disks[:1]))
    restoring.restore(order())
    assert bench.read(DISK, 9) == b"increment"
    assert bench.read(OTHER, len(NOW)) == NOW


def test_a_backup_that_is_gone(restoring) -> None:
    """Oned says so."""
    with pytest.raises(OnedRefused):
        restoring.restore(order(image=99))


def test_a_url_that_a_shell_would_carry_out_is_refused(restoring) -> None:
    """It goes to OpenNebula's downloader as the path of an image does."""
    restoring._stores.backups[53] = {0: ["rsync://107//$(id)"]}
    with pytest.raises(SourceRefused):
        restoring.restore(order(image=53))
