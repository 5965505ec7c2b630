"""Where a program can use a volume: on a good replica, over the network, or on one that is behind a good one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.attachment import openable, wanted_here
from domain.errors import BadOrder
from domain.names import HostName, VolumeName
from domain.undoing import undoing
from domain.volumes import Deployment, DevicePath, DiskState, Role

DISK = VolumeName("OpenNebula-Image-4")
GOOD = Deployment(DISK, HostName("host-a"), Role.REPLICA, DevicePath("/dev/drbd1000"), state=DiskState.UP_TO_DATE)
BEHIND = replace(GOOD, host=HostName("host-b"), state=DiskState.BEHIND)


def test_a_replica_that_is_behind_can_be_used_beside_a_good_one() -> None:
    """DRBD reads what is missing from there."""
    assert openable(BEHIND, (GOOD, BEHIND))
    assert wanted_here(BEHIND, (GOOD, BEHIND))


@pytest.mark.parametrize(
    "change",
    [
        {"device": None},
        {"reachable": False},
        {"state": DiskState.UNKNOWN},
        {"connected": False},
        {"deleting": True},
    ],
)
def test_each_reason_is_enough_against_it(change: dict[str, object]) -> None:
    """Nobody could read all of it there."""
    here = replace(BEHIND, **change)
    assert not openable(here, (GOOD, here))


def test_without_a_good_replica_it_is_old_data() -> None:
    """Nothing can be read from elsewhere."""
    lost = replace(GOOD, reachable=False)
    assert not openable(BEHIND, (lost, BEHIND))


def test_a_witness_is_not_what_a_vm_needs() -> None:
    """LINSTOR moves it when it likes."""
    witness = replace(GOOD, role=Role.WITNESS, state=DiskState.DISKLESS)
    assert openable(witness, (GOOD, witness))
    assert not wanted_here(witness, (GOOD, witness))
    assert not wanted_here(None, (GOOD,))


def test_what_is_usable_is_not_attached_again(bench) -> None:
    """Not even asked for: the first look is enough, and nothing is there to take back."""
    bench.volume(DISK)
    host = bench.replica(DISK).host
    bench.cluster.attach = None
    with undoing() as undo:
        assert bench.attachment.ensure(bench.storage, DISK, host, undo).host == host


@pytest.mark.parametrize("attached", [False, True])
def test_only_an_attachment_that_is_new_is_taken_back(bench, attached: bool) -> None:
    """By the order that fails later."""
    bench.volume(DISK)
    host = bench.stranger(DISK)
    if attached:
        bench.cluster.attach(DISK, host)
    with pytest.raises(BadOrder), undoing() as undo:
        bench.attachment.ensure(bench.storage, DISK, host, undo)
        raise BadOrder("later")
    [role] = [each.role for each in bench.cluster.deployments([DISK])[DISK] if each.host == host]
    assert role is (Role.ATTACHMENT if attached else Role.WITNESS)


def test_no_volumes_need_no_look(bench) -> None:
    """A VM without disks of ours."""
    bench.cluster.deployments = None
    assert bench.attachment.read_back_all(bench.storage, [], HostName("host-a")) == {}


@pytest.mark.parametrize("role", [Role.REPLICA, Role.WITNESS])
def test_the_end_of_an_attachment_takes_no_replica_and_no_witness(bench, role: Role) -> None:
    """The data, and the vote that keeps it usable."""
    bench.volume(DISK)
    before = bench.cluster.deployments([DISK])[DISK]
    for each in before:
        if each.role is role:
            bench.attachment.end(bench.storage, each)
    assert [(each.host, each.role) for each in bench.cluster.deployments([DISK])[DISK]] == [
        (each.host, each.role) for each in before
    ]


def test_an_attachment_that_goes_already_on_a_dead_host_is_not_asked_for_again(bench) -> None:
    """LINSTOR ends it when the host is back; one on a live host is gone on with."""
    bench.volume(DISK)
    host = bench.stranger(DISK)
    bench.cluster.attach(DISK, host)
    [here] = [each for each in bench.cluster.deployments([DISK])[DISK] if each.host == host]
    asked = []
    bench.cluster.detach = lambda volume, on: asked.append((volume, on))
    bench.attachment.end(bench.storage, replace(here, deleting=True, reachable=False))
    assert asked == []
    bench.attachment.end(bench.storage, replace(here, deleting=True))
    bench.attachment.end(bench.storage, replace(here, reachable=False))
    assert asked == [(DISK, host)] * 2


def test_only_a_writer_counts_as_use(bench) -> None:
    """And where nothing is, nothing is used."""
    bench.volume(DISK)
    host = bench.replica(DISK).host
    assert not bench.attachment.in_use(bench.storage, DISK, host)
    handle = bench.model.devices.open(host, DISK, write=True)
    assert bench.attachment.in_use(bench.storage, DISK, host)
    handle.close()
    assert not bench.attachment.in_use(bench.storage, DISK, HostName("nowhere"))
