"""What oned asks for arrives at the volume, and what goes wrong arrives at the user."""

from __future__ import annotations

import pytest

from domain.opennebula import Disk

IMAGE, VOLATILE = "OpenNebula-Image-4", "OpenNebula-Volatile-vm7-disk1"
EXT4_MAGIC = (1080, b"\x53\xef")
SWAP_MAGIC = (4086, b"SWAPSPACE2")
PATH = "/var/ds/101/7/disk.1"


@pytest.fixture
def volatile(driver):
    """VM 7 wants a volatile disk with a file system."""
    driver.vm(Disk(1, size_mib=32, kind="FS", file_system="ext4", tm_mad="linstor"))
    return driver


def test_the_datastore_is_the_one_that_the_order_names(driver) -> None:
    """Defect 37: a path of another shape than LOCATION/DATASTORE/VM is no reason to guess."""
    driver.volume(IMAGE)
    driver.vm(Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100))

    assert driver.tm("ln", f"fe:{IMAGE}", "host-a:/srv/vms/of.customer/disk.0", 7, 100).code == 0
    assert driver.link("host-a", "/srv/vms/of.customer/disk.0") is not None


def test_an_order_without_a_datastore_is_refused(driver) -> None:
    """Defect 37: with a sentence that says what is missing."""
    ended = driver.tm("ln", f"fe:{IMAGE}", f"host-a:{PATH}", 7)

    assert ended.code == 1
    assert "DSID" in ended.err


@pytest.mark.parametrize(
    ("action", "argv", "magic"),
    [("mkimage", (32, "raw"), EXT4_MAGIC), ("mkswap", (32,), SWAP_MAGIC)],
)
def test_a_volatile_disk_has_the_file_system_that_was_asked_for(volatile, action: str, argv, magic) -> None:
    """Defect 52: FS of the disk is passed on, and sizes are MiB."""
    assert volatile.tm(action, *argv, f"host-a:{PATH}", 7, 101).code == 0

    offset, bytes_there = magic
    assert volatile.read(VOLATILE, len(bytes_there), offset) == bytes_there
    assert volatile.definition(VOLATILE).volumes[0].size == 32 * 1024


def test_a_volatile_qcow2_has_room_for_its_tables(volatile) -> None:
    """Defect 52: the guest sees all of the size that it was promised."""
    assert volatile.tm("mkimage", 32, "qcow2", f"host-a:{PATH}", 7, 101).code == 0

    assert volatile.read(VOLATILE, 4) == b"QFI\xfb"
    assert volatile.definition(VOLATILE).volumes[0].size > 32 * 1024


@pytest.mark.parametrize(("kind", "magic"), [("ext4", EXT4_MAGIC), ("swap", SWAP_MAGIC)])
def test_a_format_may_be_a_file_system(driver, kind: str, magic) -> None:
    """Before OpenNebula 6.0 a volatile disk has no FS: `mkimage` is told the file system as its format."""
    driver.vm(Disk(1, size_mib=32, kind="fs", format=kind, tm_mad="linstor"))

    assert driver.tm("mkimage", 32, kind, f"host-a:{PATH}", 7, 101).code == 0

    offset, bytes_there = magic
    assert driver.read(VOLATILE, len(bytes_there), offset) == bytes_there


def test_a_format_that_cannot_be_made_leaves_nothing(driver) -> None:
    """A disk that should be an image of another program is refused, with what there is to choose from."""
    driver.vm(Disk(1, size_mib=32, kind="fs", format="vmdk", tm_mad="linstor"))

    ended = driver.tm("mkimage", 32, "vmdk", f"host-a:{PATH}", 7, 101)

    assert ended.code == 1
    assert "wants format vmdk; raw, qcow2, swap, ext2" in ended.err
    assert not driver.cluster.definitions([VOLATILE])


def test_what_nobody_foresaw_is_one_sentence(volatile) -> None:
    """Defect 61: the user never sees a traceback."""
    volatile.refuse("oned", "vm", ZeroDivisionError("surprise"))

    ended = volatile.tm("mkimage", 32, "raw", f"host-a:{PATH}", 7, 101)

    assert ended.code == 1
    assert len(ended.err.splitlines()) == 1
    assert "surprise" in ended.err


def test_two_orders_for_one_volume_come_one_after_the_other(driver) -> None:
    """Defect 61: what is done to a volume is done under its lock."""
    driver.volume(IMAGE)
    driver.vm(Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100))

    with driver.locks.hold([IMAGE], 1):
        ended = driver.tm("resize", "host-a:/var/ds/101/7/disk.0", 128, 7, 100)

    assert ended.code == 1
    assert IMAGE.lower() in ended.err.lower()
    assert driver.definition(IMAGE).volumes[0].size == 64 * 1024
