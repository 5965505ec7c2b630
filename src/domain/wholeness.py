"""Whether the data of a volume is what an order would take it for."""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import HalfWritten, NotInSync, VolumeInUse
from domain.names import VolumeName
from domain.volumes import Deployment, Role


def require_whole(volume: VolumeName, seen: Sequence[Deployment]) -> None:
    """Raises HalfWritten for a volume that a revert was writing when it ended."""
    if any(each.half_written for each in seen):
        raise HalfWritten(volume)


def require_all_replicas(volume: VolumeName, seen: Sequence[Deployment]) -> None:
    """Raises NotInSync: without one of the replicas nobody could go back there to what is done now."""
    lacking = [each.host for each in seen if each.role is Role.REPLICA and not (each.good_replica and each.connected)]
    if lacking:
        raise NotInSync(volume, f"on {', '.join(lacking)}")


def require_idle(volume: VolumeName, seen: Sequence[Deployment]) -> None:
    """Raises VolumeInUse where somebody has the volume open, or where nobody can tell."""
    users = [each.host for each in seen if each.in_use]
    if users:
        raise VolumeInUse(volume, f"on {', '.join(users)}")
    unknown = [each.host for each in seen if each.in_use is None]
    if unknown:
        raise VolumeInUse(volume, f"nobody can tell whether on {', '.join(unknown)}")
