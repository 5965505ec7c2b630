"""Whatever LINSTOR and oned hold: what may be deleted is nobody's, open nowhere, old, and ours by name."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.belongings import Belongings
from domain.inventory import Holding
from domain.names import GroupName, HostName, SnapshotName, VolumeName
from domain.opennebula import Disk, DiskSnapshot, History, Image, Vm
from domain.orphans import WHOLE, Finding, Kind, classify
from domain.sight import Sight
from domain.volumes import Definition, Deployment, Role, Snapshot

NOW, HOUR = 1_000_000, 3600
OURS = r"OpenNebula-(Image-\d|Image-\d-vm\d-disk\d|Volatile-vm\d-disk\d)"
HOSTS = ("host-a", "host-b", "host-c")
IDS = st.integers(0, 2)
TIMES = st.sampled_from([0, NOW - 10, NOW - HOUR, NOW - 2 * HOUR])
NAMES = st.one_of(
    st.builds("OpenNebula-Image-{}".format, IDS),
    st.builds("OpenNebula-Image-{}-vm{}-disk{}".format, IDS, IDS, IDS),
    st.builds("OpenNebula-Volatile-vm{}-disk{}".format, IDS, IDS),
    st.sampled_from(["opennebula-image-1", "OpenNebula-Image-01", "OpenNebula-Image-1-x", "data"]),
)
MARKS = st.dictionaries(
    st.sampled_from(["image", "vm", "disk", "state", "migration", "debt-host-a"]),
    st.sampled_from(["0", "1", "creating", "host-a>host-b", "/ds/1/0/disk.0", "/ds/1/1/disk.1"]),
)


@st.composite
def holdings(draw: st.DrawFn) -> list[Holding]:
    """What LINSTOR has."""
    return [draw(_holding(name)) for name in draw(st.lists(NAMES, unique_by=str.lower, max_size=6))]


@st.composite
def _holding(draw: st.DrawFn, name: str) -> Holding:
    volume = VolumeName(name)
    definition = Definition(
        volume,
        1024,
        GroupName(draw(st.sampled_from(["ours", "ours", "ours", "theirs"]))),
        draw(MARKS),
        deleting=draw(st.booleans()),
        copying=draw(st.booleans()),
        failed=draw(st.booleans()),
        two_writers=draw(st.booleans()),
    )
    hosts = draw(st.lists(st.sampled_from(HOSTS), unique=True))
    taken = draw(st.lists(st.sampled_from(["OpenNebula-Snap-0", "OpenNebula-Snap-1", "by-hand"]), unique=True))
    snapshots = [Snapshot(volume, SnapshotName(each), (), 1024, True, {}, draw(TIMES)) for each in taken]
    return Holding(definition, tuple(draw(_deployment(volume, host)) for host in hosts), tuple(snapshots))


def _deployment(volume: VolumeName, host: str) -> st.SearchStrategy[Deployment]:
    return st.builds(
        Deployment,
        volume=st.just(volume),
        host=st.just(HostName(host)),
        role=st.sampled_from(Role),
        in_use=st.sampled_from([False, False, False, True, None]),
        created=TIMES,
    )


IMAGES = st.lists(
    st.builds(
        Image,
        image_id=IDS,
        source=st.sampled_from(["", "OpenNebula-Image-2", "data"]),
        state=st.integers(0, 10),
        snapshots=st.sampled_from([(), (0,)]),
    ),
    max_size=2,
)
DISKS = st.builds(
    Disk,
    disk_id=IDS,
    image_id=st.one_of(st.none(), IDS),
    source=st.sampled_from(["", "OpenNebula-Image-0", "OpenNebula-Image-1"]),
    clone=st.sampled_from([None, True, False]),
)
VMS = st.lists(
    st.builds(
        Vm,
        vm_id=IDS,
        state=st.sampled_from([3, 3, 8]),
        lcm_state=st.sampled_from([3, 3, 0, 4]),
        disks=st.lists(DISKS, max_size=2).map(tuple),
        history=st.sampled_from(HOSTS).map(lambda host: (History(0, host, 1),)),
        snapshots=st.sampled_from([(), (DiskSnapshot(0, 0),)]),
    ),
    max_size=2,
    unique_by=lambda vm: vm.vm_id,
)
SIGHT = Sight(NOW, {GroupName("ours")}, [HostName(host) for host in HOSTS], HOUR)


def _deletable(held: list[Holding], images: list[Image], vms: list[Vm], sight: Sight = SIGHT) -> list[Finding]:
    return [each for each in classify(held, Belongings(images, vms), sight) if not each.kept]


@given(holdings(), IMAGES, VMS)
def test_a_volume_that_may_be_deleted_is_nobodys(held: list[Holding], images: list[Image], vms: list[Vm]) -> None:
    """By number, by source and by disk; only an image in error that never got a source does not count."""
    owned = {image.source.lower() for image in images}
    owned |= {f"opennebula-image-{image.image_id}" for image in images if image.state != 5 or image.source}
    owned |= {disk.source.lower() for vm in vms for disk in vm.disks}
    owned |= {f"opennebula-image-{disk.image_id}" for vm in vms for disk in vm.disks}
    for each in _deletable(held, images, vms):
        if each.kind in WHOLE:
            assert each.volume.lower() not in owned
            for vm in vms:
                for disk in vm.disks:
                    ends = f"-vm{vm.vm_id}-disk{disk.disk_id}"
                    assert each.volume != f"OpenNebula-Volatile{ends}"
                    if each.volume.endswith(ends):
                        assert each.kind in (Kind.EARLIER, Kind.HALF_MADE)
                        assert not each.volume.startswith(f"{disk.source or 'none'}-vm")


@given(holdings(), IMAGES, VMS)
def test_a_volume_that_may_be_deleted_is_old_ours_and_open_nowhere(
    held: list[Holding], images: list[Image], vms: list[Vm]
) -> None:
    """Unknown is not old, and unknown is not closed."""
    by_name = {each.definition.name: each for each in held}
    for each in _deletable(held, images, vms):
        holding = by_name[each.volume]
        if each.kind in WHOLE:
            assert re.fullmatch(OURS, each.volume)
            assert holding.definition.group == "ours"
            assert not any(one.in_use for one in holding.deployments)
            assert all(one.created and one.created <= NOW - HOUR for one in (*holding.deployments, *holding.snapshots))
            assert all(one.name.startswith("OpenNebula-Snap-") for one in holding.snapshots)
        if each.kind is Kind.ATTACHMENT:
            assert [one.in_use for one in holding.deployments if one.host == each.part] == [False]
        if each.kind is Kind.SNAPSHOT:
            assert each.part.startswith("OpenNebula-Snap-")


@given(holdings(), IMAGES, VMS)
def test_one_open_volume_of_nobody_saves_everything(held: list[Holding], images: list[Image], vms: list[Vm]) -> None:
    """It shows that the names here are not ours alone."""
    volume = VolumeName("OpenNebula-Image-77")
    here = Deployment(volume, HostName("host-a"), Role.REPLICA, in_use=True, created=1)
    open_one = Holding(Definition(volume, 1024, GroupName("ours")), (here,))
    assert _deletable([*held, open_one], images, vms) == []


@given(holdings(), IMAGES, VMS)
def test_to_own_more_never_makes_more_volumes_deletable(
    held: list[Holding], images: list[Image], vms: list[Vm]
) -> None:
    """So a list that has too much is harmless."""
    some = {each.volume for each in _deletable(held, images[1:], vms[1:]) if each.kind in WHOLE}
    assert {
        each.volume for each in _deletable(held, images, vms) if each.kind in WHOLE and each.kind is not Kind.HALF_MADE
    } <= some


@given(holdings(), IMAGES, VMS)
def test_what_is_found_once_is_found_again(held: list[Holding], images: list[Image], vms: list[Vm]) -> None:
    """By the same key, also when nothing is too young any more; keys are unique."""
    found = classify(held, Belongings(images, vms), SIGHT)
    keys = [each.key for each in found]
    assert len(set(keys)) == len(keys)
    assert keys == [each.key for each in classify(held, Belongings(images, vms), replace(SIGHT, older=0))]
