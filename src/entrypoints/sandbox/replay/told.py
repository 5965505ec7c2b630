"""Holds what oned's documents say against LINSTOR and the hosts: one line for each disagreement, with all three.

The document of a VM says where it is, whether it runs, and of each disk its volume, size and snapshots; the one of an
image says the same of its volume. They are held to their word where they have one:

- A VM that is on its way, failed on its way, waits for a host or is DONE says nothing of its disks: after a failure,
  and after `recover --delete-db`, oned does not know what is left.
- A VM that is STOPPED or UNDEPLOYED has its volumes, and no host.
- A disk of another driver is a file, and no volume of LINSTOR; a qcow2 disk has a larger volume than its guest sees.
- An image made from a backup is as large as the device was, which LINSTOR has rounded up.
- A disk whose end failed may be there or not, and so may a snapshot.
- An image that is locked or in error is being made, or was never complete.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from adapters.memory.linstor.objects import Definition
from domain.names import DiskOf, VolumeName, copy_of_source, is_of_backup, snapshot_number, volatile_volume
from entrypoints.sandbox.replay.machines import linked_volume
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.subject import LINSTOR
from entrypoints.sandbox.replay.vm_document import STATES, VmDocument
from entrypoints.sandbox.world import Sandbox

ON_HOST = (STATES["POWEROFF"], STATES["SUSPENDED"])
PARKED = (STATES["STOPPED"], STATES["UNDEPLOYED"])
IMAGE_IS_WHOLE = ("1", "2", "3", "8")
"""IMAGE/STATE: READY, USED, DISABLED, USED_PERS (opennebula.md 4.5)."""
WITHOUT_GUEST = (*ON_HOST, *PARKED, STATES["DONE"])


@dataclass(frozen=True)
class Disagreement:
    """What three worlds say of one thing."""

    about: str
    oned: str
    linstor: str
    host: str

    def __str__(self) -> str:
        return f"{self.about}: oned says {self.oned}; LINSTOR has {self.linstor}; {self.host}"


@dataclass(frozen=True)
class Told:
    """One disk in one world: its volume, size in KiB, numbers of snapshots. *or_more*: the volume may be larger."""

    volume: str
    size_kib: int
    snapshots: frozenset[int]
    or_more: bool = False

    def __str__(self) -> str:
        numbers = ", ".join(map(str, sorted(self.snapshots))) or "none"
        return f"{self.volume} of {self.size_kib} KiB, snapshots {numbers}"


class Documents:
    """Compares VM documents. *location*: where the recorded installation has its datastores."""

    def __init__(self, sandbox: Sandbox, rewriting: Rewriting, location: str) -> None:
        self._sandbox = sandbox
        self._rewriting = rewriting
        self._location = location

    def differing(
        self,
        vm: VmDocument,
        definitions: Mapping[str, Definition],
        *,
        waits: bool,
        doubtful: Container[tuple[str, int]],
        unsettled: frozenset[int],
    ) -> Iterator[Disagreement]:
        """Everything in which one VM is not as oned says.

        *waits*: the recorded hypervisor said that a guest goes on which cannot yet. *doubtful*: (volume, number) of
        snapshots whose deletion failed, *unsettled*: disks whose end failed: they may be there or not.
        """
        if not waits:
            yield from self._guest(vm, definitions, unsettled)
        if not (vm.running or vm.state in ON_HOST + PARKED):
            return
        for disk in sorted(set(vm.disks()) - unsettled):
            volume = volume_in(vm, disk)
            if volume is not None:
                yield from self._disk(vm, disk, volume, definitions, doubtful)

    def image(
        self, image: etree._Element, definitions: Mapping[str, Definition], doubtful: Container[tuple[str, int]]
    ) -> Iterator[Disagreement]:
        """An image of ours as its document says, where that is of this very moment."""
        source = (image.findtext("SOURCE") or "").strip()
        if image.findtext("STATE") not in IMAGE_IS_WHOLE or not source:
            return
        numbers = frozenset(int(each.findtext("ID") or -1) for each in image.findall("SNAPSHOTS/SNAPSHOT"))
        from_backup = image.find("TEMPLATE/FROM_BACKUP_DS") is not None
        told = Told(source, int(image.findtext("SIZE") or 0) * 1024, numbers, or_more=from_backup)
        found = told_by_linstor(definitions.get(source))
        if not _agree(told, found, doubtful):
            users = ", ".join(self._sandbox.linstor.devices.primaries(definitions[source])) if found else ""
            host = f"in use on {users}" if users else "no host writes to it"
            yield Disagreement(f"image {image.findtext('ID')}", str(told), str(found or "no such volume"), host)

    # -- guests -----------------------------------------------------------------------------------

    def _guest(
        self, vm: VmDocument, definitions: Mapping[str, Definition], unsettled: frozenset[int]
    ) -> Iterator[Disagreement]:
        """A VM that runs does so where its last history record says, with all its disks, and no other VM does."""
        guest = self._sandbox.guests.guests.get(vm.vm_id)
        found = _guest(guest.host, set(guest.open) - unsettled) if guest and guest.open else "no guest runs"
        if vm.running:
            told = _guest(vm.host(), set(vm.disks()) - unsettled)
        elif vm.state in WITHOUT_GUEST:
            told = "no guest runs"
        else:
            return
        if told != found:
            yield Disagreement(f"VM {vm.vm_id}", told, self._in_use(vm, definitions), f"in fact {found}")

    def _in_use(self, vm: VmDocument, definitions: Mapping[str, Definition]) -> str:
        """Where LINSTOR sees the volumes of a VM in use."""
        volumes = [volume for disk in vm.disks() if (volume := volume_in(vm, disk)) is not None]
        found = [definitions[each] for each in volumes if each in definitions]
        used = {each.name: self._sandbox.linstor.devices.primaries(each) for each in found}
        places = [f"{name} in use on {' and '.join(nodes)}" for name, nodes in used.items() if nodes]
        return ", ".join(places) or "none of its volumes in use"

    # -- disks ------------------------------------------------------------------------------------

    def _disk(
        self,
        vm: VmDocument,
        disk: int,
        volume: VolumeName,
        definitions: Mapping[str, Definition],
        doubtful: Container[tuple[str, int]],
    ) -> Iterator[Disagreement]:
        size = int(vm.value(disk, "SIZE") or 0) * 1024
        told = Told(volume, size, frozenset(vm.snapshots(disk)), vm.value(disk, "FORMAT") == "qcow2")
        found = told_by_linstor(definitions.get(volume))
        link = None if vm.state in PARKED else self._link(vm, disk)
        if _agree(told, found, doubtful) and (vm.state in PARKED or link == volume):
            return
        host = "no host has it" if vm.state in PARKED else f"{vm.host()} has {link or 'no device'} as disk.{disk}"
        where = "" if vm.state in PARKED else f" on {vm.host()}"
        yield Disagreement(f"disk {disk} of VM {vm.vm_id}", f"{told}{where}", str(found or "no such volume"), host)

    def _link(self, vm: VmDocument, disk: int) -> str | None:
        directory = f"{self._location}/{vm.history()[-1][2]}/{vm.vm_id}" if vm.history() else ""
        if vm.host() not in self._sandbox.hosts.nodes:
            return None
        return linked_volume(self._sandbox, vm.host(), self._rewriting.text(f"{directory}/disk.{disk}"))


def volume_in(vm: VmDocument, disk: int) -> VolumeName | None:
    """The volume of a disk as the document tells it (opennebula.md 4.2); None for a file of another driver."""
    if vm.value(disk, "TM_MAD") != LINSTOR:
        return None
    of, source = DiskOf(vm.vm_id, disk), vm.value(disk, "SOURCE")
    if not source:
        return volatile_volume(of)
    return copy_of_source(VolumeName(source), of) if vm.value(disk, "CLONE") == "YES" else VolumeName(source)


def told_by_linstor(definition: Definition | None) -> Told | None:
    """The same of a volume; None where there is none. Snapshots of backups are the driver's own."""
    if definition is None or not definition.volumes:
        return None
    names = [each for each in definition.snapshots if not is_of_backup(each)]
    numbers = {parts[0] for name in names if (parts := snapshot_number(name)) is not None}
    return Told(definition.name, definition.volumes[min(definition.volumes)].size, frozenset(numbers))


def _agree(told: Told, found: Told | None, doubtful: Container[tuple[str, int]]) -> bool:
    if found is None or found.volume != told.volume or found.size_kib < told.size_kib:
        return False
    if found.size_kib > told.size_kib and not told.or_more:
        return False
    return all((told.volume, each) in doubtful for each in told.snapshots ^ found.snapshots)


def _guest(host: str, disks: set[int]) -> str:
    return f"a guest runs on {host} with disks {', '.join(map(str, sorted(disks)))}"
