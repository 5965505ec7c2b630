"""What an order says is gone is gone, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.file_tree import Link
from domain.errors import ControllerFailed, OnedUnreachable
from domain.opennebula import Disk

IMAGE, COPY = "OpenNebula-Image-4", "OpenNebula-Image-4-vm7-disk0"
PATH = "/var/ds/101/7/disk.0"
DISK = Disk(0, 4, IMAGE, 64, 64, clone=True, tm_mad="linstor", datastore_id=100)


@pytest.fixture
def disk(driver):
    """VM 7 with a copy of the image, on a host that holds no replica of it."""
    driver.volume(IMAGE, image="4")
    driver.vm(DISK)
    assert driver.tm("clone", f"fe:{IMAGE}", f"host-a:{PATH}", 7, 100).code == 0
    driver.host = "host-a"
    return driver


def _delete(driver):
    return driver.tm("delete", f"{driver.host}:{PATH}", 7, 100)


def _remove_image(driver, image: int = 4, source: str = IMAGE):
    return driver.datastore("rm", image, source=source)


def test_deleting_again_is_done(disk) -> None:
    """Defect 25: what is gone already is a success, for disks and for images."""
    for order in (_delete, _remove_image):
        assert order(disk).code == 0
        assert order(disk).code == 0

    assert disk.volumes == []


def test_a_deletion_that_broke_on_a_host_is_no_success(disk) -> None:
    """Defect 25: "marked for deletion" is not "gone", and the retry finishes it."""
    host = disk.replicas(COPY)[0]
    disk.model.events.fail(host, "lvremove")
    assert _delete(disk).code == 1
    assert COPY in disk.volumes
    disk.model.events.heal(host)

    assert _delete(disk).code == 0
    assert COPY not in disk.volumes


def test_a_deletion_that_is_only_promised_is_not_believed(disk, monkeypatch) -> None:
    """Defect 25: LINSTOR is asked whether the volume is gone, and to delete it again while it is not."""
    delete = disk.cluster.delete
    promised: list[str] = []

    def promising(volume) -> None:
        if not promised:
            promised.append(volume)
            return
        delete(volume)

    monkeypatch.setattr(disk.cluster, "delete", promising)

    assert _delete(disk).code == 0
    assert promised == [COPY]
    assert disk.volumes == [IMAGE]


def test_a_volume_goes_with_its_own_snapshots_only(disk) -> None:
    """Defect 26: whatever they are called; those of other volumes stay."""
    for volume in (COPY, IMAGE):
        disk.model.snapshots.create(volume, "opennebula-snap-0")
        disk.model.snapshots.create(volume, "nightly")

    assert _delete(disk).code == 0

    assert disk.volumes == [IMAGE]
    assert len(disk.definition(IMAGE).snapshots) == 2


def test_a_snapshot_that_cannot_be_deleted_is_an_error(disk) -> None:
    """Defect 26: the reason is that of the snapshot."""
    assert disk.tm("snap_create", f"host-a:{PATH}", 0, 7, 100).code == 0
    disk.refuse("cluster", "delete_snapshot", ControllerFailed("delete the snapshot", "it is busy"))

    ended = _delete(disk)

    assert ended.code == 1
    assert "it is busy" in ended.err


def test_a_disk_that_cannot_be_deleted_is_an_error(disk) -> None:
    """Defect 27: a volume in use stays, and oned hears of it."""
    disk.open(COPY, disk.replicas(COPY)[0])

    ended = _delete(disk)

    assert ended.code == 1
    assert COPY in ended.err
    assert COPY in disk.volumes


def test_a_dead_host_does_not_keep_a_disk(disk) -> None:
    """Defect 30: the volume goes although the link on the host cannot be removed."""
    disk.hosts.down("host-a")

    assert _delete(disk).code == 0
    assert disk.volumes == [IMAGE]


def test_a_dead_host_does_not_keep_a_persistent_image(driver) -> None:
    """Defect 30: it is released, and the link that stays is removed by the next order."""
    driver.volume(IMAGE)
    driver.host = driver.strangers(IMAGE)[0]
    driver.vm(replace(DISK, clone=False, persistent=True), on=(driver.host,))
    assert driver.tm("ln", f"fe:{IMAGE}", f"{driver.host}:{PATH}", 7, 100).code == 0
    driver.hosts.down(driver.host)

    assert _delete(driver).code == 0
    assert driver.attached(IMAGE) == []

    driver.hosts.up(driver.host)
    other = driver.strangers(IMAGE)[1]
    assert driver.tm("ln", f"fe:{IMAGE}", f"{other}:/var/ds/101/8/disk.0", 8, 100).code == 0
    assert driver.link(driver.host, PATH) is None


def test_a_vm_that_is_gone_does_not_keep_its_disk(disk) -> None:
    """Defect 30: the marks on the volume tell whose it is when oned knows the VM no more."""
    disk.oned.vms.clear()

    assert _delete(disk).code == 0
    assert disk.volumes == [IMAGE]


def test_an_oned_that_does_not_answer_does_not_cost_another_disk(disk) -> None:
    """Defect 30: only the volume of this very disk goes."""
    disk.volume("OpenNebula-Image-4-vm7-disk10", vm="7", disk="10")
    disk.refuse("oned", "vm", OnedUnreachable("oned does not answer"))

    assert _delete(disk).code == 0
    assert disk.volumes == [IMAGE, "OpenNebula-Image-4-vm7-disk10"]


def test_a_persistent_disk_whose_volume_is_gone_ends(driver) -> None:
    """Defect 33: the link goes, and the order is done."""
    driver.vm(replace(DISK, clone=False, persistent=True))
    driver.put("host-a", PATH, Link("/dev/drbd1000"))

    assert driver.tm("mvds", f"host-a:{PATH}", IMAGE, 7, 100).code == 0
    assert driver.link("host-a", PATH) is None


def test_an_image_is_deleted_by_its_source(driver) -> None:
    """Defect 59: the volume whose name is made from the number is not the one that oned names."""
    driver.volume("OpenNebula-Image-4", image="3")
    driver.volume("renamed", image="4")

    assert _remove_image(driver, 4, "renamed").code == 0
    assert driver.volumes == ["OpenNebula-Image-4"]


@pytest.mark.parametrize("marks", [{"image": "3"}, {"vm": "7", "disk": "0", "image": "3"}])
def test_an_image_of_another_owner_is_not_deleted(driver, marks: dict[str, str]) -> None:
    """Defect 59: the marks on the volume have the last word."""
    driver.volume(IMAGE, **marks)

    ended = _remove_image(driver)

    assert ended.code == 1
    assert IMAGE in ended.err
    assert driver.volumes == [IMAGE]
