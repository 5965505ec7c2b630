"""What LINSTOR and the hosts have at one moment, as text: to show what a step changed, and to find leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition, Resource
from entrypoints.sandbox.hosts import SandboxHosts

Picture = dict[str, str]
"""What there is -> how it is. Keys begin with the place: `LINSTOR` or the name of a host."""

MIB = 1024 * 1024


def picture(model: LinstorModel, hosts: SandboxHosts, datastores: Path) -> Picture:
    """All volumes of *model*, all devices of *hosts*, and all files below their *datastores*."""
    seen: Picture = {}
    with model.state.lock:
        for definition in model.state.definitions.values():
            seen.update(_volume(model, definition))
    for host in hosts.names:
        seen.update({f"{host} /dev/{name}": f"{size / MIB:.0f} MiB" for name, size in hosts.devices(host).items()})
        seen.update(_files(hosts, host, datastores))
    return seen


def _volume(model: LinstorModel, definition: Definition) -> Iterator[tuple[str, str]]:
    size_mib = sum(volume.size for volume in definition.volumes.values()) // 1024
    yield f"LINSTOR {definition.name}", f"{size_mib} MiB, group {definition.group}"
    for resource in definition.resources.values():
        state = ", in use" if model.devices.in_use(definition, resource.node) else ""
        yield f"LINSTOR {definition.name} on {resource.node}", _role(resource) + state
    for name in definition.snapshots:
        yield f"LINSTOR {definition.name} snapshot {name}", "taken"
    if definition.kernel:
        pairs = sorted(" and ".join(sorted(pair)) for pair in definition.kernel)
        yield f"LINSTOR {definition.name} two writers", ", ".join(pairs)


def _role(resource: Resource) -> str:
    if resource.tiebreaker:
        return "witness"
    return "attachment" if resource.diskless else "replica"


def _files(hosts: SandboxHosts, host: str, datastores: Path) -> Iterator[tuple[str, str]]:
    base = hosts.path(host, str(datastores))
    for path in sorted(base.rglob("*")):
        key = f"{host} datastores/{path.relative_to(base)}"
        if path.is_symlink() and path.name.startswith("disk."):
            yield key, f"link to {hosts.plain(path)}"
        elif path.is_file():
            yield key, "file"
