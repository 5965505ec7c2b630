"""The directory of a running VM is never removed, and never left behind in silence."""

from __future__ import annotations

import pytest

from domain.errors import HostCommandFailed
from domain.names import HostName
from domain.opennebula import Disk

DIRECTORY = "/var/ds/101/7"
VM_XML = f"{DIRECTORY}/vm.xml"
CHECKPOINT = f"{DIRECTORY}/checkpoint"
DISK = Disk(0, 4, "OpenNebula-Image-4", 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)


@pytest.fixture
def shared(make_driver):
    """A VM that goes from host-a to host-b, whose directory both hosts see as one."""
    driver = make_driver(shared=("/var/ds/101",))
    driver.volume(DISK.source)
    driver.vm(DISK, on=("host-a", "host-b"))
    driver.put("host-a", VM_XML, b"<domain/>")
    return driver


def test_a_live_migration_leaves_a_shared_directory_alone(shared) -> None:
    """Defect 2: whatever the kind of file system, the directory that the VM uses now stays."""
    assert shared.tm("premigrate", "host-a", "host-b", DIRECTORY, 7, 101).code == 0
    assert shared.tm("postmigrate", "host-a", "host-b", DIRECTORY, 7, 101).code == 0

    assert shared.hosts.host("host-b").get(VM_XML) == b"<domain/>"
    assert shared.link("host-b", f"{DIRECTORY}/disk.0") is not None


def test_a_failed_migration_leaves_a_shared_directory_alone(shared) -> None:
    """Defect 2: the directory on the target is the one that the VM uses on the source."""
    assert shared.tm("premigrate", "host-a", "host-b", DIRECTORY, 7, 101).code == 0
    assert shared.tm("failmigrate", "host-a", "host-b", DIRECTORY, 7, 101).code == 0

    assert shared.hosts.host("host-a").get(VM_XML) == b"<domain/>"


def test_a_migration_that_never_began_leaves_a_shared_directory_alone(shared) -> None:
    """Defect 1: OpenNebula 7.4 calls failmigrate after a premigrate that failed before it touched a host."""
    assert shared.tm("failmigrate", "host-a", "host-b", DIRECTORY, 7, 101).code == 0

    assert shared.hosts.host("host-a").get(VM_XML) == b"<domain/>"


def test_a_move_leaves_a_shared_directory_alone(shared) -> None:
    """Defect 2: moving it to the other host moves nothing and removes nothing."""
    assert shared.tm("mv", f"host-a:{DIRECTORY}", f"host-b:{DIRECTORY}", 7, 101).code == 0

    assert shared.hosts.host("host-b").get(VM_XML) == b"<domain/>"


def test_a_checkpoint_that_cannot_be_copied_is_an_error(driver) -> None:
    """Defect 4: the order fails, and the files are still where they were."""
    driver.vm(DISK, on=("host-a", "host-b"))
    driver.put("host-a", CHECKPOINT, b"memory")
    driver.refuse("hosts", "copy_files", HostCommandFailed(HostName("host-b"), "receive", "No space left on device"))

    ended = driver.tm("mv", f"host-a:{DIRECTORY}", f"host-b:{DIRECTORY}", 7, 101)

    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert driver.hosts.host("host-a").get(CHECKPOINT) == b"memory"


def test_a_checkpoint_on_a_host_that_is_down_is_an_error(driver) -> None:
    """Defect 4: a resume without the memory of the guest must not look like a success."""
    driver.vm(DISK, on=("host-a", "host-b"), lcm_state=8)
    driver.put("host-a", CHECKPOINT, b"memory")
    driver.hosts.down("host-a")

    assert driver.tm("mv", f"host-a:{DIRECTORY}", f"host-b:{DIRECTORY}", 7, 101).code == 1
