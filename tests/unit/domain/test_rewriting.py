"""On a server that only goes back to the newest snapshot, an older one is written over the disk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import (
    ControllerFailed,
    HalfWritten,
    HostCommandFailed,
    NotInSync,
    NotTheNewest,
    VolumeExists,
    VolumeInUse,
)
from domain.names import SAFETY, DiskOf, HostName, VolumeName, revert_volume
from domain.orders import MoveDisk, Place, SnapshotDisk
from domain.steps import CopyDevice, Unlink
from domain.volumes import DiskState, Role

DISK = VolumeName("OpenNebula-Image-4-vm7-disk0")
OLD_SERVER = "1.24.0"
PATH = "/var/lib/one/datastores/101/7/disk.0"


@pytest.fixture
def old(bench):
    """VM 7 is off; its disk has the snapshots 0 ("first") and 1 ("later"), and holds "today"."""
    bench.volume(DISK, vm="7", disk="0")
    here = bench.replica(DISK)
    bench.vm(DISK, here.host)
    bench.place = Place(here.host, PATH)
    for number, data in enumerate((b"first", b"later")):
        bench.write(DISK, data)
        bench.snapshots.take(bench.storage, DISK, number, str(number))
    bench.write(DISK, b"today")
    bench.hosts.host(here.host).make_directory(bench.place.directory)
    bench.rewriting.end(bench.storage, DISK, [here], bench.place)
    bench.model.rest_api_version = OLD_SERVER
    return bench


def revert(bench, number: int = 0) -> None:
    """As oned asks for it."""
    bench.reverting.revert(bench.storage, DISK, number, bench.place)


def link(bench) -> object:
    """The VM's way to its disk."""
    return bench.hosts.host(bench.place.host).get(PATH)


def names(bench) -> list[str]:
    """The snapshots of the disk."""
    return [each.name for each in bench.cluster.snapshots(DISK)]


def half(bench) -> bool:
    """Whether the disk says that it is half written."""
    return any(each.half_written for each in bench.cluster.deployments([DISK])[DISK])


def breaking(bench, monkeypatch, *, after: bytes = b"tod") -> None:
    """The copy breaks after its first bytes."""
    run = bench.hosts.run

    def broken(host, steps):
        if any(isinstance(each, CopyDevice) for each in steps):
            bench.write(DISK, after)
            raise HostCommandFailed(host, "copy device", "the disk is broken")
        return run(host, steps)

    monkeypatch.setattr(bench.hosts, "run", broken)


def test_the_data_is_that_of_the_older_snapshot_and_the_younger_one_stays(old) -> None:
    """Name, marks, link and size are as before, and nothing is left of the work."""
    before = link(old)
    revert(old)
    assert old.read(DISK, 5) == b"first"
    assert names(old) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]
    assert (link(old), half(old)) == (before, False)
    assert old.cluster.definitions([revert_volume(DISK)]) == {}
    revert(old, 1)
    assert old.read(DISK, 5) == b"later"


def test_the_end_of_the_device_comes_back_too(old) -> None:
    """LINSTOR rounds devices up, and a guest has its data up to the last byte."""
    here = old.replica(DISK)
    last = here.size_kib * 1024 - 4
    assert last > old.cluster.definitions([DISK])[DISK].size_kib * 1024
    old.devices.write(here.host, str(here.device), last, b"tail")
    for number in (2, 3):
        old.snapshots.take(old.storage, DISK, number, str(number))
    old.devices.write(here.host, str(here.device), last, b"more")
    revert(old, 2)
    assert old.devices.read(here.host, str(here.device), last, 4) == b"tail"


def test_a_copy_that_breaks_leaves_the_data_of_before(old, monkeypatch) -> None:
    """The disk is rolled back to what it held, and the VM can start with it."""
    before = link(old)
    breaking(old, monkeypatch)
    with pytest.raises(HostCommandFailed, match="the disk is broken"):
        revert(old)
    assert old.read(DISK, 5) == b"today"
    assert (link(old), half(old)) == (before, False)
    assert names(old) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]
    assert old.cluster.definitions([revert_volume(DISK)]) == {}


