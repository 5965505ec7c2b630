"""What a cloud looks like, in plain values that two worlds can be compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from adapters.memory.cluster_seen import MARKS, REQUEST
from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.objects import Definition, Resource, Snapshot, VolumeDefinition
from adapters.memory.linstor.state import State

RANDOM = (MARKS + REQUEST, "DrbdCurrentGi")

Picture = dict[str, object]


def said(answer: object) -> str:
    """An answer of a port in words, without the moment at which something was made."""
    return repr(_plain(answer))


def _plain(answer: Any) -> object:
    if isinstance(answer, Mapping):
        return {key: _plain(value) for key, value in sorted(answer.items())}
    if isinstance(answer, tuple | list):
        return [_plain(each) for each in answer]
    if is_dataclass(answer) and not isinstance(answer, type):
        timeless: Any = replace(answer, created=0) if hasattr(answer, "created") else answer
        return {name: _plain(value) for name, value in vars(timeless).items()}
    return answer


def of_linstor(state: State) -> Picture:
    """Everything LINSTOR has, by volume; what is in the volumes is left out."""
    return {name: _definition(each) for name, each in sorted(state.definitions.items())}


def of_contents(state: State) -> Picture:
    """What is in every replica and snapshot, as checksums."""
    found: Picture = {}
    for name, each in state.definitions.items():
        for replica in each.resources.values():
            if not replica.diskless and replica.deployed:
                found[f"{name} on {replica.node}"] = _checksum(each.content(replica, 0))
        for key, snapshot in each.snapshots.items():
            found |= {f"{name} {key} on {node}": _checksum(part[0]) for node, part in snapshot.parts.items()}
    return found


def _checksum(content: Content) -> str:
    return hashlib.sha256(content.read(0, content.size)).hexdigest()[:12]


def _definition(each: Definition) -> Picture:
    return {
        "group": each.group,
        "layers": each.layers,
        "flags": sorted(each.flags),
        "props": _props(each.props),
        "volumes": {number: _volume(volume) for number, volume in each.volumes.items()},
        "resources": {node: _resource(resource) for node, resource in sorted(each.resources.items())},
        "snapshots": {key: _snapshot(snapshot) for key, snapshot in sorted(each.snapshots.items())},
        "connections": {_names(pair): dict(props) for pair, props in each.connections.items() if props},
        "kernel": sorted(map(_names, each.kernel)),
        "suspended": each.suspended,
    }


def _names(pair: Collection[str]) -> str:
    return "-".join(sorted(pair))


def _props(props: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in sorted(props.items()) if key not in RANDOM}


def _volume(each: VolumeDefinition) -> tuple[object, ...]:
    return each.size, each.gross, each.minor, sorted(each.flags), _props(each.props)


def _resource(each: Resource) -> tuple[object, ...]:
    return sorted(each.flags), each.pool, each.deployed, each.backed, each.disk_state, sorted(each.own), each.sizes


def _snapshot(each: Snapshot) -> tuple[object, ...]:
    return sorted(each.flags), each.sizes, sorted(each.parts), _props(each.props), _props(each.definition_props)
