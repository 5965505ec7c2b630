"""Objects of the model as the rules see them (linstor.md 1.3, 1.4)."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.memory.linstor import objects
from adapters.memory.linstor.deploy import usable_kib
from adapters.memory.linstor.state import State
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.volumes import Definition, Deployment, DevicePath, DiskState, Role, Snapshot

MARKS = "Aux/OpenNebula/"
TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"

_ZEROED = frozenset({"LVM_THIN", "ZFS", "ZFS_THIN", "FILE_THIN"})
_STATES = {
    "UpToDate": DiskState.UP_TO_DATE,
    "Inconsistent": DiskState.BEHIND,
    "Outdated": DiskState.BEHIND,
    "Consistent": DiskState.BEHIND,
    "Failed": DiskState.FAILED,
    "Diskless": DiskState.FAILED,
}


def properties(marks: Mapping[str, str]) -> dict[str, str]:
    """Marks as the properties that carry them."""
    return {f"{MARKS}{key}": value for key, value in marks.items()}


def marks_of(props: Mapping[str, str]) -> dict[str, str]:
    """Our marks among the properties."""
    return {key[len(MARKS) :]: value for key, value in props.items() if key.startswith(MARKS)}


def seen_definition(found: objects.Definition, name: VolumeName) -> Definition:
    """A definition under the name that was asked for."""
    volume = found.volumes.get(0)
    return Definition(
        name=name,
        size_kib=volume.size if volume is not None else 0,
        group=GroupName(found.group),
        marks=marks_of(found.props),
        deleting="DELETE" in found.flags,
        copying="CLONING" in found.flags,
        failed="FAILED" in found.flags,
        resizing=volume is not None and "RESIZE" in volume.flags,
        two_writers=found.props.get(TWO_WRITERS) == "yes",
        replicated=found.drbd,
    )


def seen_snapshot(found: objects.Snapshot, volume: VolumeName, hosts: tuple[HostName, ...]) -> Snapshot:
    """A snapshot; complete only without a flag of failure or deletion."""
    spoilt = any(flag.startswith("FAILED") or flag == "DELETE" for flag in found.flags)
    return Snapshot(
        volume=volume,
        name=SnapshotName(found.name),
        hosts=hosts,
        size_kib=found.sizes.get(0, 0),
        complete="SUCCESSFUL" in found.flags and not spoilt,
        marks=marks_of(found.props),
        created=found.created // 1000,
    )


class Seen:
    """Deployments of a model."""

    def __init__(self, state: State) -> None:
        self._state = state

    def deployment(
        self, found: objects.Definition, here: objects.Resource, volume: VolumeName, host: HostName
    ) -> Deployment:
        """One resource as a deployment on *host*."""
        online = self._state.nodes[here.node].online
        pool = self._state.nodes[here.node].pools[here.pool]
        device = self._device(found, here, pool)
        reachable = online and here.deployed
        return Deployment(
            volume=volume,
            host=host,
            role=_role(here),
            device=device,
            alias=DevicePath(f"/dev/drbd/by-res/{found.name}/0") if found.drbd else None,
            state=_disk_state(found, here, device, reachable=reachable),
            in_use=self._state.devices.in_use(found, here.node) if reachable and found.drbd else None,
            reachable=reachable,
            connected=not found.drbd or not self._cut_off(found, here),
            deleting=here.going,
            inactive="INACTIVE" in here.flags,
            size_kib=self._size(found, here),
            allocated_kib=0 if here.diskless or pool.thin else sum(each.gross for each in found.volumes.values()),
            zeroed=not here.diskless and pool.kind in _ZEROED,
        )

    @staticmethod
    def _device(found: objects.Definition, here: objects.Resource, pool: objects.Pool) -> DevicePath | None:
        """DRBD's device is named by its minor, a bare volume's by its pool (linstor.md 1.4)."""
        volume = found.volumes.get(0)
        if volume is None or not here.deployed or "INACTIVE" in here.flags:
            return None
        if found.drbd:
            return DevicePath(f"/dev/drbd{volume.minor}")
        group = pool.props.get("StorDriver/StorPoolName", pool.name).partition("/")[0]
        return DevicePath(f"/dev/{group}/{found.name}_00000")

    @staticmethod
    def _size(found: objects.Definition, here: objects.Resource) -> int:
        volume = found.volumes.get(0)
        if volume is None:
            return 0
        return volume.size if here.diskless else usable_kib(found, volume)

    def _cut_off(self, found: objects.Definition, here: objects.Resource) -> bool:
        """Whether a peer that it should be connected with cannot be reached over the data network."""
        nodes = self._state.nodes
        peers = [
            each for each in found.resources.values() if each is not here and not (each.diskless and here.diskless)
        ]
        return any(nodes[here.node].networks_cut or nodes[each.node].networks_cut for each in peers)


def _role(here: objects.Resource) -> Role:
    if here.tiebreaker:
        return Role.WITNESS
    return Role.ATTACHMENT if here.diskless else Role.REPLICA


def _disk_state(
    found: objects.Definition, here: objects.Resource, device: DevicePath | None, *, reachable: bool
) -> DiskState:
    if not found.drbd:
        return DiskState.UP_TO_DATE if device else DiskState.UNKNOWN
    if not reachable or device is None:
        return DiskState.UNKNOWN
    if here.diskless:
        return DiskState.DISKLESS
    return _STATES.get(here.disk_state or "UpToDate", DiskState.UNKNOWN)