@pytest.fixture
def halved(old, monkeypatch):
    """The driver died while it wrote."""
    with monkeypatch.context() as patch:
        breaking(old, patch, after=b"fi")
        patch.setattr(old.cluster, "roll_back", _refused(old.cluster.roll_back))
        with pytest.raises(HostCommandFailed):
            revert(old)
    assert half(old)
    return old


def _refused(roll_back):
    calls = []

    def refused(volume, name):
        calls.append(name)
        if len(calls) > 1:
            raise ControllerFailed("roll back", "it is gone")
        roll_back(volume, name)

    return refused


def test_a_half_written_disk_has_no_link_and_its_data_of_before_is_kept(halved) -> None:
    """Oned starts a VM that is off without asking a driver, and must not find half a disk."""
    assert link(halved) is None
    safe = halved.snapshots.find(halved.storage, DISK, SAFETY)
    halved.cluster.restore(DISK, safe.name, VolumeName("look"), None, {})
    assert halved.read(VolumeName("look"), 5) == b"today"


@pytest.mark.parametrize(("number", "data"), [(0, b"first"), (1, b"later")])
def test_reverting_once_more_ends_it(halved, number: int, data: bytes) -> None:
    """To the same snapshot or to another one; nothing is left."""
    revert(halved, number)
    assert halved.read(DISK, 5) == data
    assert (half(halved), link(halved) is not None) == (False, True)
    assert names(halved) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]
    assert halved.cluster.definitions([revert_volume(DISK)]) == {}


def test_a_second_try_that_breaks_still_gives_back_the_data_of_before_the_first(halved, monkeypatch) -> None:
    """What the first one left is not taken for data of anybody."""
    breaking(halved, monkeypatch)
    with pytest.raises(HostCommandFailed):
        revert(halved)
    assert (halved.read(DISK, 5), half(halved)) == (b"today", False)


def test_a_server_that_was_updated_ends_it_by_a_rollback(halved) -> None:
    """The VM has its disk again."""
    halved.model.rest_api_version = "1.27.0"
    revert(halved)
    assert halved.read(DISK, 5) == b"first"
    assert (half(halved), link(halved) is not None) == (False, True)


def test_nobody_else_takes_a_half_written_disk_for_whole(halved) -> None:
    """No snapshot, no copy, no way to another host: each says what to do."""
    storage, of = halved.storage, DiskOf(7, 0)
    target = halved.stranger(DISK)
    order = SnapshotDisk(halved.place, 2, of, 100)
    for work in (
        lambda: halved.disk_changes.snapshot(order),
        lambda: halved.attachment.ensure(storage, DISK, target, None),
        lambda: halved.lifetime.copy(storage, DISK, VolumeName("copy"), {}, None),
        lambda: halved.relocation.move_disk(MoveDisk(halved.place, Place(target, PATH), of, 100)),
        lambda: halved.relocation.move_disk(MoveDisk(halved.place, Place(HostName("front-end"), PATH), of, 100)),
    ):
        with pytest.raises(HalfWritten, match="revert it to a snapshot again"):
            work()


def test_what_was_laid_out_is_known_by_its_name_and_state(old) -> None:
    """LINSTOR fills a volume with the marks of the disk it comes from, and the driver can die right then."""
    laid_out = old.volume(revert_volume(DISK), vm="7", disk="0", source="OpenNebula-Image-4", state="creating")
    revert(old)
    assert old.read(DISK, 5) == b"first"
    assert old.cluster.definitions([laid_out]) == {}


def test_a_volume_of_that_name_that_is_nobodys_half_made_one_is_left_alone(old) -> None:
    """The revert is refused, and the disk is as it was."""
    foreign = old.volume(revert_volume(DISK))
    with pytest.raises(VolumeExists):
        revert(old)
    assert old.cluster.definitions([foreign]) != {}
    assert (old.read(DISK, 5), half(old), link(old) is None) == (b"today", False, False)


def test_a_half_written_disk_can_be_deleted(halved) -> None:
    """With all its snapshots."""
    halved.lifetime.delete(halved.storage, DISK)
    assert halved.cluster.definitions([DISK]) == {}


