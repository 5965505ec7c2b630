"""A volume is attached where its VM is, and nothing is taken from a VM that uses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.file_tree import Link
from domain.errors import HostUnreachable, NoPlacement
from domain.names import HostName
from domain.opennebula import Disk

IMAGE = "OpenNebula-Image-4"
DISK = Disk(0, 4, IMAGE, 64, 64, clone=False, persistent=True, tm_mad="linstor", datastore_id=100)
CDROM = replace(DISK, persistent=False, readonly=True, kind="CDROM")
PATH = "/var/ds/101/7/disk.0"


@pytest.fixture
def used(driver):
    """VM 7 uses the image on a host that holds no replica, and is to go to another one."""
    driver.volume(IMAGE)
    driver.old, driver.new = driver.strangers(IMAGE)
    driver.vm(DISK, on=(driver.old,))
    assert driver.tm("ln", f"fe:{IMAGE}", f"{driver.old}:{PATH}", 7, 100).code == 0
    driver.vm(DISK, on=(driver.old, driver.new))
    return driver


def _move(driver):
    return driver.tm("mv", f"{driver.old}:{PATH}", f"{driver.new}:{PATH}", 7, 100)


def test_a_disk_in_use_on_the_old_host_is_not_taken_from_it(used) -> None:
    """Defect 7: the guest of the old host keeps what it has open, and the order fails."""
    guest = used.open(IMAGE, used.old)

    ended = _move(used)

    assert ended.code == 1
    assert IMAGE in ended.err
    assert used.old in used.attached(IMAGE)
    guest.write_at(0, b"still there")


def test_a_disk_in_use_is_kept_when_its_host_cannot_be_asked(used) -> None:
    """Defect 8: no answer of the host does not mean that nobody has the device open."""
    guest = used.open(IMAGE, used.old)
    used.hosts.down(used.old)

    ended = used.tm("mvds", f"{used.old}:{PATH}", IMAGE, 7, 100)

    assert ended.code == 1
    assert used.old in used.attached(IMAGE)
    guest.write_at(0, b"still there")


def test_an_unknown_volume_is_not_made_up(driver) -> None:
    """Defect 10: neither LINSTOR nor the host gets anything under a name that does not exist."""
    driver.vm(DISK)

    ended = driver.tm("ln", f"fe:{IMAGE}", f"host-a:{PATH}", 7, 100)

    assert ended.code == 1
    assert IMAGE in ended.err
    assert driver.volumes == []
    assert driver.link("host-a", PATH) is None


def test_a_cdrom_stays_while_another_vm_of_the_host_has_a_link_to_it(used) -> None:
    """Defect 13: a VM that is only starting has a link, and nothing open yet."""
    used.vm(CDROM, on=(used.old,))
    used.put(used.old, "/var/ds/101/8/disk.3", Link(str(used.link(used.old, PATH))))

    assert used.tm("delete", f"{used.old}:{PATH}", 7, 100).code == 0

    assert used.attached(IMAGE) == [used.old]
    assert used.link(used.old, PATH) is None


@pytest.mark.parametrize("others", [0, 1])
def test_a_cdrom_that_moves_leaves_the_host_with_its_last_vm(used, others: int) -> None:
    """Defect 13: the same for a VM that goes elsewhere."""
    used.vm(CDROM, on=(used.old, used.new))
    if others:
        used.put(used.old, "/var/ds/101/8/disk.3", Link(str(used.link(used.old, PATH))))

    assert _move(used).code == 0

    assert used.attached(IMAGE) == sorted([used.new, *[used.old] * others])


def test_a_cdrom_goes_with_the_last_vm_of_the_host(used) -> None:
    """Defect 13: without another link the attachment ends."""
    used.vm(CDROM, on=(used.old,))

    assert used.tm("delete", f"{used.old}:{PATH}", 7, 100).code == 0

    assert used.attached(IMAGE) == []


def test_an_attachment_that_is_refused_is_an_error(driver) -> None:
    """Defect 29: no link is made to a volume that the host did not get."""
    driver.volume(IMAGE)
    host = driver.strangers(IMAGE)[0]
    driver.vm(DISK, on=(host,))
    driver.refuse("cluster", "attach", NoPlacement(IMAGE, f"on {host}"))

    assert driver.tm("ln", f"fe:{IMAGE}", f"{host}:{PATH}", 7, 100).code == 1
    assert driver.link(host, PATH) is None


def test_a_volume_without_a_replica_that_is_there_is_not_attached(driver) -> None:
    """Defect 29: the host would get an empty disk."""
    driver.volume(IMAGE)
    host = driver.strangers(IMAGE)[0]
    driver.vm(DISK, on=(host,))
    for each in driver.replicas(IMAGE):
        driver.model.events.lose_disk(each, IMAGE)

    ended = driver.tm("ln", f"fe:{IMAGE}", f"{host}:{PATH}", 7, 100)

    assert ended.code == 1
    assert driver.attached(IMAGE) == []
    assert driver.link(host, PATH) is None


def test_undeploy_releases_the_host(used) -> None:
    """Defects 5 and 34: no data moves, nothing of the VM is left there, and the front-end need not know LINSTOR."""
    used.vm(DISK, on=(used.old,))
    used.write(IMAGE, b"data")

    assert used.tm("mv", f"{used.old}:{PATH}", f"front-end:{PATH}", 7, 100).code == 0
    assert used.tm("mv", f"{used.old}:/var/ds/101/7", "front-end:/var/ds/101/7", 7, 101).code == 0

    assert used.attached(IMAGE) == []
    assert used.link(used.old, PATH) is None
    assert used.read(IMAGE, 4) == b"data"
    assert used.definition(IMAGE).group == "two"


def test_the_old_host_keeps_the_disk_until_the_new_one_has_it(used) -> None:
    """Defect 35: a new host that does not answer leaves the VM where it can be resumed."""
    used.refuse("hosts", "run", HostUnreachable(used.new, "No route to host"), times=1)

    assert _move(used).code == 1

    assert used.attached(IMAGE) == [used.old]
    assert used.link(used.old, PATH) is not None


def test_a_link_leads_to_the_device_that_linstor_names(driver) -> None:
    """Defect 22: without DRBD there is nothing below /dev/drbd, and no path is made up."""
    driver.model.add_group("local", place_count=1, storage_pool="data", layer_stack=["STORAGE"])
    driver.cluster.create(IMAGE, 65536, "local", {})
    host = driver.replicas(IMAGE)[0]
    driver.vm(DISK, on=(host,))

    assert driver.tm("ln", f"fe:{IMAGE}", f"{host}:{PATH}", 7, 100).code == 0

    assert driver.link(host, PATH) == driver.seen(IMAGE)[0].device
    assert not str(driver.link(host, PATH)).startswith("/dev/drbd")


@pytest.mark.parametrize("name", ["host-a.example.org", "HOST-A"])
def test_a_host_may_have_another_name_in_opennebula(driver, name: str) -> None:
    """Defect 36: the domain and the case of a name do not make another host."""
    driver.volume(IMAGE)
    driver.vm(DISK, on=(name,))

    assert driver.tm("ln", f"fe:{IMAGE}", f"{name}:{PATH}", 7, 100).code == 0
    assert driver.link(name, PATH) is not None


def test_a_volume_that_does_not_become_usable_is_waited_for_only_so_long(driver) -> None:
    """Defect 51: unknown is not ready, the datastore chooses the limit, and the message names it."""
    driver.attributes["LINSTOR_DEVICE_TIMEOUT"] = "12"
    driver.volume(IMAGE)
    host = driver.strangers(IMAGE)[0]
    driver.vm(DISK, on=(host,))
    assert driver.tm("ln", f"fe:{IMAGE}", f"{host}:{PATH}", 7, 100).code == 0
    driver.model.events.satellite_down(host)

    ended = driver.tm("ln", f"fe:{IMAGE}", f"{HostName(host)}:{PATH}", 7, 100)

    assert ended.code == 1
    assert "12 seconds" in ended.err
    assert driver.clock.now() < 15
