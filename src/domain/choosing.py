"""Which of several replicas a host works on, where any of them would do."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import NoUsableReplica
from domain.local_volumes import require_one_truth
from domain.names import HostName, VolumeName, same_host
from domain.volumes import Deployment


def nearest_replica(
    volume: VolumeName, seen: Sequence[Deployment], front_end: HostName, bridges: Sequence[HostName]
) -> Deployment:
    """An up-to-date replica with a device: the front-end's own first, then one of BRIDGE_LIST.

    Raises NoUsableReplica, NotPossible.
    """
    require_one_truth(volume, seen)
    good = [each for each in seen if each.good_replica and each.device is not None]
    return nearest(volume, good, front_end, bridges)


def nearest(
    volume: VolumeName, good: Sequence[Deployment], front_end: HostName, bridges: Sequence[HostName]
) -> Deployment:
    """The one of *good* on the front-end itself, else on a host of BRIDGE_LIST, else any. Raises NoUsableReplica."""
    if not good:
        raise NoUsableReplica(volume)

    def preference(here: Deployment) -> tuple[bool, bool, str]:
        is_bridge = any(same_host(here.host, bridge) for bridge in bridges)
        return (not same_host(here.host, front_end), not is_bridge, here.host)

    return min(good, key=preference)
