"""What oned's images and VMs own, and where they are at home."""

from __future__ import annotations

import pytest

from domain.belongings import Belongings, Owner, vm_at_rest
from domain.names import HostName, VolumeName
from domain.opennebula import Disk, DiskSnapshot, History, Image, Vm

HOST = HostName("host-a")


def _owner(state: int, lcm_state: int) -> Owner:
    return Owner(vms=[Vm(7, state=state, lcm_state=lcm_state, history=(History(0, "host-a", 1),))])


@pytest.mark.parametrize("state", [(3, 3), (3, 16), (3, 30), (3, 31), (5, 0), (8, 0)])
def test_a_vm_is_at_home_on_the_host_of_its_last_record(state: tuple[int, int]) -> None:
    """Also while it is powered off, unknown, or on its way to the front-end or back."""
    assert _owner(*state).homes == ["host-a"]


@pytest.mark.parametrize("state", [(4, 0), (9, 0)])
def test_a_vm_that_is_stopped_or_undeployed_is_at_home_nowhere(state: tuple[int, int]) -> None:
    """What is still attached to its last host is wanted by nobody."""
    assert _owner(*state).homes == []


def test_a_vm_that_was_never_deployed_is_at_home_nowhere() -> None:
    """It has no record."""
    assert Owner(vms=[Vm(7, state=1)]).homes == []
    assert not Belongings((), [Vm(7)]).lives_at(7, HOST)


@pytest.mark.parametrize(("vm", "host", "lives"), [(7, "host-b", True), (7, "host-a", False), (8, "host-b", False)])
def test_a_vm_lives_where_its_last_record_is(vm: int, host: str, lives: bool) -> None:
    """Not where it was before, and not where another one is."""
    history = (History(0, "host-a", 1), History(1, "host-b", 1))
    assert Belongings((), [Vm(7, history=history)]).lives_at(vm, HostName(host)) is lives


def test_a_volume_under_the_source_of_an_image_is_owned_as_well() -> None:
    """Whatever number is in its name."""
    owned = Belongings([Image(5, "OpenNebula-Image-9", snapshots=(2,))], ())
    for name in ("OpenNebula-Image-9", "OpenNebula-Image-5"):
        owner = owned.owner(VolumeName(name))
        assert owner is not None
        assert owner.image is not None
        assert (owner.image.image_id, owner.snapshots) == (5, {2})
    assert owned.owner(VolumeName("OpenNebula-Image-6")) is None


def test_snapshots_of_one_disk_are_none_of_another() -> None:
    """Each disk has numbers of its own."""
    disks = tuple(Disk(number, number, f"OpenNebula-Image-{number}", clone=True) for number in (0, 1))
    owned = Belongings((), [Vm(7, disks=disks, snapshots=(DiskSnapshot(0, 3), DiskSnapshot(1, 4)))])
    found = [owned.owner(VolumeName(f"OpenNebula-Image-{number}-vm7-disk{number}")) for number in (0, 1)]
    assert [each.snapshots for each in found if each is not None] == [{3}, {4}]


def test_the_vm_owns_its_context_volume_of_the_addon_2() -> None:
    """And is at home with it."""
    vm = Vm(7, state=3, lcm_state=3, history=(History(0, "host-a", 1),))
    owner = Belongings((), [vm]).owner(VolumeName("OpenNebula-vm-context-vm7-disk1"))
    assert owner is not None
    assert owner.homes == [HOST]


def test_a_source_that_no_copy_can_be_named_after_owns_its_own_volume() -> None:
    """LINSTOR's names end somewhere."""
    source = "x" * 48
    owned = Belongings((), [Vm(7, disks=(Disk(0, 4, source, clone=True),))])
    assert owned.owner(VolumeName(source)) is not None
    assert owned.owner(VolumeName("OpenNebula-Image-4-vm7-disk0")) is not None
    assert owned.owner(VolumeName(f"{source}-vm7-disk0")) is None


@pytest.mark.parametrize("state", [(3, 3), (4, 0), (5, 0), (8, 0), (9, 0)])
def test_a_vm_is_at_rest_in_five_states(state: tuple[int, int]) -> None:
    """Running, stopped, suspended, powered off, undeployed."""
    vm = Vm(7, *state)
    assert vm_at_rest(vm)
    assert not Belongings((), [vm]).busy(7)


@pytest.mark.parametrize("state", [(0, 0), (1, 0), (2, 0), (3, 4), (3, 16), (6, 0), (7, 0), (10, 0), (11, 0)])
def test_a_vm_is_busy_in_every_other_one(state: tuple[int, int]) -> None:
    """Also while its host does not answer; a VM that oned does not have is not."""
    vm = Vm(7, *state)
    assert not vm_at_rest(vm)
    assert Belongings((), [vm]).busy(7)
    assert not Belongings((), [vm]).busy(8)
