"""Volumes without DRBD (layers STORAGE or LUKS alone): their data is where their one replica is, and nowhere else.

LINSTOR attaches such a volume to another host by making an empty one there, without a warning (linstor.md 2.6), and
keeps two replicas of it alike in nothing but their name. A guest must never see either.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.errors import NotPossible
from domain.names import HostName, VolumeName
from domain.volumes import Deployment, Role, on_host
from domain.wholeness import require_whole


def require_one_truth(volume: VolumeName, seen: Sequence[Deployment]) -> None:
    """Raises HalfWritten, and NotPossible for a volume without DRBD with several replicas: each holds other data."""
    require_whole(volume, seen)
    kept = [each.host for each in seen if each.role is Role.REPLICA]
    if not _networked(seen) and len(kept) > 1:
        hosts = ", ".join(kept)
        raise NotPossible(volume, f"without DRBD nothing keeps {hosts} alike; its group must place one replica")


def require_data_for(volume: VolumeName, seen: Sequence[Deployment], host: HostName) -> None:
    """Raises HalfWritten, and NotPossible where *host* can have no access to the data of a volume without DRBD."""
    require_one_truth(volume, seen)
    if not _networked(seen) and on_host(seen, host) is None:
        hosts = ", ".join(each.host for each in seen)
        raise NotPossible(volume, f"without DRBD only {hosts} can use it, not {host}")


def _networked(seen: Sequence[Deployment]) -> bool:
    return all(each.replicated for each in seen)
