"""Resources of the model as the rules see them: what the controller knows of a host (linstor.md 1.3, 1.4)."""

from __future__ import annotations

from adapters.memory.cluster_seen import HALF_WRITTEN
from adapters.memory.linstor.deploy import usable_kib
from adapters.memory.linstor.objects import Definition, Resource
from adapters.memory.linstor.state import State
from domain.names import HostName, VolumeName
from domain.volumes import Deployment, DevicePath, DiskState, Role

_ZEROED = frozenset({"LVM_THIN", "ZFS", "ZFS_THIN", "FILE_THIN"})
FRESH_THIN_KIB = 55
"""What a thin replica takes before the first write (recorded); the model does not count what is written later."""
_STATES = {
    "UpToDate": DiskState.UP_TO_DATE,
    "Inconsistent": DiskState.BEHIND,
    "Outdated": DiskState.BEHIND,
    "Consistent": DiskState.BEHIND,
    "Failed": DiskState.FAILED,
    "Diskless": DiskState.FAILED,
}


class SeenResource:
    """One definition on one node."""

    def __init__(self, state: State, owner: Definition, here: Resource) -> None:
        self._state, self._owner, self._here = state, owner, here
        self._node = state.nodes[here.node]
        self._pool = self._node.pools[here.pool]
        self._told = self._node.online and not (here.going and here.diskless)
        self._up = here.deployed and "INACTIVE" not in here.flags

    def deployment(self, volume: VolumeName, host: HostName) -> Deployment:
        """The same under the names that the caller knows."""
        here = self._here
        return Deployment(
            volume=volume,
            host=host,
            role=self._role(),
            device=self._device(),
            alias=DevicePath(f"/dev/drbd/by-res/{self._owner.name}/0") if self._owner.drbd else None,
            state=self._disk_state(),
            in_use=self._in_use(),
            reachable=self._told and (here.deployed or "CLONING" in self._owner.flags),
            connected=self._connected(),
            deleting=here.going,
            inactive="INACTIVE" in here.flags,
            size_kib=self._size(),
            allocated_kib=self._allocated(),
            zeroed=not here.diskless and self._pool.kind in _ZEROED,
            replicated=self._owner.drbd,
            created=here.created // 1000,
            half_written=any(HALF_WRITTEN in each.props for each in self._owner.resources.values()),
        )

    def _role(self) -> Role:
        if self._here.tiebreaker:
            return Role.WITNESS
        return Role.ATTACHMENT if self._here.diskless else Role.REPLICA

    def _device(self) -> DevicePath | None:
        """DRBD's device is named by its minor, a bare volume's by its pool; one that goes away is still listed."""
        if self._owner.drbd:
            listed = (self._here.deployed or self._here.going) and "INACTIVE" not in self._here.flags
            return DevicePath(f"/dev/drbd{self._owner.volumes[0].minor}") if listed else None
        if not self._up:
            return None
        group = self._pool.props.get("StorDriver/StorPoolName", self._pool.name).split("/")[0] or self._pool.name
        directory = f"zvol/{group}" if self._pool.kind.startswith("ZFS") else group
        return DevicePath(f"/dev/{directory}/{self._owner.name}_00000")

    def _disk_state(self) -> DiskState:
        if not self._owner.drbd:
            return DiskState.UP_TO_DATE if self._device() else DiskState.UNKNOWN
        if not self._told or not (self._up or self._here.disk_state):
            return DiskState.UNKNOWN
        if self._here.diskless:
            return DiskState.DISKLESS
        return _STATES.get(self._here.disk_state or "UpToDate", DiskState.UNKNOWN)

    def _in_use(self) -> bool | None:
        """None where nobody tells: an offline node, a volume without DRBD, a device that is down."""
        known = self._told and self._up and self._owner.drbd
        return self._state.devices.in_use(self._owner, self._here.node) if known else None

    def _connected(self) -> bool:
        """Whether DRBD there talks to all replicas; true where nobody tells."""
        if not self._owner.drbd or not self._told or not self._up:
            return True
        return all(self._state.devices.joined(self._owner, self._here, each) for each in self._peers())

    def _peers(self) -> list[Resource]:
        """The other replicas; who is being removed has no connection any more for the others."""
        others = [each for each in self._owner.resources.values() if each is not self._here and not each.diskless]
        return [
            each for each in others if (self._here.going or "DELETE" not in each.flags) and "INACTIVE" not in each.flags
        ]

    def _size(self) -> int:
        volume = self._owner.volumes[0]
        if self._here.diskless:
            return volume.size
        return usable_kib(self._owner, volume) if self._owner.drbd else max(volume.gross, volume.size)

    def _allocated(self) -> int:
        """0 where there is none or nobody tells."""
        if self._here.diskless or not self._here.deployed:
            return 0
        return FRESH_THIN_KIB if self._pool.thin else self._owner.volumes[0].gross
