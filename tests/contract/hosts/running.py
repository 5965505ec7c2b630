"""What the tests of the Hosts port share: two hosts, a device, and how steps are run."""

from __future__ import annotations

from typing import Any

from domain.names import HostName

World = Any
ALPHA, BETA = HostName("alpha"), HostName("beta")
DEVICE, ALIAS = "/dev/drbd1000", "/dev/drbd/by-res/OpenNebula-Image-1/0"
MIB = 1024 * 1024


def run(world: World, *steps: object, host: HostName = ALPHA) -> tuple[str, ...]:
    """Carry out *steps* on *host* of *world*; one text for each."""
    told: tuple[str, ...] = world.hosts.run(host, steps)
    return told
