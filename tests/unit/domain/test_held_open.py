"""A program that only reads a device keeps LINSTOR from shutting it down: udev, or what a dead order began."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.memory.clock import MemoryClock
from domain.attachment import Attachment
from domain.errors import DeviceHeldOpen
from domain.lifetime import Lifetime
from domain.names import GroupName, HostName, VolumeName
from domain.volumes import Role

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")


def opened(bench, host: HostName) -> Callable[[], None]:
    """A program of *host* reads the disk until what is given back is called."""
    return bench.model.devices.open(host, DISK, write=False).close


def attached(bench) -> HostName:
    """The disk has one replica and no witness; the host where it is attached beside that."""
    bench.model.add_group("one", place_count=1, storage_pool="data", storage_pool_list=["data"])
    assert bench.cluster.create(DISK, 65536, GroupName("one"), {"vm": "7"})
    host = bench.stranger(DISK)
    bench.cluster.attach(DISK, host)
    return host


def closing(close: Callable[[], None]) -> MemoryClock:
    """A clock of a world in which the program ends while an order waits."""
    return MemoryClock(passed=lambda _: close())


def test_a_deletion_waits_for_a_reader(bench) -> None:
    """What a host left half done is gone on with."""
    bench.volume(DISK, vm="7")
    close = opened(bench, bench.replica(DISK).host)

    Lifetime(closing(close)).delete(bench.storage, DISK)

    assert bench.cluster.definitions([DISK]) == {}


def test_the_end_of_an_attachment_waits_for_a_reader(bench) -> None:
    """And takes nothing else away."""
    host = attached(bench)
    close = opened(bench, host)

    Attachment(closing(close)).release(bench.storage, DISK, host)

    assert [each.role for each in bench.cluster.deployments([DISK])[DISK]] == [Role.REPLICA]


@pytest.mark.parametrize("ends", ["deletion", "attachment"])
def test_a_reader_that_stays_is_told_of_after_the_limit(bench, ends: str) -> None:
    """In LINSTOR's words, which name the host."""
    host = attached(bench)
    opened(bench, host)

    with pytest.raises(DeviceHeldOpen, match=host):
        if ends == "deletion":
            bench.lifetime.delete(bench.storage, DISK)
        else:
            bench.attachment.release(bench.storage, DISK, host)

    assert bench.clock.now() == bench.storage.settings.limits.close
