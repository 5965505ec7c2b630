"""Space is told truly, and volumes only grow."""

from __future__ import annotations

import pytest

from domain.errors import NotInSync
from domain.opennebula import Disk

IMAGE = "OpenNebula-Image-4"
DISK = Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
PLACE = "host-a:/var/ds/101/7/disk.0"


@pytest.fixture
def disk(driver):
    """VM 7 with a disk of 64 MiB."""
    driver.volume(IMAGE)
    driver.vm(DISK)
    return driver


def _size_mib(driver) -> float:
    return driver.definition(IMAGE).volumes[0].size / 1024


def test_a_missing_resource_group_is_named(make_driver) -> None:
    """Defect 23: monitor prints nothing, because zeros would stop the scheduler."""
    ended = make_driver(group="typo").datastore("monitor")

    assert ended.code == 1
    assert ended.out == ""
    assert "typo" in ended.err
    assert "internal error" not in ended.err


def test_without_a_resource_group_linstors_default_counts(make_driver) -> None:
    """Defect 23: the attribute may be missing."""
    ended = make_driver(group="").datastore("monitor")

    assert ended.code == 0
    assert [line.partition("=")[0] for line in ended.out.splitlines()] == ["USED_MB", "TOTAL_MB", "FREE_MB"]


@pytest.mark.parametrize("size_mib", [1, 63, 64])
def test_a_disk_that_is_large_enough_stays_as_it_is(disk, size_mib: int) -> None:
    """Defect 50: smaller and equal sizes are done, and nothing shrinks."""
    assert disk.tm("resize", PLACE, size_mib, 7, 100).code == 0

    assert _size_mib(disk) == 64
    assert disk.calls("cluster", "grow") == 0


def test_a_disk_grows_to_exactly_what_was_asked_for(disk) -> None:
    """Defect 50: OpenNebula's MB are MiB, and none is lost to rounding."""
    assert disk.tm("resize", PLACE, 101, 7, 100).code == 0

    assert _size_mib(disk) == 101


def test_a_replica_that_catches_up_is_waited_for(disk) -> None:
    """Defect 50: LINSTOR refuses to grow until it has, and then does it."""
    disk.refuse("cluster", "grow", NotInSync(IMAGE, "host-b is Inconsistent"), times=3)

    assert disk.tm("resize", PLACE, 128, 7, 100).code == 0

    assert _size_mib(disk) == 128


def test_a_replica_that_never_catches_up_is_waited_for_only_so_long(disk) -> None:
    """Defect 50: the error is about the replica."""
    disk.refuse("cluster", "grow", NotInSync(IMAGE, "host-b is Inconsistent"))

    ended = disk.tm("resize", PLACE, 128, 7, 100)

    assert ended.code == 1
    assert "host-b is Inconsistent" in ended.err
    assert disk.clock.now() < 60
