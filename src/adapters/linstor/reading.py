"""LINSTOR's JSON as the rules see it: definitions and snapshots (linstor.md 2.4, 2.11).

Members that are empty are missing from the JSON (linstor.md 2.1), so everything has a default. A member of another
type is never taken for a missing one: a flag that is not seen could cost data. It raises ControllerFailed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from reprlib import repr as shortened
from typing import Any

from domain import marks as marking
from domain.errors import ControllerFailed
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.volumes import Definition, Snapshot

MARKS = "Aux/OpenNebula/"
REQUEST = "request"
"""A mark of this adapter alone: which request made the object. The rules never see it."""

HALF_WRITTEN = f"{MARKS}{marking.HALF_WRITTEN}"
"""On each replica of a volume, not on its definition: the list of replicas is looked at by every order."""

TWO_WRITERS = "DrbdOptions/Net/allow-two-primaries"
DEFAULT_GROUP = "DfltRscGrp"
LARGEST = 2**63 - 1
"""LINSTOR counts in signed 64 bits; a pool without a limit has this much space."""

Json = Mapping[str, Any]
Host = Callable[[str], HostName]


def object_of(found: Json, member: str) -> Json:
    """An object member; empty where it is missing."""
    value = found.get(member)
    if value is not None and not isinstance(value, Mapping):
        raise odd(member, value)
    return value or {}


def list_of(found: Json, member: str) -> list[Json]:
    """A member that is a list of objects; empty where it is missing."""
    value = found.get(member)
    if value is not None and not (isinstance(value, list) and all(isinstance(each, Mapping) for each in value)):
        raise odd(member, value)
    return value or []


def flags_of(found: Json) -> frozenset[str]:
    """The flags of an object."""
    return frozenset(words_of(found, "flags"))


def words_of(found: Json, member: str) -> list[str]:
    """A member that is a list of words; empty where it is missing."""
    value = found.get(member)
    if value is not None and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise odd(member, value)
    return value or []


def word_of(found: Json, member: str) -> str:
    """A member that is a word; "" where it is missing."""
    value = found.get(member)
    if value is not None and not isinstance(value, str):
        raise odd(member, value)
    return value or ""


def number_of(found: Json, member: str) -> int:
    """A size; 0 where it is missing or not known (-1)."""
    return max(0, known_number(found, member) or 0)


def known_number(found: Json, member: str) -> int | None:
    """A number of at most 64 bits; None where it is missing."""
    value = found.get(member)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        raise odd(member, value)
    return value


def known_truth(found: Json, member: str) -> bool | None:
    """Yes or no; None where it is missing."""
    value = found.get(member)
    if value is not None and not isinstance(value, bool):
        raise odd(member, value)
    return value


def odd(member: str, value: object) -> ControllerFailed:
    """The error for a member that LINSTOR never gives like that."""
    return ControllerFailed("give an answer that can be understood", f"{member} is {shortened(value)}")


def first_volume(volumes: Iterable[Json]) -> Json:
    """The element of volume number 0; empty where there is none."""
    return next((each for each in volumes if each.get("volume_number", 0) == 0), {})


def marks_of(props: Json) -> dict[str, str]:
    """Our marks among the properties, without this adapter's own."""
    found = {key[len(MARKS) :]: str(value) for key, value in props.items() if key.startswith(MARKS)}
    found.pop(REQUEST, None)
    return found


def properties(marks: Mapping[str, str]) -> dict[str, str]:
    """Marks as the properties that carry them."""
    return {f"{MARKS}{key}": value for key, value in marks.items()}


def definition(found: Json, name: VolumeName | None = None) -> Definition:
    """A definition of `GET resource-definitions?with_volume_definitions=true`, under *name* where that is given."""
    props, flags = object_of(found, "props"), flags_of(found)
    volume = first_volume(list_of(found, "volume_definitions"))
    layers = [layer.get("type") for layer in list_of(found, "layer_data")]
    return Definition(
        name=name or VolumeName(str(found.get("name", ""))),
        size_kib=number_of(volume, "size_kib"),
        group=GroupName(str(found.get("resource_group_name") or DEFAULT_GROUP)),
        marks=marks_of(props),
        deleting="DELETE" in flags,
        copying="CLONING" in flags,
        failed="FAILED" in flags,
        resizing=not flags_of(volume).isdisjoint(("RESIZE", "DRBD_RESIZE")),
        two_writers=props.get(TWO_WRITERS) == "yes",
        replicated=not layers or "DRBD" in layers,
    )


def snapshot(found: Json, volume: VolumeName, host: Host) -> Snapshot:
    """A snapshot of `GET view/snapshots`.

    SUCCESSFUL alone is not complete: one that is half deleted keeps that flag (linstor.md 2.11).
    """
    parts = list_of(found, "snapshots")
    flags = flags_of(found).union(*(flags_of(part) for part in parts))
    return Snapshot(
        volume=volume,
        name=SnapshotName(str(found.get("name", ""))),
        hosts=tuple(host(node) for node in words_of(found, "nodes")),
        size_kib=number_of(first_volume(list_of(found, "volume_definitions")), "size_kib"),
        complete="SUCCESSFUL" in flags_of(found) and not any(_spoils(flag) for flag in flags),
        marks=marks_of(_own_properties(found)),
        created=_created(parts) // 1000,
        volume_marks=_marks_of_its_volume(found),
    )


def _marks_of_its_volume(found: Json) -> Mapping[str, str] | None:
    """Told apart from those of the snapshot since REST 1.24; an empty member is missing."""
    told = not {"snapshot_definition_props", "resource_definition_props"}.isdisjoint(found)
    return marks_of(object_of(found, "resource_definition_props")) if told else None


def _own_properties(found: Json) -> Json:
    """Since REST 1.24 `props` mixes in those of the definition at the time of the snapshot."""
    member = "snapshot_definition_props" if "snapshot_definition_props" in found else "props"
    return object_of(found, member)


def _spoils(flag: str) -> bool:
    return flag.startswith("FAILED") or flag == "DELETE"


def _created(parts: Iterable[Json]) -> int:
    """Milliseconds since 1970; 0 where no part tells."""
    return min((number_of(part, "create_timestamp") for part in parts), default=0)


def oldest_first(found: Iterable[Json]) -> list[Json]:
    """Snapshots by the time they were made, to the millisecond."""
    return sorted(found, key=lambda each: _created(list_of(each, "snapshots")))
