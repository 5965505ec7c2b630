"""Images that several VMs use: no order about one VM takes them from another, whatever is away."""

from __future__ import annotations

import pytest
from tests.properties.faults import Fault, How, Kind, Outage
from tests.properties.oned import PropertyCloud
from tests.properties.rules import broken
from tests.properties.scenarios import COMMON, DISC, IMAGE, fresh, stranger, with_shared_images

from entrypoints.sandbox.cloud import OrderFailed

FIRST, SECOND, THIRD = 7, 8, 9
SHARED = pytest.mark.parametrize("image", [DISC, COMMON], ids=["disc", "shareable"])


@pytest.fixture
def cloud() -> PropertyCloud:
    """A cloud with a CD-ROM and a shareable image."""
    return with_shared_images(fresh())


def neighbours(cloud: PropertyCloud, image: int) -> str:
    """Two VMs run with *image* on one host without a replica of it; that host."""
    host = stranger(cloud, image)
    for vm in (FIRST, SECOND):
        cloud.start(vm, host, [IMAGE, image])
    return host


def power_off(cloud: PropertyCloud, *vms: int) -> None:
    """`onevm poweroff`."""
    for vm in vms:
        cloud.world.guests.stop(vm)


def other(cloud: PropertyCloud, image: int, *beside: str) -> str:
    """A further host without a replica."""
    holds = {each.node for each in cloud.world.linstor.state.definitions[cloud.images[image].source].diskful()}
    return next(host for host in ("alpha", "beta", "gamma", "delta") if host not in {*holds, *beside})


def die(cloud: PropertyCloud, host: str) -> None:
    """The host has no power any more."""
    cloud.world.outages.goes(Outage(How.DEAD, host))


@SHARED
def test_a_vm_that_moves_leaves_the_image_to_its_neighbour(cloud: PropertyCloud, image: int) -> None:
    """The neighbour is powered off, so that only its link tells that it wants the device."""
    home = neighbours(cloud, image)
    power_off(cloud, FIRST, SECOND)

    cloud.migrate_cold(FIRST, other(cloud, image, home), off=True)
    power_off(cloud, FIRST)

    cloud.boot(SECOND)


def test_a_live_migration_leaves_the_image_to_a_neighbour_that_is_off(cloud: PropertyCloud) -> None:
    """On the host that the VM leaves."""
    home = neighbours(cloud, DISC)
    power_off(cloud, SECOND)

    cloud.migrate_live(FIRST, other(cloud, DISC, home))

    cloud.boot(SECOND)


@SHARED
def test_a_failed_migration_leaves_the_image_to_a_vm_of_the_target(cloud: PropertyCloud, image: int) -> None:
    """That VM is powered off."""
    home = neighbours(cloud, image)
    power_off(cloud, FIRST, SECOND)
    cloud.migrate_cold(FIRST, other(cloud, image, home), off=True)

    cloud.fail_migration(FIRST, home)
    power_off(cloud, FIRST)

    cloud.boot(SECOND)


def test_a_guest_whose_neighbour_writes_the_same_image_cannot_move_live(cloud: PropertyCloud) -> None:
    """Else two hosts would write it when the migration is over, and the permission would never end (rule 5)."""
    home = neighbours(cloud, COMMON)

    with pytest.raises(OrderFailed, match="by another VM"):
        cloud.migrate_live(FIRST, other(cloud, COMMON, home))

    assert broken(cloud, settled=True) == []


def test_a_vm_is_no_neighbour_of_its_own(cloud: PropertyCloud) -> None:
    """One that has the same image at two disks moves live, and leaves nothing where it was."""
    home = stranger(cloud, COMMON)
    cloud.start(FIRST, home, [IMAGE, COMMON, COMMON])

    cloud.migrate_live(FIRST, other(cloud, COMMON, home))

    assert broken(cloud, settled=True) == []


def test_a_dead_migration_takes_a_shareable_image_from_nobody() -> None:
    """A third VM's order ends it, and does not know that the VM of the migration is only powered off."""
    for at in range(1, 30):
        cloud = with_shared_images(fresh())
        home = stranger(cloud, COMMON)
        cloud.start(FIRST, home, [IMAGE, COMMON])
        cloud.world.plan = {"tm/premigrate": Fault(Kind.KILLED, at), "tm/failmigrate": Fault(Kind.KILLED, 1)}
        if not tried(cloud, other(cloud, COMMON, home)):
            return
        power_off(cloud, FIRST)

        cloud.start(THIRD, other(cloud, COMMON, home), [COMMON])
        power_off(cloud, THIRD)

        cloud.boot(FIRST)
    pytest.fail("the migration never came to its end")


def tried(cloud: PropertyCloud, target: str) -> bool:
    """Whether the live migration failed."""
    try:
        cloud.migrate_live(FIRST, target)
    except OrderFailed:
        return True
    return False


@SHARED
def test_a_vm_that_leaves_a_dead_host_leaves_the_image_to_its_neighbour(cloud: PropertyCloud, image: int) -> None:
    """The host cannot tell who else uses it, so the attachment stays."""
    home = neighbours(cloud, image)
    die(cloud, home)
    cloud.migrate_lost(FIRST, other(cloud, image, home))
    power_off(cloud, FIRST)

    cloud.world.outages.all_return()

    cloud.boot(SECOND)


@SHARED
def test_a_vm_that_ends_on_a_dead_host_leaves_the_image_to_its_neighbour(cloud: PropertyCloud, image: int) -> None:
    """Terminated (mvds, delete) or deleted by force."""
    home = neighbours(cloud, image)
    die(cloud, home)
    cloud.finish(FIRST)

    cloud.world.outages.all_return()

    cloud.boot(SECOND)


def test_a_vm_with_one_disc_in_two_drives_takes_it_along(cloud: PropertyCloud) -> None:
    """Its other drive is no other VM."""
    cloud.start(FIRST, stranger(cloud, DISC), [IMAGE, DISC, DISC])

    cloud.undeploy(FIRST)

    assert broken(cloud, settled=True) == []


def test_what_a_dead_host_owes_is_paid_before_the_volume_ends(cloud: PropertyCloud) -> None:
    """The volume carries the note, and nobody else would ever remove the link."""
    cloud.start(FIRST, "alpha", [IMAGE])
    die(cloud, "alpha")
    cloud.migrate_lost(FIRST, "beta")
    cloud.world.outages.all_return()

    link = f"{cloud.directory(FIRST)}/disk.0".replace("//", "/")
    assert cloud.world.memory_hosts.host("alpha").get(link) is not None
    cloud.finish(FIRST)

    assert cloud.world.memory_hosts.host("alpha").get(link) is None
