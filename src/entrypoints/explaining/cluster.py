"""LINSTOR as it would be after the effects so far: real where nothing was touched, foreseen where something was."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from domain.errors import HasSnapshots, NotTheNewest, UnknownSnapshot, UnknownVolume, VolumeInUse
from domain.names import GroupName, HostName, SnapshotName, VolumeName, same_host
from domain.ports import Cluster, Marks
from domain.volumes import Capacity, CopyState, Definition, Deployment, DevicePath, DiskState, Role, Snapshot, on_host

PLACED = HostName("HOST-CHOSEN-BY-LINSTOR")
"""Stands for the hosts on which LINSTOR will put a new volume: nobody knows before."""
Note = Callable[..., None]


class ForeseenCluster:
    """Port Cluster. *note* gets the name of each effect that LINSTOR would accept, and what it is given."""

    def __init__(self, real: Cluster, note: Note) -> None:
        self._real, self._note = real, note
        self._definitions: dict[str, Definition | None] = {}
        self._deployments: dict[str, tuple[Deployment, ...]] = {}
        self._snapshots: dict[str, tuple[Snapshot, ...]] = {}

    # -- reading --------------------------------------------------------------------------------

    def definitions(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, Definition]:
        """See the port."""
        found = {volume: self._definition(volume) for volume in volumes}
        return {volume: each for volume, each in found.items() if each is not None}

    def _definition(self, volume: VolumeName) -> Definition | None:
        if volume.lower() not in self._definitions:
            return self._real.definitions([volume]).get(volume)
        return self._definitions[volume.lower()]

    def _existing(self, volume: VolumeName) -> Definition:
        found = self._definition(volume)
        if found is None:
            raise UnknownVolume(volume)
        return found

    def definitions_marked(self, marks: Marks) -> Sequence[Definition]:
        """See the port."""
        real = {each.name.lower(): each for each in self._real.definitions_marked(marks)}
        known = {key: each for key, each in {**real, **self._definitions}.items() if each is not None}
        return [each for each in known.values() if marks.items() <= each.marks.items()]

    def deployments(self, volumes: Collection[VolumeName]) -> Mapping[VolumeName, tuple[Deployment, ...]]:
        """See the port."""
        return {volume: self._seen(volume) for volume in volumes}

    def _seen(self, volume: VolumeName) -> tuple[Deployment, ...]:
        if volume.lower() not in self._deployments:
            return self._real.deployments([volume])[volume]
        return self._deployments[volume.lower()]

    def snapshots(self, volume: VolumeName) -> tuple[Snapshot, ...]:
        """See the port."""
        known = self._snapshots.get(volume.lower())
        return self._real.snapshots(volume) if known is None else known

    def capacity(self, group: GroupName) -> Capacity:
        """See the port."""
        return self._real.capacity(group)

    def copy_state(self, source: VolumeName, target: VolumeName) -> CopyState:
        """A copy that would be made is taken for complete."""
        if target.lower() in self._definitions:
            return CopyState.COMPLETE if self._definition(target) else CopyState.GONE
        return self._real.copy_state(source, target)

    # -- volumes --------------------------------------------------------------------------------

    def create(self, volume: VolumeName, size_kib: int, group: GroupName, marks: Marks) -> bool:
        """See the port."""
        if self._definition(volume) is not None:
            return False
        self._note("create", volume, size_kib, group, marks)
        self._appear(Definition(volume, size_kib, group, dict(marks)), (_replica(volume, PLACED, size_kib),))
        return True

    def copy(self, source: VolumeName, target: VolumeName, group: GroupName | None, marks: Marks) -> bool:
        """See the port. A copy is made on the hosts of its source (linstor.md 2.12)."""
        if self._definition(target) is not None:
            return False
        found = self._existing(source)
        self._note("copy", source, target, group, marks)
        made = replace(found, name=target, group=group or found.group, marks=dict(marks), two_writers=False)
        seen = (
            replace(each, volume=target, in_use=False, device=_device(target), alias=_device(target))
            for each in self._seen(source)
        )
        self._appear(made, tuple(seen))
        return True

    def restore(
        self, volume: VolumeName, name: SnapshotName, target: VolumeName, group: GroupName | None, marks: Marks
    ) -> bool:
        """See the port. A snapshot is restored on the hosts that have it."""
        if self._definition(target) is not None:
            return False
        found, snapshot = self._existing(volume), self._snapshot(volume, name)
        self._note("restore", volume, name, target, group, marks)
        made = Definition(target, snapshot.size_kib, group or found.group, dict(marks))
        rounded = [each.size_kib for each in self._seen(volume) if found.size_kib == snapshot.size_kib]
        size_kib = max([snapshot.size_kib, *rounded])
        self._appear(made, tuple(_replica(target, host, size_kib) for host in snapshot.hosts))
        return True

    def _appear(self, made: Definition, seen: tuple[Deployment, ...]) -> None:
        key = made.name.lower()
        self._definitions[key], self._deployments[key], self._snapshots[key] = made, seen, ()

    def grow(self, volume: VolumeName, size_kib: int) -> bool:
        """See the port."""
        found = self._existing(volume)
        if found.size_kib == size_kib:
            return False
        self._note("grow", volume, size_kib)
        self._definitions[volume.lower()] = replace(found, size_kib=size_kib, resizing=False)
        return True

    def mark(self, volume: VolumeName, put: Marks, drop: Collection[str] = ()) -> bool:
        """See the port."""
        found = self._existing(volume)
        self._note("mark", volume, put, *([drop] if drop else []))
        marks = {key: value for key, value in {**found.marks, **put}.items() if key not in drop}
        self._definitions[volume.lower()] = replace(found, marks=marks)
        return True

    def place(self, volume: VolumeName) -> None:
        """See the port."""
        self._note("place", volume)

    def delete(self, volume: VolumeName) -> None:
        """See the port. With a host that cannot be reached the volume stays `deleting`."""
        found, seen = self._definition(volume), self._seen(volume)
        if any(each.in_use for each in seen):
            raise VolumeInUse(volume)
        if self.snapshots(volume):
            raise HasSnapshots(volume)
        self._note("delete", volume)
        stays = found is not None and not all(each.reachable for each in seen)
        self._definitions[volume.lower()] = replace(found, deleting=True) if found is not None and stays else None
        self._deployments[volume.lower()] = ()

    # -- attachments ----------------------------------------------------------------------------

    def attach(self, volume: VolumeName, host: HostName, *, replica: bool = False) -> None:
        """See the port. Where LINSTOR may have put a replica there already, only a look can tell."""
        found, seen = self._existing(volume), self._seen(volume)
        self._note("attach", volume, host, *([{"replica": True}] if replica else []))
        device = next((each.device for each in seen if each.device), None) or _device(volume)
        made = _replica(volume, host, found.size_kib)
        if not replica:
            made = replace(made, role=Role.ATTACHMENT, state=DiskState.DISKLESS, zeroed=any(e.zeroed for e in seen))
        here = on_host(seen, host)
        made = here if here is not None and here.role is Role.REPLICA else replace(made, device=device)
        self._deployments[volume.lower()] = (*(each for each in seen if each is not here), made)

    def detach(self, volume: VolumeName, host: HostName) -> None:
        """See the port. With two replicas and nobody else the host stays as the witness of their quorum."""
        seen = self._seen(volume)
        here = on_host(seen, host)
        if here is not None and here.in_use:
            raise VolumeInUse(volume, f"on host {host}")
        self._note("detach", volume, host)
        left = tuple(each for each in seen if each is not here)
        stays = here is not None and [each.role for each in left] == [Role.REPLICA] * 2
        witness = (replace(here, role=Role.WITNESS),) if here is not None and stays else ()
        self._deployments[volume.lower()] = (*left, *witness)

    def allow_two_writers(self, volume: VolumeName, pair: tuple[HostName, HostName] | None) -> None:
        """See the port."""
        self._note("allow_two_writers", volume, pair)
        if pair is None:
            self._definitions[volume.lower()] = replace(self._existing(volume), two_writers=True)

    def forbid_two_writers(self, volume: VolumeName, pair: tuple[HostName, HostName] | None) -> bool:
        """See the port."""
        self._note("forbid_two_writers", volume, pair)
        if pair is None:
            self._definitions[volume.lower()] = replace(self._existing(volume), two_writers=False)
        return True

    def mark_half_written(self, volume: VolumeName, hosts: Collection[HostName], *, half: bool) -> None:
        """See the port."""
        self._note("mark_half_written", volume, hosts, {"half": half})
        self._deployments[volume.lower()] = tuple(replace(each, half_written=half) for each in self._seen(volume))

    # -- snapshots ------------------------------------------------------------------------------

    def _snapshot(self, volume: VolumeName, name: SnapshotName) -> Snapshot:
        for each in self.snapshots(volume):
            if each.name.lower() == name.lower():
                return each
        raise UnknownSnapshot(volume, name)

    def snapshot(self, volume: VolumeName, name: SnapshotName, marks: Marks) -> bool:
        """See the port."""
        found, known = self._existing(volume), self.snapshots(volume)
        if any(each.name.lower() == name.lower() for each in known):
            return False
        self._note("snapshot", volume, name, marks)
        hosts = tuple(each.host for each in self._seen(volume) if each.role is Role.REPLICA)
        self._snapshots[volume.lower()] = (*known, Snapshot(volume, name, hosts, found.size_kib, True, dict(marks)))
        return True

    def delete_snapshot(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port."""
        self._note("delete_snapshot", volume, name)
        self._snapshots[volume.lower()] = tuple(
            each for each in self.snapshots(volume) if each.name.lower() != name.lower()
        )

    def goes_back_to_any(self) -> bool:
        """See the port."""
        return self._real.goes_back_to_any()

    def roll_back(self, volume: VolumeName, name: SnapshotName) -> None:
        """See the port. A witness comes back as a plain attachment (linstor.md 2.11)."""
        found, snapshot = self._existing(volume), self._snapshot(volume, name)
        if snapshot != self.snapshots(volume)[-1] and not self.goes_back_to_any():
            raise NotTheNewest(volume)
        self._note("roll_back", volume, name)
        self._definitions[volume.lower()] = replace(found, size_kib=snapshot.size_kib)
        self._deployments[volume.lower()] = tuple(
            replace(each, role=Role.ATTACHMENT) if each.role is Role.WITNESS else each for each in self._seen(volume)
        )

    def unknown_place(self, volume: VolumeName) -> bool:
        """Whether LINSTOR would choose where the volume is."""
        return any(same_host(each.host, PLACED) for each in self._seen(volume))


def _device(volume: VolumeName) -> DevicePath:
    """The name that udev will give to it; its number is chosen by LINSTOR."""
    return DevicePath(f"/dev/drbd/by-res/{volume}/0")


def _replica(volume: VolumeName, host: HostName, size_kib: int) -> Deployment:
    return Deployment(
        volume,
        host,
        Role.REPLICA,
        state=DiskState.UP_TO_DATE,
        in_use=False,
        size_kib=size_kib,
        zeroed=True,
        device=_device(volume),
        alias=_device(volume),
    )
