"""What may be said of a volume on one host, and which host is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.names import HostName, VolumeName
from domain.volumes import Deployment, DevicePath, DiskState, Role, on_host

GOOD = Deployment(
    VolumeName("OpenNebula-Image-4"),
    HostName("host-a"),
    Role.REPLICA,
    device=DevicePath("/dev/drbd1000"),
    state=DiskState.UP_TO_DATE,
)


def test_a_replica_that_is_complete_and_there_is_good() -> None:
    """Whether a device is there yet or not."""
    assert GOOD.good_replica
    assert replace(GOOD, device=None).good_replica


@pytest.mark.parametrize(
    "change",
    [
        {"role": Role.ATTACHMENT},
        {"role": Role.WITNESS},
        {"reachable": False},
        {"deleting": True},
        {"inactive": True},
        {"state": DiskState.BEHIND},
        {"state": DiskState.FAILED},
        {"state": DiskState.UNKNOWN},
        {"state": DiskState.DISKLESS},
    ],
)
def test_one_thing_that_is_wrong_makes_no_good_replica(change: dict[str, object]) -> None:
    """Else a copy could be taken from what is not complete, or an empty disk be made beside it."""
    assert not replace(GOOD, **change).good_replica


@pytest.mark.parametrize("change", [{}, {"role": Role.ATTACHMENT, "state": DiskState.DISKLESS}])
def test_a_device_that_is_there_can_be_used(change: dict[str, object]) -> None:
    """With the data on this host or on another one."""
    assert replace(GOOD, **change).usable


@pytest.mark.parametrize(
    "change",
    [
        {"device": None},
        {"reachable": False},
        {"deleting": True},
        {"inactive": True},
        {"state": DiskState.BEHIND},
        {"state": DiskState.FAILED},
        {"state": DiskState.UNKNOWN},
    ],
)
def test_one_thing_that_is_wrong_makes_a_device_unusable(change: dict[str, object]) -> None:
    """A reply of LINSTOR alone is no proof (linstor.md 2.17 no. 1)."""
    assert not replace(GOOD, **change).usable


@pytest.mark.parametrize(
    ("hosts", "wanted", "found"),
    [
        (("host-a", "host-b"), "host-b", "host-b"),
        (("host-a", "host-b"), "HOST-B", "host-b"),
        (("host-a", "host-b"), "host-b.example.org", "host-b"),
        (("host-a.example.org", "host-b"), "host-a", "host-a.example.org"),
        (("host-a.east", "host-a.west"), "host-a", None),
        (("host-a", "host-a.west"), "host-a.west", "host-a.west"),
        (("host-a", "host-a.west"), "host-a", "host-a"),
        (("host-a", "host-a.west"), "HOST-A", "host-a"),
        (("HOST-A", "host-a.west"), "host-a", "HOST-A"),
        (("host-a",), "host-c", None),
        ((), "host-a", None),
    ],
)
def test_a_host_is_found_by_its_short_or_long_name(hosts: tuple[str, ...], wanted: str, found: str | None) -> None:
    """The very name first; one that two hosts could mean is nobody's."""
    here = on_host([replace(GOOD, host=HostName(host)) for host in hosts], wanted)
    assert (here.host if here is not None else None) == found
