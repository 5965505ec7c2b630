"""Snapshots are taken of the right volume, and going back to one loses nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import ControllerFailed, SnapshotFailed
from domain.opennebula import Disk

IMAGE, VOLATILE = "OpenNebula-Image-4", "OpenNebula-Volatile-vm7-disk1"
DISK = Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
VOLATILE_DISK = Disk(1, size_mib=64, kind="FS", tm_mad="linstor")
CDROM = replace(DISK, persistent=False, readonly=True, kind="CDROM")
PLACE = "host-a:/var/ds/101/7/disk.{}"


@pytest.fixture
def image(driver):
    """An image with the snapshots 0 and 1; what it holds now is younger than both."""
    driver.volume(IMAGE)
    driver.vm(DISK)
    for number in (0, 1):
        driver.write(IMAGE, f"state {number}".encode())
        assert driver.tm("snap_create", PLACE.format(0), number, 7, 100).code == 0
    driver.write(IMAGE, b"state 2")
    return driver


def _flatten(driver, number: int = 0):
    return driver.datastore("snap_flatten", 4, source=IMAGE, target_snapshot=number)


def _numbers(driver, volume: str = IMAGE) -> list[str]:
    return sorted(driver.definition(volume).snapshots)


def test_a_flatten_that_fails_loses_neither_image_nor_snapshots(image) -> None:
    """Defect 3: the data that was there stays until the new data is whole."""
    image.refuse("cluster", "roll_back", ControllerFailed("roll back", "satellite failed"))

    assert _flatten(image).code == 1

    assert image.read(IMAGE, 7) == b"state 2"
    assert _numbers(image) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]


def test_a_flatten_makes_the_snapshot_the_image(image) -> None:
    """Defect 3: the snapshots go, and the content is that of the one that was chosen."""
    assert _flatten(image).code == 0

    assert image.read(IMAGE, 7) == b"state 0"
    assert _numbers(image) == []


def test_a_flatten_that_failed_can_be_repeated(image) -> None:
    """Defect 46: nothing that the first try left is in the way of the second."""
    image.refuse("cluster", "delete_snapshot", ControllerFailed("delete", "satellite failed"), times=1)
    assert _flatten(image).code == 1
    assert image.volumes == [IMAGE]

    assert _flatten(image).code == 0

    assert image.read(IMAGE, 7) == b"state 0"
    assert image.volumes == [IMAGE]


@pytest.mark.parametrize("action", ["snap_create", "snap_create_live"])
def test_a_snapshot_is_one_of_the_volume_behind_the_disk(driver, action: str) -> None:
    """Defect 43: volatile disks and CD-ROMs have volumes under names of another form."""
    for name in (IMAGE, VOLATILE):
        driver.volume(name)
    driver.vm(CDROM, VOLATILE_DISK)

    for disk in (0, 1):
        assert driver.tm(action, PLACE.format(disk), 0, 7, 100).code == 0

    assert _numbers(driver, IMAGE) == _numbers(driver, VOLATILE) == ["OpenNebula-Snap-0"]


def test_a_live_snapshot_freezes_the_guest(image, monkeypatch) -> None:
    """Defect 43: while LINSTOR takes it nothing is written, and afterwards the guest goes on."""
    image.hosts.host("host-a").agents.add("one-7")
    frozen: list[set[str]] = []
    take = image.cluster.snapshot
    monkeypatch.setattr(
        image.cluster, "snapshot", lambda *args: (frozen.append(set(image.hosts.frozen)), take(*args))[1]
    )

    assert image.tm("snap_create_live", PLACE.format(0), 2, 7, 100).code == 0

    assert frozen == [{"one-7"}]
    assert image.hosts.frozen == set()


def test_a_disk_in_use_is_not_reverted(image) -> None:
    """Defect 44: the order fails with the host that uses it, and the guest's data stays."""
    guest = image.open(IMAGE, image.replicas(IMAGE)[0])

    ended = image.tm("snap_revert", PLACE.format(0), 0, 7, 100)

    assert ended.code == 1
    assert image.replicas(IMAGE)[0] in ended.err
    assert guest.read(0, 7) == b"state 2"
    assert _numbers(image) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]


def test_an_older_snapshot_can_be_reverted_to(image) -> None:
    """Defect 44: the younger ones stay, and can be gone forward to."""
    assert image.tm("snap_revert", PLACE.format(0), 0, 7, 100).code == 0
    assert image.read(IMAGE, 7) == b"state 0"

    assert image.tm("snap_revert", PLACE.format(0), 1, 7, 100).code == 0
    assert image.read(IMAGE, 7) == b"state 1"


def test_a_disk_with_a_host_that_is_away_is_not_reverted(image) -> None:
    """Defect 44: every replica has to take part, and nothing is changed where one cannot."""
    image.model.events.satellite_down(image.replicas(IMAGE)[0])

    assert image.tm("snap_revert", PLACE.format(0), 0, 7, 100).code == 1
    image.model.events.satellite_up(image.replicas(IMAGE)[0])
    assert image.read(IMAGE, 7) == b"state 2"


def test_a_snapshot_that_broke_does_not_keep_its_name(image) -> None:
    """Defect 45: the first try is an error and leaves nothing, the second one succeeds."""
    host = image.replicas(IMAGE)[0]
    image.model.events.fail(host, "lvcreate")
    ended = image.tm("snap_create", PLACE.format(0), 2, 7, 100)
    assert ended.code == 1
    assert len(_numbers(image)) == 2
    image.model.events.heal(host)

    assert image.tm("snap_create", PLACE.format(0), 2, 7, 100).code == 0
    assert len(_numbers(image)) == 3


def test_a_snapshot_that_broke_is_an_error_of_the_order(image) -> None:
    """Defect 45: oned must not list a snapshot that is not there."""
    image.refuse("cluster", "snapshot", SnapshotFailed(IMAGE, "OpenNebula-Snap-2"))

    assert image.tm("snap_create", PLACE.format(0), 2, 7, 100).code == 1
