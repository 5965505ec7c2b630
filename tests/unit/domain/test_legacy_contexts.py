"""Context volumes of the addon 2.x end with their VM, and with no other."""

from __future__ import annotations

import pytest

from domain.names import HostName, VolumeName
from domain.opennebula import History, Vm
from domain.orders import DeleteDirectory, MoveDirectory, Place

HERE, THERE = Place(HostName("host-a"), "/var/ds/101/7"), Place(HostName("host-c"), "/var/ds/101/7")
OURS = ("OpenNebula-vm-context-vm7-disk1", "OpenNebula-vm-context-vm7-disk1-0", "OpenNebula-vm-context-vm7-disk1-3")
OTHERS = ("OpenNebula-vm-context-vm7-disk10", "OpenNebula-vm-context-vm77-disk1", "OpenNebula-vm-context-vm7-disk2")
UNDEPLOY, STOP = 30, 11


@pytest.fixture
def contexts(bench):
    """Volumes of this VM and of others."""
    for name in (*OURS, *OTHERS):
        bench.volume(name)
    _state(bench, 0)
    return bench


def _state(bench, lcm_state: int) -> None:
    bench.oned.put(Vm(7, lcm_state=lcm_state, context_disk_id=1, history=(History(0, "host-a", 101, "linstor"),)))


def _left(bench) -> set[str]:
    return set(bench.cluster.definitions([VolumeName(name) for name in (*OURS, *OTHERS)]))


def test_they_go_with_the_vm(contexts) -> None:
    """Defect 56: exactly those of its context disk."""
    contexts.disks.delete_directory(DeleteDirectory(HERE, 7, 101))

    assert _left(contexts) == set(OTHERS)


@pytest.mark.parametrize(("state", "left"), [(UNDEPLOY, set(OTHERS)), (STOP, {*OURS, *OTHERS})])
def test_they_go_when_the_vm_is_undeployed(contexts, state: int, left: set[str]) -> None:
    """A VM that is only stopped is resumed with the context it has."""
    _state(contexts, state)

    contexts.relocation.move_directory(MoveDirectory(HERE, THERE, 7, 101))

    assert _left(contexts) == left


def test_a_vm_ends_although_its_context_volume_cannot(contexts) -> None:
    """A guest that still has it open keeps it, and nothing else is kept."""
    here = contexts.replica(VolumeName(OURS[0]))
    handle = contexts.model.devices.open(here.host, OURS[0], write=True)

    contexts.disks.delete_directory(DeleteDirectory(HERE, 7, 101))

    handle.close()
    assert _left(contexts) == {OURS[0], *OTHERS}


def test_oned_that_is_down_does_not_keep_a_vm_from_ending(contexts) -> None:
    """The volumes stay then."""
    contexts.oned.down = True
    contexts.hosts.host("host-a").make_directory("/var/ds/101/7")

    contexts.disks.delete_directory(DeleteDirectory(HERE, 7, 101))

    assert contexts.hosts.host("host-a").get("/var/ds/101/7") is None
    assert _left(contexts) == {*OURS, *OTHERS}
