"""Where a program can use a volume: on a good replica, over the network, or on one that is behind a good one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.attachment import openable, wanted_here
from domain.names import HostName, VolumeName
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
