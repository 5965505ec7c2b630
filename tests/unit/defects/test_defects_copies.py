"""What an order makes is complete when it ends well, and gone when it does not."""

from __future__ import annotations

import pytest

from domain.errors import ControllerFailed, HostCommandFailed, NoPlacement
from domain.names import HostName
from domain.opennebula import Disk

IMAGE, COPY = "OpenNebula-Image-4", "OpenNebula-Image-4-vm7-disk0"
VOLATILE, SAVED = "OpenNebula-Volatile-vm7-disk1", "OpenNebula-Image-9"
PATH = "/var/ds/101/7/disk.0"
DATA = b"the image"
BROKEN = HostCommandFailed(HostName("host-a"), "link", "Read-only file system")
REFUSED = ControllerFailed("change", "satellite failed")


def _disk(size_mib: int) -> Disk:
    return Disk(0, 4, IMAGE, size_mib, 64, clone=True, tm_mad="linstor", datastore_id=100)


@pytest.fixture
def image(driver):
    """An image with data, and a VM that wants a copy of it and a volatile disk."""
    driver.volume(IMAGE)
    driver.write(IMAGE, DATA)
    driver.vm(_disk(64), Disk(1, size_mib=32, kind="FS", tm_mad="linstor"))
    return driver


def _clone(driver):
    return driver.tm("clone", f"fe:{IMAGE}", f"host-a:{PATH}", 7, 100)


def _make_volatile(driver):
    return driver.tm("mkimage", 32, "raw", "host-a:/var/ds/101/7/disk.1", 7, 101)


def _save(driver, snapshot: int = -1):
    return driver.tm("cpds", f"host-a:{PATH}", SAVED, snapshot, 7, 100)


def test_a_disk_without_a_size_is_as_large_as_its_image(image) -> None:
    """Defect 12: an attribute that oned leaves out is no crash."""
    image.vm(Disk(0, 4, IMAGE, clone=True, tm_mad="linstor", datastore_id=100))

    assert _clone(image).code == 0
    assert image.definition(COPY).volumes[0].size == 65536


def test_a_disk_is_grown_before_it_is_linked(image) -> None:
    """Defect 12: where it cannot grow there is no link to a disk that is too small, and no copy."""
    image.vm(_disk(128))
    image.refuse("cluster", "grow", REFUSED)

    assert _clone(image).code == 1

    assert image.link("host-a", PATH) is None
    assert image.volumes == [IMAGE]


@pytest.mark.parametrize(
    ("port", "method", "error"),
    [("hosts", "run", BROKEN), ("cluster", "attach", REFUSED), ("cluster", "copy_state", REFUSED)],
)
def test_a_clone_that_fails_leaves_nothing(image, port: str, method: str, error: Exception) -> None:
    """Defects 12 and 28: neither copy nor link, wherever it fails, and the retry succeeds."""
    image.refuse(port, method, error)

    assert _clone(image).code == 1
    assert image.volumes == [IMAGE]
    assert image.link("host-a", PATH) is None

    image.mend()
    assert _clone(image).code == 0
    assert image.read(COPY, len(DATA)) == DATA


@pytest.mark.parametrize("broken", [0, 1])
def test_a_growth_that_a_kill_left_half_done_is_finished(image, broken: int) -> None:
    """Defect 50: LINSTOR has the size on record, and the retry sees to it that every replica has it, too."""
    image.vm(_disk(128))
    host = image.replicas(IMAGE)[broken]
    image.model.events.fail(host, "lvresize|lvextend")
    image.refuse("cluster", "delete", REFUSED)
    assert _clone(image).code == 1
    image.mend()
    image.model.events.heal(host)

    assert _clone(image).code == 0
    assert image.read(COPY, 1, 128 * 2**20 - 1) == b"\0"


def test_an_image_whose_growth_was_left_half_done_is_not_told_as_done(image) -> None:
    """Defect 50: the clone of an image is as large as oned believes, on a retry, too."""
    host = image.replicas(IMAGE)[0]
    image.model.events.fail(host, "lvresize|lvextend")
    image.refuse("cluster", "delete", REFUSED)
    assert image.datastore("clone", 9, size_mib=128, path=IMAGE).code == 1
    image.mend()
    image.model.events.heal(host)

    assert image.datastore("clone", 9, size_mib=128, path=IMAGE).code == 0
    assert "RESIZE" not in image.definition(SAVED).volumes[0].flags


