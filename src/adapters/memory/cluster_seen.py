"""Definitions and snapshots of the model as the rules see them (linstor.md 2.4, 2.11)."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.memory.linstor import objects
from domain import marks as marking
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.volumes import Definition, Snapshot

MARKS = "Aux/OpenNebula/"
REQUEST = "request"
HALF_WRITTEN = f"{MARKS}{marking.HALF_WRITTEN}"
TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"


def properties(marks: Mapping[str, str]) -> dict[str, str]:
    """Marks as the properties that carry them."""
    return {f"{MARKS}{key}": value for key, value in marks.items()}


def marks_of(props: Mapping[str, str]) -> dict[str, str]:
    """Our marks among the properties, without the one by which the REST adapter knows its own requests."""
    found = {key[len(MARKS) :]: value for key, value in props.items() if key.startswith(MARKS)}
    found.pop(REQUEST, None)
    return found


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
        volume_marks=marks_of(found.definition_props),
    )