def test_what_an_earlier_revert_left_is_never_gone_back_to(old, monkeypatch) -> None:
    """A safety snapshot of another time holds other data; a revert that breaks later makes its own."""
    old.rewriting._keep_safe(old.storage, DISK, old.cluster.deployments([DISK])[DISK])
    old.write(DISK, b"newer")
    breaking(old, monkeypatch)
    with pytest.raises(HostCommandFailed):
        revert(old)
    assert old.read(DISK, 5) == b"newer"
    assert names(old) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]


def test_a_disk_in_use_is_not_written_over(old) -> None:
    """Nothing is made and nothing changes."""
    guest = old.model.devices.open(old.replica(DISK).host, DISK, write=True)
    found, snapshot = old.cluster.definitions([DISK])[DISK], old.snapshots.find(old.storage, DISK, 0)
    old.hosts.sessions.clear()
    with pytest.raises(VolumeInUse):
        revert(old)
    with pytest.raises(VolumeInUse):
        old.rewriting.set_back(old.storage, found, snapshot, old.place)
    guest.close()
    assert old.hosts.sessions == []
    assert (old.read(DISK, 5), link(old) is None) == (b"today", False)


def test_a_disk_without_drbd_is_refused_as_before(bench) -> None:
    """Nothing would carry the writes to another replica."""
    bench.volume(DISK, vm="7")
    for number in (0, 1):
        bench.snapshots.take(bench.storage, DISK, number, str(number))
    bench.model.state.definitions[DISK].layers = ["STORAGE"]
    bench.model.rest_api_version = OLD_SERVER
    with pytest.raises(NotTheNewest, match="nothing was changed"):
        bench.reverting.revert(bench.storage, DISK, 0)


def test_an_image_is_written_over_on_a_host_that_has_its_data(old) -> None:
    """No VM has it, so there is no link."""
    old.reverting.revert(old.storage, DISK, 0)
    assert old.read(DISK, 5) == b"first"


def test_flattening_to_an_older_snapshot_drops_all_when_its_data_is_whole(old) -> None:
    """Also where LINSTOR alone could not go back."""
    old.reverting.flatten(old.storage, DISK, 0)
    assert (old.read(DISK, 5), names(old)) == (b"first", [])


def test_a_revert_that_fails_before_it_writes_changes_nothing(old, monkeypatch) -> None:
    """What an earlier one kept safe is older than what the disk holds now."""
    old.snapshots.take(old.storage, DISK, SAFETY, "")
    old.write(DISK, b"newer")

    def refuse(*_words: object) -> None:
        raise ControllerFailed("delete the snapshot", "no")

    monkeypatch.setattr(old.cluster, "delete_snapshot", refuse)
    with pytest.raises(ControllerFailed):
        revert(old)

    assert old.read(DISK, 5) == b"newer"


def test_a_guest_that_opens_the_disk_meanwhile_keeps_what_it_reads(old, monkeypatch) -> None:
    """The look right before the first write decides, and the link is back."""
    run, guests = old.hosts.run, []

    def opening(host, steps):
        told = run(host, steps)
        if any(isinstance(each, Unlink) for each in steps) and not guests:
            guests.append(old.model.devices.open(old.place.host, DISK, write=True))
        return told

    monkeypatch.setattr(old.hosts, "run", opening)
    with pytest.raises(VolumeInUse):
        revert(old)
    assert guests[0].read(0, 5) == b"today"
    assert not half(old)


def test_a_half_written_disk_waits_for_all_its_replicas(halved) -> None:
    """One that is away would not be written, and could not go back."""
    away = next(each.host for each in halved.cluster.deployments([DISK])[DISK] if each.host != halved.place.host)
    halved.model.events.satellite_down(away)
    found, snapshot = halved.cluster.definitions([DISK])[DISK], halved.snapshots.find(halved.storage, DISK, 0)
    with pytest.raises(NotInSync, match=away):
        halved.rewriting.set_back(halved.storage, found, snapshot, halved.place)
    assert half(halved)


