"""What there is in LINSTOR and on the hosts, without what may differ between two good ends: minors, nodes, times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from adapters.memory.linstor.objects import Definition
from domain.names import BACKUPS, SAFETY, snapshot_name, snapshot_number
from entrypoints.sandbox.world import Sandbox

MARKS = "Aux/OpenNebula/"
State = dict[str, str]
_FILE_SYSTEMS = {1080: b"\x53\xef", 4086: b"SWAPSPACE2"}
VOLATILE = ("request", *(f"snapshot-{each}" for each in (SAFETY, *BACKUPS)))
"""Marks of single requests, which the rules never see, and how often reverts and backups kept data for themselves."""


def state(sandbox: Sandbox) -> State:
    """What -> how it is."""
    with sandbox.linstor.state.lock:
        found = {
            key: text for each in sandbox.linstor.state.definitions.values() for key, text in _volume(sandbox, each)
        }
    for host in sandbox.hosts.names:
        found.update(_files(sandbox, host))
    return found


def _volume(sandbox: Sandbox, definition: Definition) -> Iterator[tuple[str, str]]:
    name = definition.name
    yield name, f"{sum(each.size for each in definition.volumes.values())} KiB, group {definition.group}"
    yield f"{name} replicas", str(len(definition.diskful()))
    yield f"{name} content", _content(definition)
    if flags := sorted(definition.flags):
        yield f"{name} flags", " ".join(flags)
    if definition.kernel or any(definition.connections.values()):
        yield f"{name} two writers", "allowed"
    yield from ((f"{name} mark {key}", text) for key, text in _marks(definition))
    yield from ((f"{name} snapshot {_shown(each)}", "taken") for each in definition.snapshots)
    for resource in definition.wanted_diskless():
        yield (
            f"{name} attached to {resource.node}",
            "in use" if sandbox.linstor.devices.in_use(definition, resource.node) else "",
        )


def _shown(snapshot: str) -> str:
    """Its name; that of a backup's without how often it was used."""
    number, _ = snapshot_number(snapshot) or (0, 0)
    return snapshot_name(number) if number in BACKUPS else snapshot


def _marks(definition: Definition) -> Iterator[tuple[str, str]]:
    for key, text in definition.props.items():
        if key.startswith(MARKS) and key.removeprefix(MARKS) not in VOLATILE:
            yield key.removeprefix(MARKS), text


def _content(definition: Definition) -> str:
    """A sum over what a reader gets, zeros at the end apart. A file system has ids and times of its own."""
    contents = [volume.content for volume in definition.volumes.values() if volume.content is not None]
    data = b"".join(each.read(0, each.size).rstrip(b"\0") for each in contents)
    for offset, signature in _FILE_SYSTEMS.items():
        if data[offset : offset + len(signature)] == signature:
            return "a file system"
    return hashlib.sha256(data).hexdigest()[:16]


def _files(sandbox: Sandbox, host: str) -> Iterator[tuple[str, str]]:
    base = sandbox.host_path(host, str(sandbox.datastores))
    for path in sorted(base.rglob("*")):
        key = f"{host} {path.relative_to(base)}"
        if path.is_symlink():
            yield key, f"link to {_behind(sandbox, host, path)}"
        elif path.is_file():
            yield key, "file"


def _behind(sandbox: Sandbox, host: str, path: Path) -> str:
    return sandbox.hosts.resource_of(sandbox.linstor, host, str(path)) or "nothing"


def differences(good: State, found: State) -> Iterator[str]:
    """What is not as it is in *good*."""
    for key in sorted(good.keys() | found.keys()):
        one, other = good.get(key, "not there"), found.get(key, "not there")
        if one != other:
            yield f"{key}: {other}; undisturbed: {one}"
