"""`GET view/resources` as the rules see it (linstor.md 1.3, 1.4, 2.13)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adapters.linstor.reading import (
    HALF_WRITTEN,
    Host,
    Json,
    first_volume,
    flags_of,
    known_truth,
    list_of,
    number_of,
    object_of,
    odd,
    word_of,
)
from domain.names import VolumeName
from domain.volumes import Deployment, DevicePath, DiskState, Role

_STATES = {
    "UpToDate": DiskState.UP_TO_DATE,
    "Diskless": DiskState.DISKLESS,
    "Inconsistent": DiskState.BEHIND,
    "Outdated": DiskState.BEHIND,
    "Consistent": DiskState.BEHIND,
    "Attaching": DiskState.BEHIND,
    "Negotiating": DiskState.BEHIND,
    "Failed": DiskState.FAILED,
    "Detaching": DiskState.FAILED,
}
_WORST_FIRST = (
    DiskState.FAILED,
    DiskState.UNKNOWN,
    DiskState.BEHIND,
    DiskState.DISKLESS,
    DiskState.UP_TO_DATE,
)
_ZEROED = frozenset({"LVM_THIN", "ZFS", "ZFS_THIN", "FILE_THIN"})


def without_data(found: Iterable[Json]) -> frozenset[str]:
    """The nodes of a volume that hold none of its data; nobody needs a connection to them to be in step."""
    return frozenset(str(each.get("node_name", "")) for each in found if _role(flags_of(each)) is not Role.REPLICA)


def deployments(found: Collection[Json], volume: VolumeName, host: Host) -> tuple[Deployment, ...]:
    """The resources of one volume. *volume* is the name that was asked for (LINSTOR ignores case)."""
    dataless = without_data(found)
    half = any(HALF_WRITTEN in object_of(each, "props") for each in found)
    return tuple(deployment(each, volume, host, dataless, half=half) for each in found)


def deployment(
    found: Json, volume: VolumeName, host: Host, dataless: Collection[str] = (), *, half: bool = False
) -> Deployment:
    """One resource with its volumes; *dataless* and *half* are what the others of the volume tell."""
    flags = flags_of(found)
    drbd = _drbd(object_of(found, "layer_object"))
    role = _role(flags)
    first = first_volume(list_of(found, "volumes"))
    return Deployment(
        volume=volume,
        host=host(str(found.get("node_name", ""))),
        role=role,
        device=_path(first),
        alias=_alias(found),
        state=_worst(_state(each, role, replicated=drbd is not None) for each in list_of(found, "volumes")),
        in_use=known_truth(object_of(found, "state"), "in_use"),
        reachable="state" in found,
        connected=drbd is None or _connected(object_of(drbd, "connections"), dataless),
        deleting=not flags.isdisjoint(("DELETE", "DRBD_DELETE")),
        inactive=not flags.isdisjoint(("INACTIVE", "INACTIVATING")),
        size_kib=_usable(first),
        allocated_kib=number_of(first, "allocated_size_kib"),
        zeroed=role is Role.REPLICA and word_of(first, "provider_kind") in _ZEROED,
        replicated=drbd is not None or not found.get("layer_object"),
        created=number_of(found, "create_timestamp") // 1000,
        half_written=half,
    )


def has_own_ports(found: Json) -> bool:
    """Whether the resource has DRBD ports of its own; before REST 1.26 only its definition has one."""
    return "tcp_ports" in (_drbd(object_of(found, "layer_object")) or {})


def _connected(connections: Json, dataless: Collection[str]) -> bool:
    peers = [object_of(connections, peer) for peer in connections if peer not in dataless]
    return all(known_truth(each, "connected") for each in peers)


def _role(flags: frozenset[str]) -> Role:
    if "TIE_BREAKER" in flags:
        return Role.WITNESS
    return Role.ATTACHMENT if "DISKLESS" in flags or "DRBD_DISKLESS" in flags else Role.REPLICA


def _drbd(layer: Json) -> Json | None:
    """DRBD's part of the stack, wherever it is; None without DRBD."""
    layers = [layer]
    # not one function call for each layer: an answer may be nested deeper than the stack
    while layers:
        here = layers.pop()
        if "drbd" in here:
            return object_of(here, "drbd")
        layers += reversed(list_of(here, "children"))
    return None


def _path(volume: Json) -> DevicePath | None:
    """The device; hosts write to it, so anything else is refused."""
    text = word_of(volume, "device_path")
    plain = text.isprintable() and " " not in text and ".." not in text.split("/")
    if text and not (text.startswith("/dev/") and plain):
        raise odd("device_path", text)
    return DevicePath(text) if text else None


def _alias(found: Json) -> DevicePath | None:
    """Udev's name, which only a device of DRBD itself has."""
    if object_of(found, "layer_object").get("type") != "DRBD":
        return None
    return DevicePath(f"/dev/drbd/by-res/{found.get('name', '')}/0")


def _state(volume: Json, role: Role, *, replicated: bool) -> DiskState:
    """LINSTOR tells a state for DRBD only; a replica without a disk has lost it (linstor.md 1.3)."""
    if not replicated:
        return DiskState.UP_TO_DATE if volume.get("device_path") else DiskState.UNKNOWN
    state = _STATES.get(word_of(object_of(volume, "state"), "disk_state"), DiskState.UNKNOWN)
    lost = state is DiskState.DISKLESS and role is Role.REPLICA
    return DiskState.FAILED if lost else state


def _worst(states: Iterable[DiskState]) -> DiskState:
    return min(states, key=_WORST_FIRST.index, default=DiskState.UNKNOWN)


def _usable(volume: Json) -> int:
    """The size of the device: that of the topmost layer which tells one."""
    sizes = (number_of(object_of(layer, "data"), "usable_size_kib") for layer in list_of(volume, "layer_data_list"))
    return next((size for size in sizes if size), 0)
