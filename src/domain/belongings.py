"""What oned's images and VMs own in LINSTOR, and what a name says of its owner.

Everything that could be owned counts as owned: ids are unique in one OpenNebula, so the volume of an image is told by
its number whatever its state or datastore, and that of a disk by VM and disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from domain import marks as marking
from domain.errors import BadName
from domain.names import (
    DiskOf,
    HostName,
    VolumeName,
    context_disk,
    copy_of_source,
    disk_of,
    image_of,
    image_volume,
    same_host,
    volatile_volume,
    written_by_us,
)
from domain.opennebula import INCREMENT, Disk, Image, Vm

ERROR = 5
"""State of an image whose making failed (opennebula.md 4.5)."""
_IDLE = {1, 2, 3, ERROR, 8}
"""Image states in which no order is under way: ready, used, disabled, error, used as persistent (opennebula.md 4.5)."""
_AT_REST = {(3, 3), (4, 0), (5, 0), (8, 0), (9, 0)}
"""VM states without an order under way: running, stopped, suspended, powered off, undeployed (opennebula.md 4.6)."""

_PUT_AWAY = {(4, 0), (9, 0)}


def vm_at_rest(vm: Vm) -> bool:
    """Whether oned has no order under way about *vm*."""
    return (vm.state, vm.lcm_state) in _AT_REST


def vm_is_put_away(vm: Vm) -> bool:
    """Whether *vm* is stopped or undeployed."""
    return (vm.state, vm.lcm_state) in _PUT_AWAY


@dataclass
class Owner:
    """Who owns one volume: *image*, *vms* whose disks use it, and the *snapshots* of it that oned numbers."""

    image: Image | None = None
    vms: list[Vm] = field(default_factory=list)
    snapshots: set[int] = field(default_factory=set)

    @property
    def at_rest(self) -> bool:
        """Whether oned has no order under way about the image or any of its VMs."""
        idle = self.image is None or self.image.state in _IDLE
        return idle and all(map(vm_at_rest, self.vms))

    @property
    def makes_increments(self) -> bool:
        """Whether the next backup of a VM may begin from what the last one left; so it may where oned does not tell."""
        return any(vm.backup.get("MODE", INCREMENT).upper() == INCREMENT for vm in self.vms)

    @property
    def homes(self) -> list[HostName]:
        """The hosts where its VMs are; of one that is stopped or undeployed only the files are anywhere."""
        return [HostName(vm.history[-1].host) for vm in self.vms if vm.history and not vm_is_put_away(vm)]


class Belongings:
    """All that oned owns. Names are compared without case, as LINSTOR does."""

    def __init__(self, images: Iterable[Image], vms: Iterable[Vm]) -> None:
        self._owners: dict[str, Owner] = {}
        self._disks: set[DiskOf] = set()
        self._vms: dict[int, Vm] = {}
        for image in images:
            self._add_image(image)
        for vm in vms:
            self._vms[vm.vm_id] = vm
            for disk in vm.disks:
                self._add_disk(vm, disk)

    def _add_image(self, image: Image) -> None:
        for name in {image_volume(image.image_id), VolumeName(image.source)}:
            owner = self._of(name)
            owner.image = image
            owner.snapshots.update(image.snapshots)

    def _add_disk(self, vm: Vm, disk: Disk) -> None:
        self._disks.add(DiskOf(vm.vm_id, disk.disk_id))
        numbers = {each.snapshot_id for each in vm.snapshots if each.disk_id == disk.disk_id}
        used, source = _names(DiskOf(vm.vm_id, disk.disk_id), disk)
        for name in source:
            self._of(name)
        for name in used if disk.clone else used | source:
            owner = self._of(name)
            owner.vms.append(vm)
            owner.snapshots.update(numbers)

    def _of(self, name: str) -> Owner:
        return self._owners.setdefault(name.lower(), Owner())

    def owner(self, volume: VolumeName) -> Owner | None:
        """Who owns *volume*, None where nobody does. Context volumes of the addon 2.x are no disks, but a VM's."""
        context = context_disk(volume)
        if context is not None and (vm := self._vms.get(context.vm)) is not None:
            return Owner(vms=[vm])
        return self._owners.get(volume.lower())

    def busy(self, vm_id: int) -> bool:
        """Whether that VM exists, and oned has an order under way about it."""
        vm = self._vms.get(vm_id)
        return vm is not None and not vm_at_rest(vm)

    def lives_at(self, vm_id: int, host: HostName) -> bool:
        """Whether that VM exists and is on *host*."""
        vm = self._vms.get(vm_id)
        return vm is not None and any(same_host(each.host, host) for each in vm.history[-1:])

    def has_disk(self, of: DiskOf) -> bool:
        """Whether that VM exists and has that disk now, whatever it is made of."""
        return of in self._disks


def _names(of: DiskOf, disk: Disk) -> tuple[set[VolumeName], set[VolumeName]]:
    """Every name that the disk's own volume can have, and every one of what it is made from."""
    sources = {VolumeName(disk.source)}
    if disk.image_id is not None:
        sources.add(image_volume(disk.image_id))
    return {volatile_volume(of), *_copies(of, sources)}, sources


def _copies(of: DiskOf, sources: Iterable[VolumeName]) -> Iterator[VolumeName]:
    for source in sources:
        try:
            yield copy_of_source(source, of)
        except BadName:
            continue  # LINSTOR could not have a volume of that name


@dataclass(frozen=True)
class Named:
    """What a name of ours says: the volume of an *image*, or of a *disk*."""

    image: int | None = None
    disk: DiskOf | None = None


def named(volume: VolumeName, marks: Mapping[str, str]) -> Named | None:
    """Whose volume that is by its name; None unless the name is one that this driver or the addon writes.

    A name in other letters was made by somebody else, and marks that tell of another owner were copied along by
    somebody else: `linstor resource-definition clone` does that.
    """
    if (origin := marking.laid_out_for(volume, marks)) is not None:
        return named(origin, {})
    if not written_by_us(volume):
        return None
    disk, image = disk_of(volume) or context_disk(volume), image_of(volume)
    if disk is not None:
        return None if marking.of_other_disk(marks, disk) or marking.IMAGE in marks else Named(disk=disk)
    # a restore that was killed has the marks of its source besides its own
    own = marks[marking.IMAGE] == str(image) if marking.IMAGE in marks else marking.VM not in marks
    return Named(image=image) if own else None
