"""Two hosts may write for a live migration, on the disks that need it, and not a moment longer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import ControllerFailed, StillTwoWriters
from domain.opennebula import Disk

IMAGE, SECOND, THIRD = "OpenNebula-Image-4", "OpenNebula-Image-5", "OpenNebula-Image-6"
DISK = Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
OTHER = replace(DISK, disk_id=1, image_id=5, source=SECOND)
CDROM = replace(OTHER, persistent=False, readonly=True, kind="CDROM")
DIRECTORY = "/var/ds/101/7"
TWO = "DrbdOptions/Net/allow-two-primaries"


@pytest.fixture
def moving(driver):
    """A VM with two disks on a host that holds a replica of the first, and a target that holds none of it."""
    for name in (IMAGE, SECOND):
        driver.volume(name)
    driver.source, driver.target = driver.replicas(IMAGE)[0], driver.strangers(IMAGE)[0]
    driver.vm(DISK, OTHER, on=(driver.source,))
    driver.put(driver.source, f"{DIRECTORY}/vm.xml", b"<domain/>")
    for disk in (DISK, OTHER):
        path = f"{driver.source}:{DIRECTORY}/disk.{disk.disk_id}"
        assert driver.tm("ln", f"fe:{disk.source}", path, 7, 100).code == 0
    driver.before = driver.attached(SECOND)
    driver.vm(DISK, OTHER, on=(driver.source, driver.target))
    return driver


def _order(driver, action: str):
    return driver.tm(action, driver.source, driver.target, DIRECTORY, 7, 101)


def _permitted(driver, volume: str) -> bool:
    """Whether LINSTOR has the property anywhere, whatever its value."""
    found = driver.definition(volume)
    return TWO in found.props or any(TWO in props for props in found.connections.values())


def test_a_disk_that_is_only_read_gets_one_writer(moving) -> None:
    """Defect 9: a CD-ROM moves without the permission of two writers."""
    moving.vm(DISK, CDROM, on=(moving.source, moving.target))

    assert _order(moving, "premigrate").code == 0

    assert _permitted(moving, IMAGE)
    assert not _permitted(moving, SECOND)


def test_a_disk_that_cannot_be_prepared_takes_the_others_back(moving) -> None:
    """Defect 9: the target keeps no disk, and none has two writers."""
    for each in moving.replicas(SECOND):
        moving.model.events.lose_disk(each, SECOND)

    ended = _order(moving, "premigrate")

    assert ended.code == 1
    assert SECOND in ended.err
    assert not _permitted(moving, IMAGE)
    assert moving.target not in moving.attached(IMAGE)
    assert moving.link(moving.target, f"{DIRECTORY}/disk.0") is None


def test_a_disk_that_cannot_be_ended_does_not_spoil_the_others(moving) -> None:
    """Defect 9: the end of the migration is tried for every disk before it fails."""
    assert _order(moving, "premigrate").code == 0
    moving.refuse("cluster", "forbid_two_writers", StillTwoWriters(IMAGE), times=1)

    assert _order(moving, "postmigrate").code == 1

    assert [_permitted(moving, each) for each in (IMAGE, SECOND)].count(False) == 1
    moving.mend()
    assert _order(moving, "postmigrate").code == 0
    assert not _permitted(moving, IMAGE)
    assert not _permitted(moving, SECOND)


def test_a_failed_migration_clears_the_target_and_nothing_else(moving) -> None:
    """Defect 40: the source keeps directory, links and attachments; no script of a successful migration runs."""
    ceph = replace(OTHER, disk_id=2, image_id=6, source="rbd", tm_mad="ceph")
    moving.vm(DISK, OTHER, ceph, on=(moving.source, moving.target))
    for action in ("premigrate", "postmigrate", "failmigrate"):
        moving.scripts.install(f"tm/ceph/{action}")
    assert _order(moving, "premigrate").code == 0

    assert _order(moving, "failmigrate").code == 0

    assert moving.attached(SECOND) == moving.before
    assert moving.target not in moving.attached(IMAGE)
    assert not _permitted(moving, IMAGE)
    assert moving.hosts.host(moving.target).get(DIRECTORY) is None
    assert moving.hosts.host(moving.source).get(f"{DIRECTORY}/vm.xml") == b"<domain/>"
    assert moving.link(moving.source, f"{DIRECTORY}/disk.0") is not None
    assert [call.script for call in moving.scripts.calls] == ["tm/ceph/premigrate", "tm/ceph/failmigrate"]


def test_the_target_gets_no_link_without_the_permission(moving) -> None:
    """Defect 41: a permission that is refused leaves no link, no directory and no attachment."""
    moving.refuse("cluster", "allow_two_writers", ControllerFailed("allow two writers", "internal error"))

    assert _order(moving, "premigrate").code == 1

    assert moving.hosts.host(moving.target).get(DIRECTORY) is None
    assert moving.target not in moving.attached(IMAGE)


def test_the_permission_leaves_no_trace(moving) -> None:
    """Defect 42: the property is deleted, not set to `no`, so copies and snapshots cannot inherit it."""
    assert _order(moving, "premigrate").code == 0
    assert _permitted(moving, IMAGE)

    assert _order(moving, "postmigrate").code == 0

    assert not _permitted(moving, IMAGE)
    assert not _permitted(moving, SECOND)


def test_every_user_of_a_volume_is_seen(moving) -> None:
    """Defect 49: a third host that has the volume open is found beside the source that has it, too."""
    third = moving.strangers(IMAGE)[1]
    assert moving.tm("ln", f"fe:{IMAGE}", f"{third}:/var/ds/101/9/disk.0", 9, 100).code == 0
    moving.definition(IMAGE).props[TWO] = "yes"
    moving.definition(IMAGE).kernel |= {frozenset((moving.source, third))}
    moving.open(IMAGE, moving.source)
    moving.open(IMAGE, third)

    ended = _order(moving, "premigrate")

    assert ended.code == 1
    assert third in ended.err
    assert moving.target not in moving.attached(IMAGE)


def test_a_cdrom_stays_where_another_vm_may_have_it_when_that_could_not_be_asked(moving) -> None:
    """The host that a failed migration was to leave is not asked while the one where the VM stays is down."""
    moving.volume(THIRD)
    assert moving.target in moving.strangers(THIRD)
    cdrom = replace(CDROM, image_id=6, source=THIRD)
    moving.vm(DISK, cdrom, on=(moving.source, moving.target))
    assert _order(moving, "premigrate").code == 0
    moving.hosts.down(moving.source)

    assert _order(moving, "failmigrate").code == 1

    assert moving.target in moving.attached(THIRD)
    assert moving.target not in moving.attached(IMAGE)
