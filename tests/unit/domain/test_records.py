"""Orders and steps are told apart although their values are the same."""

from __future__ import annotations

from domain.names import DiskOf, HostName, VolumeName
from domain.orders import CloneDisk, LinkDisk, Place
from domain.steps import MakeDirectory, Unlink

VALUES = (VolumeName("OpenNebula-Image-1"), Place(HostName("host-a"), "/ds/1/7/disk.0"), DiskOf(7, 0), 100)


def test_an_order_equals_only_its_own_kind() -> None:
    """To clone is not to link, whatever the disk."""
    assert CloneDisk(*VALUES) == CloneDisk(*VALUES)
    assert hash(CloneDisk(*VALUES)) == hash(CloneDisk(*VALUES))
    assert CloneDisk(*VALUES) != LinkDisk(*VALUES)
    assert not CloneDisk(*VALUES) == LinkDisk(*VALUES)  # noqa: SIM201 - the other operator
    assert CloneDisk(*VALUES) != VALUES


def test_a_step_equals_only_its_own_kind() -> None:
    """To make is not to remove."""
    assert MakeDirectory("/a/b") == MakeDirectory("/a/b")
    assert MakeDirectory("/a/b") != Unlink("/a/b")
