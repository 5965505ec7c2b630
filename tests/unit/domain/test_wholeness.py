"""One host that is not as it should be is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import HalfWritten, NotInSync, VolumeInUse
from domain.names import HostName, VolumeName
from domain.volumes import Deployment, DiskState, Role
from domain.wholeness import require_all_replicas, require_idle, require_whole

DISK = VolumeName("OpenNebula-Image-4")
GOOD = Deployment(DISK, HostName("host-a"), Role.REPLICA, state=DiskState.UP_TO_DATE, in_use=False)
AWAY = HostName("host-b")
ATTACHED = replace(GOOD, host=HostName("host-c"), role=Role.ATTACHMENT, state=DiskState.DISKLESS)


def test_a_volume_is_half_written_where_one_replica_says_so() -> None:
    """The mark may have reached one of them alone."""
    require_whole(DISK, [GOOD, replace(GOOD, host=AWAY)])
    with pytest.raises(HalfWritten):
        require_whole(DISK, [GOOD, replace(GOOD, host=AWAY, half_written=True)])


@pytest.mark.parametrize("change", [{"state": DiskState.BEHIND}, {"reachable": False}, {"connected": False}])
def test_every_replica_has_to_be_complete_and_connected(change: dict[str, object]) -> None:
    """An attachment holds no data, so nothing is asked of it."""
    require_all_replicas(DISK, [GOOD, replace(ATTACHED, **change)])
    with pytest.raises(NotInSync, match="on host-b"):
        require_all_replicas(DISK, [GOOD, replace(GOOD, host=AWAY, **change)])


@pytest.mark.parametrize(("in_use", "told"), [(True, "on host-b"), (None, "nobody can tell whether on host-b")])
def test_a_volume_is_idle_where_every_host_says_so(in_use: bool | None, told: str) -> None:
    """Unknown is not closed."""
    require_idle(DISK, [GOOD, ATTACHED])
    with pytest.raises(VolumeInUse, match=told):
        require_idle(DISK, [GOOD, replace(GOOD, host=AWAY, in_use=in_use)])
