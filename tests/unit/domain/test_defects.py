"""What the addon 3.x got wrong about disks and images, and must not come back (docs/defects.md)."""

from __future__ import annotations

import pytest

from adapters.memory.file_tree import Link
from domain.errors import ControllerFailed, ForeignVolume, HostCommandFailed, SnapshotFailed, UnknownVolume, VolumeInUse
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Datastore, Disk, History, Image, Vm
from domain.orders import (
    CreateImage,
    DeleteDisk,
    LinkDisk,
    MoveDisk,
    Place,
    ReleaseDisk,
    RemoveImage,
    SnapshotDisk,
)
from domain.steps import LinkDevice
from domain.volumes import Role, on_host

IMAGE = VolumeName("OpenNebula-Image-4")
COPY = VolumeName("OpenNebula-Image-4-vm7-disk0")
VOLATILE = VolumeName("OpenNebula-Volatile-vm7-disk0")
PATH = "/var/ds/101/7/disk.0"
OF = DiskOf(7, 0)
DATASTORE = Datastore(100, attributes={"LINSTOR_RESOURCE_GROUP": "two", "SAFE_DIRS": "/images"})


@pytest.fixture
def linked(bench):
    """The persistent image 4 is disk 0 of VM 7, on the host without a replica; *home* and *away* are hosts."""
    bench.volume(IMAGE)
    bench.home, bench.away = bench.stranger(IMAGE), bench.replica(IMAGE).host
    bench.vm(IMAGE, bench.home, persistent=True)
    bench.disks.link(LinkDisk(IMAGE, Place(bench.home, PATH), OF, 100))
    return bench


def _role(bench, volume: VolumeName, host: HostName) -> Role | None:
    here = on_host(bench.cluster.deployments([volume])[volume], host)
    return here.role if here is not None else None


def _move(bench) -> MoveDisk:
    bench.vm(IMAGE, bench.home, bench.away, persistent=True)
    return MoveDisk(Place(bench.home, PATH), Place(bench.away, PATH), OF, 100)


def test_a_flatten_that_breaks_keeps_the_image_and_its_snapshots(bench, monkeypatch) -> None:
    """Nothing is dropped before the content is there, and there is no temporary volume to forget (defects 3 and 46)."""
    bench.volume(IMAGE)
    bench.write(IMAGE, b"old")
    bench.snapshots.take(bench.storage, IMAGE, 0, "1")
    bench.write(IMAGE, b"new")

    def broken(*_: object) -> None:
        raise ControllerFailed("roll back", "a satellite failed")

    monkeypatch.setattr(bench.cluster, "roll_back", broken)
    with pytest.raises(ControllerFailed):
        bench.reverting.flatten(bench.storage, IMAGE, 0)

    assert [each.name for each in bench.cluster.snapshots(IMAGE)] == ["OpenNebula-Snap-0"]
    assert bench.read(IMAGE, 3) == b"new"
    assert list(bench.model.state.definitions) == [IMAGE]


def test_a_disk_that_is_open_where_it_was_does_not_move(linked) -> None:
    """The side that is left decides, not the one that is gone to; a second opener elsewhere is seen, too
    (defects 7 and 49).
    """
    handle = linked.model.devices.open(linked.home, IMAGE, write=True)

    with pytest.raises(VolumeInUse):
        linked.relocation.move_disk(_move(linked))

    handle.close()
    assert _role(linked, IMAGE, linked.home) is Role.ATTACHMENT


def test_a_link_that_cannot_be_made_leaves_the_old_place_as_it_was(linked, monkeypatch) -> None:
    """The new link comes before anything is taken from the old host (defect 35)."""
    order, run = _move(linked), linked.hosts.run

    def refuse(host, steps):
        if host == linked.away and any(isinstance(step, LinkDevice) for step in steps):
            raise HostCommandFailed(host, "link device", "No space left on device")
        return run(host, steps)

    monkeypatch.setattr(linked.hosts, "run", refuse)
    with pytest.raises(HostCommandFailed):
        linked.relocation.move_disk(order)

    assert _role(linked, IMAGE, linked.home) is Role.ATTACHMENT
    assert isinstance(linked.hosts.host(linked.home).get(PATH), Link)