@pytest.mark.parametrize(
    ("here", "writes"),
    [
        ({"role": Role.ATTACHMENT, "state": DiskState.DISKLESS}, "host-c"),
        ({"role": Role.REPLICA}, "host-c"),
        ({"role": Role.WITNESS, "state": DiskState.DISKLESS}, "host-a"),
        ({"role": Role.REPLICA, "state": DiskState.BEHIND}, "host-a"),
        (None, "host-a"),
    ],
    ids=["attached", "a replica", "a witness", "behind", "nothing"],
)
def test_the_host_of_the_vm_writes_where_it_can(bench, here: dict[str, object] | None, writes: str) -> None:
    """Its device is the one that the VM opens; LINSTOR may move a witness at any time."""
    bench.volume(DISK)
    good = replace(bench.replica(DISK), host=HostName("host-a"), state=DiskState.UP_TO_DATE)
    bare = replace(good, host=HostName("host-0"), device=None)
    behind = replace(good, host=HostName("host-1"), state=DiskState.BEHIND)
    seen = [bare, behind, good]
    there = [] if here is None else [replace(good, host=HostName("host-c"), **here)]
    assert bench.rewriting._writer(bench.storage, DISK, [*seen, *there], Place(HostName("host-c"), PATH)).host == writes
    assert bench.rewriting._writer(bench.storage, DISK, seen, None).host == "host-a"


def _half_on_one(halved) -> None:
    """The driver died before it had told every replica."""
    halved.cluster.mark_half_written(DISK, [halved.place.host], half=False)
    assert half(halved)


def test_a_mark_on_one_replica_is_enough_to_go_on(halved) -> None:
    """What is half written is not kept as the data of before."""
    _half_on_one(halved)
    revert(halved)
    assert (halved.read(DISK, 5), half(halved)) == (b"first", False)
    assert names(halved) == ["OpenNebula-Snap-0", "OpenNebula-Snap-1"]


def test_a_mark_on_one_replica_is_enough_to_go_back(halved, monkeypatch) -> None:
    """Also where the next try breaks before it has written anything."""
    _half_on_one(halved)

    def refuse(*_words: object) -> None:
        raise ControllerFailed("restore", "no")

    monkeypatch.setattr(halved.lifetime, "borrow", refuse)
    with pytest.raises(ControllerFailed):
        revert(halved)
    assert (halved.read(DISK, 5), half(halved)) == (b"today", False)


def test_a_vm_that_uses_its_disk_over_the_network_keeps_it_where_it_is(old, monkeypatch) -> None:
    """Only replicas are marked meanwhile, and where the copy breaks the attachment stays, too."""
    away = old.stranger(DISK)
    old.vm(DISK, away)
    old.cluster.attach(DISK, away)
    old.place = Place(away, PATH)
    marked, mark = [], old.cluster.mark_half_written
    monkeypatch.setattr(
        old.cluster,
        "mark_half_written",
        lambda volume, hosts, half: marked.append(set(hosts)) or mark(volume, hosts, half=half),
    )
    breaking(old, monkeypatch)
    with pytest.raises(HostCommandFailed):
        revert(old)
    roles = {each.host: each.role for each in old.cluster.deployments([DISK])[DISK]}
    assert roles.pop(away) is Role.ATTACHMENT
    assert all(hosts == set(roles) for hosts in marked)
    assert old.read(DISK, 5) == b"today"
    assert link(old) is not None


def test_an_image_whose_copy_breaks_has_its_data_of_before(old, monkeypatch) -> None:
    """Without any VM."""
    breaking(old, monkeypatch)
    with pytest.raises(HostCommandFailed):
        old.reverting.revert(old.storage, DISK, 0)
    assert (old.read(DISK, 5), half(old)) == (b"today", False)


@pytest.mark.parametrize("device", [True, False, None])
def test_a_link_is_made_where_there_is_a_device(bench, device: bool | None) -> None:
    """None: LINSTOR has nothing on the host. The directory may have gone with a VM that was undeployed."""
    bench.volume(DISK)
    here = bench.replica(DISK)
    seen = [] if device is None else [here if device else replace(here, device=None)]
    bench.rewriting._open_up(bench.storage, DISK, seen, Place(here.host, PATH))
    assert (bench.hosts.host(here.host).get(PATH) is not None) is (device is True)
