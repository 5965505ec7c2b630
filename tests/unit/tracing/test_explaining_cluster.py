"""What is foreseen is what LINSTOR shows after the same effects; LINSTOR itself stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from adapters.memory.cluster import MemoryCluster
from adapters.memory.linstor import LinstorModel
from domain.errors import HasSnapshots, UnknownSnapshot, UnknownVolume, VolumeInUse
from domain.names import GroupName, HostName, SnapshotName, VolumeName, snapshot_name
from domain.ports import Cluster
from domain.volumes import CopyState, Role, on_host
from entrypoints.explaining.cluster import PLACED, ForeseenCluster

HOSTS = ("host-a", "host-b", "host-c", "host-d")
VOLUME, COPY, GROUP = VolumeName("OpenNebula-Image-1"), VolumeName("OpenNebula-Image-2"), GroupName("two")
SIZE_KIB = 65536


def _world() -> MemoryCluster:
    cluster = MemoryCluster(LinstorModel.simple(HOSTS, groups={"two": 2}))
    assert cluster.create(VOLUME, SIZE_KIB, GROUP, {"image": "1"})
    cluster.attach(VOLUME, HostName("host-d"))
    assert cluster.snapshot(VOLUME, snapshot_name(0), {"asked": "1"})
    return cluster


def _foreseen(real: MemoryCluster) -> tuple[ForeseenCluster, list[str]]:
    noted: list[str] = []
    return ForeseenCluster(real, lambda call, *_: noted.append(call)), noted


def _copied(cluster: Cluster) -> None:
    cluster.copy(VOLUME, COPY, None, {"image": "2"})


def _restored(cluster: Cluster) -> None:
    cluster.restore(VOLUME, snapshot_name(0), COPY, None, {"image": "2"})


def _rid(cluster: Cluster) -> None:
    cluster.delete_snapshot(VOLUME, snapshot_name(0))
    cluster.detach(VOLUME, HostName("host-d"))
    cluster.delete(VOLUME)


EFFECTS: dict[str, Callable[[Cluster], object]] = {
    "copy": _copied,
    "restore": _restored,
    "grow": lambda cluster: cluster.grow(VOLUME, 2 * SIZE_KIB),
    "mark": lambda cluster: cluster.mark(VOLUME, {"vm": "7"}, ["image"]),
    "detach": lambda cluster: cluster.detach(VOLUME, HostName("host-d")),
    "snapshot": lambda cluster: cluster.snapshot(VOLUME, snapshot_name(1), {"asked": "2"}),
    "delete_snapshot": lambda cluster: cluster.delete_snapshot(VOLUME, snapshot_name(0)),
    "delete": _rid,
}


def _shown(cluster: Cluster) -> Any:
    """What the rules decide by: sizes, marks, roles, usability; not what LINSTOR chooses: devices, a copy's witness."""
    names = [VOLUME, COPY]
    seen = {
        volume: {
            each.host: (each.role, each.usable, bool(each.in_use))
            for each in found
            if volume == VOLUME or each.role is not Role.WITNESS
        }
        for volume, found in cluster.deployments(names).items()
    }
    known = {name: (each.size_kib, dict(each.marks), each.group) for name, each in cluster.definitions(names).items()}
    taken = [(each.name, each.complete, dict(each.marks), set(each.hosts)) for each in cluster.snapshots(VOLUME)]
    return seen, known, taken


@pytest.mark.parametrize("name", EFFECTS)
def test_what_follows_an_effect_is_foreseen(name: str) -> None:
    """As it is in LINSTOR after the real effect, which the foreseen one has not made."""
    real = _world()
    foreseen, noted = _foreseen(real)
    before = _shown(real)
    EFFECTS[name](foreseen)
    assert _shown(real) == before
    assert noted
    EFFECTS[name](real)
    assert _shown(foreseen) == _shown(real)


def test_a_name_that_is_taken_is_no_effect() -> None:
    """LINSTOR would refuse, and the rule goes another way."""
    foreseen, noted = _foreseen(_world())
    assert not foreseen.create(VOLUME, 1, GROUP, {})
    assert not foreseen.copy(VOLUME, VOLUME, None, {})
    assert not foreseen.snapshot(VOLUME, snapshot_name(0), {})
    assert not foreseen.restore(VOLUME, snapshot_name(0), VOLUME, None, {})
    assert not foreseen.grow(VOLUME, SIZE_KIB)
    assert noted == []


def test_where_a_new_volume_will_be_is_not_known() -> None:
    """Its replica is somewhere; an attachment may not be needed where that is."""
    foreseen, _ = _foreseen(_world())
    assert foreseen.create(COPY, SIZE_KIB, GROUP, {})
    assert [each.host for each in foreseen.deployments([COPY])[COPY]] == [PLACED]
    foreseen.attach(COPY, HostName("host-a"))
    here = on_host(foreseen.deployments([COPY])[COPY], "host-a")
    assert here is not None and here.usable and here.role is Role.ATTACHMENT
    assert foreseen.unknown_place(COPY) and not foreseen.unknown_place(VOLUME)
    assert foreseen.copy_state(VOLUME, COPY) is CopyState.COMPLETE


def test_what_linstor_refuses_is_refused() -> None:
    """With the errors of the port, and without a step."""
    foreseen, noted = _foreseen(_world())
    with pytest.raises(HasSnapshots):
        foreseen.delete(VOLUME)
    with pytest.raises(UnknownVolume):
        foreseen.mark(COPY, {})
    with pytest.raises(UnknownSnapshot):
        foreseen.roll_back(VOLUME, SnapshotName("OpenNebula-Snap-9"))
    assert noted == []


def test_a_volume_in_use_is_neither_deleted_nor_detached() -> None:
    """The rule then waits, and tells who uses it."""
    real = _world()
    seen = tuple(replace(each, in_use=True) for each in real.deployments([VOLUME])[VOLUME])
    foreseen, noted = _foreseen(real)
    foreseen._deployments[VOLUME.lower()] = deepcopy(seen)
    with pytest.raises(VolumeInUse):
        foreseen.delete(VOLUME)
    with pytest.raises(VolumeInUse):
        foreseen.detach(VOLUME, HostName("host-d"))
    assert noted == []
