"""Compares three worlds at the end of an operation: what oned says and its calls ask for, LINSTOR, and the hosts.

One sentence for everything that is left over, missing, or not as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from functools import partial
from pathlib import Path

from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.objects import Definition, Resource
from domain.names import VolumeName, snapshot_number
from entrypoints.sandbox.replay.blocks import BLOCK
from entrypoints.sandbox.replay.holdings import HeldDisk, Holdings, Volume
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.ledger import Ledger
from entrypoints.sandbox.replay.machines import linked_volume
from entrypoints.sandbox.replay.recording import Operation
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.subject import At
from entrypoints.sandbox.replay.told import Disagreement, Documents
from entrypoints.sandbox.replay.unfinished import unfinished
from entrypoints.sandbox.world import Sandbox

_ASSERTS = re.compile(r"onevm recover --(?:success|delete-db) (\d+)")
"""An administrator tells oned how a VM is, and no driver makes it so: its document is no evidence from then on."""


class Audit:
    """Looks at the whole sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        knowledge: Knowledge,
        holdings: Holdings,
        ledger: Ledger,
        rewriting: Rewriting,
        site: Site,
    ) -> None:
        self._sandbox = sandbox
        self._knowledge = knowledge
        self._documents = Documents(sandbox, rewriting, site.location)
        self._holdings = holdings
        self._ledger = ledger
        self._rewriting = rewriting
        self._site = site
        self._asserted: set[int] = set()
        self._nodes = {node: host for host, node in sandbox.hosts.nodes.items()}

    def findings(self, operation: Operation, waiting: Container[int]) -> list[str]:
        """Everything that is not as it must be when *operation* is over. *waiting*: VMs whose guests wait for disks."""
        state = self._sandbox.linstor.state
        with state.lock:
            definitions = dict(state.definitions)
            found = [*self._volumes(definitions), *self._attachments(definitions), *self._contents(definitions)]
            found += map(str, self._told(operation, definitions, waiting))
        return [*found, *self._directories(), *self._links(), *self._backups()]

    # -- oned -------------------------------------------------------------------------------------

    def _told(
        self, operation: Operation, definitions: dict[str, Definition], waiting: Container[int]
    ) -> Iterator[Disagreement]:
        doubtful = self._holdings.doubtful_snapshots()
        self._asserted |= {int(each) for command in operation.commands for each in _ASSERTS.findall(command)}
        for vm in self._knowledge.vms():
            if vm.vm_id not in self._asserted:
                waits, unsettled = vm.vm_id in waiting, self._holdings.unsettled(vm.vm_id)
                yield from self._documents.differing(
                    vm, definitions, waits=waits, doubtful=doubtful, unsettled=unsettled
                )
        for image in self._knowledge.images(operation):
            # one that no played call has made comes from what no stand-in can fetch
            if image.findtext("SOURCE") in self._holdings.volumes:
                yield from self._documents.image(image, definitions, doubtful)

    # -- LINSTOR ----------------------------------------------------------------------------------

    def _volumes(self, definitions: dict[str, Definition]) -> Iterator[str]:
        expected = {name.lower(): volume for name, volume in self._holdings.volumes.items()}
        for name, definition in definitions.items():
            volume = expected.pop(name.lower(), None)
            if volume is None:
                yield f"LINSTOR has {name}, which no VM or image owns"
            else:
                yield from _volume_findings(volume, definition)
        yield from (f"LINSTOR has lost {each.name}" for each in expected.values() if each.certain)

    def _attachments(self, definitions: dict[str, Definition]) -> Iterator[str]:
        for name, definition in definitions.items():
            volume = VolumeName(name)
            allowed = self._holdings.hosts_of(volume)
            for resource in definition.wanted_diskless():
                if self._host(resource) not in allowed:
                    yield f"{name} is attached to {self._host(resource)}, where no VM uses it"
            migrating = bool(self._holdings.half_done(volume))
            yield from unfinished(self._sandbox.linstor, definition, migrating=migrating)
        for disk in self._holdings.disks.values():
            yield from self._missing_attachments(disk, definitions)

    def _missing_attachments(self, disk: HeldDisk, definitions: dict[str, Definition]) -> Iterator[str]:
        definition = definitions.get(disk.volume or "")
        usable = [each for each in definition.resources.values() if _usable(each)] if definition is not None else []
        hosts = {self._host(each) for each in usable}
        for host in sorted(disk.needed - hosts - {self._site.front_end}):
            if disk.volume is not None:
                yield f"{disk.volume} is not usable on {host}, where disk {disk.of.disk} of VM {disk.of.vm} is"

    def _host(self, resource: Resource) -> str:
        return self._nodes.get(resource.node, resource.node)

    # -- contents ---------------------------------------------------------------------------------

    def _contents(self, definitions: dict[str, Definition]) -> Iterator[str]:
        for name in self._holdings.volumes:
            definition = definitions.get(name)
            content = definition.volumes[min(definition.volumes)].content if definition and definition.volumes else None
            if content is None:
                continue
            for each in self._ledger.differences(name, partial(_block, content), content.size):
                yield f"{name}: {each}"

    # -- hosts ------------------------------------------------------------------------------------

    def _directories(self) -> Iterator[str]:
        """VM directories that no VM has; on a shared file system one is on every host."""
        known = {self._path(place).resolve() for places in self._holdings.directories.values() for place in places}
        seen: set[Path] = set()
        for host in (*self._site.hosts, self._site.front_end):
            for path in self._vm_directories(host):
                if path.resolve() not in known | seen:
                    seen.add(path.resolve())
                    yield f"{host} has {_below(path, 2)}, which no VM owns: {_listing(path)}"

    def _vm_directories(self, host: str) -> Iterator[Path]:
        """`datastores/<system datastore>/<vm>` of a host."""
        datastores = self._path(At(host, self._site.location))
        stores = {str(each) for each in self._site.stores}
        for path in sorted(datastores.glob("*/*")):
            if path.name.isdigit() and path.parent.name.isdigit() and path.is_dir() and path.parent.name not in stores:
                yield path

    def _backups(self) -> Iterator[str]:
        """What `prebackup` made and `postbackup` must remove."""
        for place in {place for places in self._holdings.directories.values() for place in places}:
            if (path := self._path(place) / "backup").exists():
                yield f"{place.host} has {_below(path, 3)}, and no backup runs: {_listing(path)}"

    def _links(self) -> Iterator[str]:
        """Disks whose link is missing or names another volume, and links of disks that the VM has no more."""
        for disk in self._holdings.disks.values():
            if disk.volume is None or disk.place.host not in disk.needed:
                continue
            path = self._path(disk.place)
            device = linked_volume(self._sandbox, disk.place.host, self._rewriting.text(disk.place.path))
            if (device or "").lower() != disk.volume.lower():
                what = f"is {device}" if device else "is no link to a device"
                yield f"{disk.place.host}: {_below(path, 3)} {what}; it must be {disk.volume}"
        for vm, places in self._holdings.directories.items():
            own = {f"disk.{disk.of.disk}" for disk in self._holdings.vm_disks(vm)}
            for place in places:
                yield from (
                    f"{place.host}: {_below(path, 3)} is a link to a disk that VM {vm} does not have"
                    for path in sorted(self._path(place).glob("disk.*"))
                    if path.is_symlink() and path.name not in own
                )

    def _path(self, place: At) -> Path:
        return self._sandbox.host_path(place.host, self._rewriting.text(place.path))