def test_an_undeployed_disk_is_attached_nowhere(linked) -> None:
    """The front-end needs no volume, and the old host keeps none (defect 34)."""
    front_end = Place(linked.away, PATH)
    linked.relocation.move_disk(MoveDisk(Place(linked.home, PATH), front_end, OF, 100))

    roles = {each.role for each in linked.cluster.deployments([IMAGE])[IMAGE]}
    assert Role.ATTACHMENT not in roles


def test_an_image_that_does_not_exist_is_not_made_by_linking_it(bench) -> None:
    """No empty volume takes its name (defect 10)."""
    bench.vm(IMAGE, "host-a", persistent=True)

    with pytest.raises(UnknownVolume):
        bench.disks.link(LinkDisk(IMAGE, Place(HostName("host-a"), PATH), OF, 100))

    assert bench.model.state.definitions == {}


def test_an_image_is_written_where_its_data_is_good(bench) -> None:
    """A replica whose host is away is never written to (defect 14)."""
    bench.sources.files["/images/os"] = b"x" * 4096
    lost: list[str] = []
    create = bench.cluster.create

    def create_and_lose(volume, *rest):
        made = create(volume, *rest)
        lost.append(bench.replica(volume).host)
        bench.model.events.satellite_down(lost[0])
        return made

    bench.cluster.create = create_and_lose
    image = Image(4, path="/images/os", size_mib=1)
    assert bench.images.create(CreateImage(image, DATASTORE, "")) == IMAGE

    assert lost[0] not in bench.hosts.sessions


def test_a_disk_in_use_is_not_destroyed_and_the_order_says_so(bench) -> None:
    """An error is never only a line in a log (defect 27)."""
    bench.volume(COPY, vm="7", disk="0")
    bench.vm(COPY, "host-a")
    handle = bench.model.devices.open(bench.replica(COPY).host, COPY, write=True)

    with pytest.raises(VolumeInUse):
        bench.disks.delete(DeleteDisk(Place(HostName("host-a"), PATH), OF, 100))

    handle.close()
    assert COPY in bench.cluster.definitions([COPY])


def test_a_persistent_disk_whose_volume_is_gone_ends_all_the_same(linked) -> None:
    """Only its link is left to remove (defect 33)."""
    linked.cluster.delete(IMAGE)

    linked.disks.release(ReleaseDisk(Place(linked.home, PATH), IMAGE, OF, 100))

    assert linked.hosts.host(linked.home).get(PATH) is None


def test_a_snapshot_of_a_volatile_disk_is_that_of_its_volume(bench) -> None:
    """One function gives the name for every action (defect 43)."""
    bench.volume(VOLATILE)
    disk = Disk(0, None, "", 64, kind="fs", tm_mad="linstor", datastore_id=101)
    bench.oned.put(Vm(7, disks=(disk,), history=(History(0, "host-a", 101, "linstor"),)))

    bench.disk_changes.snapshot(SnapshotDisk(Place(HostName("host-a"), PATH), 0, OF, 101))

    assert len(bench.cluster.snapshots(VOLATILE)) == 1


def test_a_snapshot_that_failed_does_not_keep_its_number(bench) -> None:
    """It is removed, and the next try takes a whole one (defect 45)."""
    bench.volume(IMAGE)
    host = bench.replica(IMAGE).host
    bench.model.events.fail(host, "lvcreate")
    with pytest.raises(SnapshotFailed):
        bench.snapshots.take(bench.storage, IMAGE, 0, "1")
    assert bench.cluster.snapshots(IMAGE) == ()
    bench.model.events.heal(host)

    bench.snapshots.take(bench.storage, IMAGE, 0, "1")

    (taken,) = bench.cluster.snapshots(IMAGE)
    assert taken.complete


def test_an_image_is_removed_by_its_source_and_its_mark(bench) -> None:
    """A number alone proves nothing (defect 59)."""
    bench.volume(IMAGE, image="9")

    with pytest.raises(ForeignVolume):
        bench.images.remove(RemoveImage(Image(4, source=IMAGE), DATASTORE))
    bench.images.remove(RemoveImage(Image(9, source=IMAGE), DATASTORE))

    assert bench.cluster.definitions([IMAGE]) == {}