def test_a_volume_that_is_larger_than_oned_knows_can_be_cloned(driver) -> None:
    """Defect 50: a copy is never asked to shrink."""
    driver.volume(IMAGE, size_kib=65536 + 4096)

    assert driver.datastore("clone", 9, size_mib=64, path=IMAGE).code == 0
    assert driver.definition(SAVED).volumes[0].size == 65536 + 4096


def test_a_copy_takes_over_nothing_but_the_data(image) -> None:
    """Defect 48: neither marks nor two writers of the image, and the size is that of the disk."""
    image.definition(IMAGE).props |= {"DrbdOptions/Net/allow-two-primaries": "yes", "Aux/OpenNebula/debt-host-b": "/x"}
    image.vm(_disk(128))

    assert _clone(image).code == 0

    assert (
        image.definition(COPY)
        .props.keys()
        .isdisjoint({"DrbdOptions/Net/allow-two-primaries", "Aux/OpenNebula/debt-host-b"})
    )
    assert image.definition(COPY).volumes[0].size == 128 * 1024
    assert image.read(COPY, len(DATA)) == DATA


def test_a_volatile_disk_that_fails_leaves_nothing(image) -> None:
    """Defect 28: the volume goes when its host cannot use it, and the retry succeeds."""
    image.refuse("hosts", "run", BROKEN)
    assert _make_volatile(image).code == 1
    assert image.volumes == [IMAGE]

    image.mend()
    assert _make_volatile(image).code == 0


@pytest.mark.parametrize("order", [_clone, _make_volatile])
def test_an_order_that_was_done_can_be_given_again(image, order) -> None:
    """Defect 28: OpenNebula's retry does not stumble over what the first try made."""
    assert order(image).code == 0

    assert order(image).code == 0


@pytest.mark.parametrize("action", ["cp", "mkfs"])
def test_an_image_that_fails_leaves_nothing(driver, action: str) -> None:
    """Defect 28: oned never calls rm for an image whose making failed."""
    driver.sources.files["/images/a"] = DATA
    given = {"path": "/images/a"} if action == "cp" else {"fs": "ext4", "format": "raw"}
    driver.refuse("cluster", "mark", REFUSED)

    assert driver.datastore(action, 4, size_mib=4, **given).code == 1
    assert driver.volumes == []

    driver.mend()
    assert driver.datastore(action, 4, size_mib=4, **given).code == 0


@pytest.mark.parametrize("snapshot", [-1, 0])
def test_a_save_that_fails_leaves_nothing(image, snapshot: int) -> None:
    """Defect 55: of the disk as of a snapshot, and the retry finds the name free."""
    assert _clone(image).code == 0
    assert image.tm("snap_create", f"host-a:{PATH}", 0, 7, 100).code == 0
    image.refuse("cluster", "place", NoPlacement(SAVED, "no space"))
    assert _save(image, snapshot).code == 1
    assert SAVED not in image.volumes

    image.mend()
    assert _save(image, snapshot).code == 0
    assert image.read(SAVED, len(DATA)) == DATA


def test_a_save_that_was_done_is_not_done_again(image) -> None:
    """Defect 55: the retry finds its own image, and leaves what was written to it since."""
    assert _clone(image).code == 0
    assert _save(image).code == 0
    image.write(SAVED, b"newer")

    assert _save(image).code == 0

    assert image.read(SAVED, 5) == b"newer"


def test_an_image_of_an_image_is_told_by_its_name(image) -> None:
    """Defect 55: a clone of an image prints the source that oned stores, and says why when it fails."""
    told = image.datastore("clone", 9, size_mib=64, path=IMAGE)
    failed = image.datastore("clone", 10, size_mib=64, path="OpenNebula-Image-77")

    assert told.out.split()[0] == SAVED
    assert failed.code == 1
    assert "OpenNebula-Image-77" in failed.err