def _block(content: Content, offset: int) -> bytes:
    return content.read(offset, BLOCK)


def _volume_findings(volume: Volume, definition: Definition) -> Iterator[str]:
    """Snapshots and size of one volume."""
    numbers = {parts[0] for name in definition.snapshots if (parts := snapshot_number(name)) is not None}
    if missing := volume.snapshots - numbers:
        yield f"{volume.name} has lost its snapshots {_numbers(missing)}"
    if extra := numbers - volume.snapshots - volume.doubtful:
        yield f"{volume.name} has the snapshots {_numbers(extra)}, which nobody owns"
    if volume.certain and definition.flags & {"DELETE"}:
        yield f"{volume.name} is being deleted"
    size = definition.volumes[min(definition.volumes)].size if definition.volumes else 0
    if size < volume.size_mib * 1024:
        yield f"{volume.name} has {size} KiB; oned was told {volume.size_mib} MiB"


def _usable(resource: Resource) -> bool:
    return resource.deployed and not resource.going and not resource.tiebreaker and "INACTIVE" not in resource.flags


def _numbers(numbers: Sequence[int] | set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _below(path: Path, parts: int) -> str:
    """The last *parts* of a path: the beginning is the sandbox's."""
    return "/".join(path.parts[-parts:])


def _listing(path: Path) -> str:
    names = sorted(each.name for each in path.iterdir())
    return ", ".join(names) if names else "empty"
