"""Disks of VMs begin and end with the steps that their hosts need, and settle what earlier orders left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.file_tree import Link
from domain import marks as marking
from domain.disks import disk_datastore, link_steps, other_links
from domain.errors import BadOrder, OnedRefused
from domain.names import DiskOf, HostName, VolumeName
from domain.opennebula import Disk
from domain.orders import CloneDisk, DeleteDisk, LinkDisk, MakeVolatile, Place, ReleaseDisk
from domain.steps import CountLinks, LinkDevice, MakeDirectory, MakeFileSystem, MakeQcow2, WaitForDevice
from domain.volumes import DevicePath, Role

IMAGE = VolumeName("OpenNebula-Image-4")
COPY = VolumeName("OpenNebula-Image-4-vm7-disk0")
DIRECTORY = "/var/ds/101/7"
PATH = f"{DIRECTORY}/disk.0"
OF = DiskOf(7, 0)
VOLATILE = Disk(0, size_mib=64, kind="FS", tm_mad="linstor")


@pytest.fixture
def here(bench):
    """Where the image's volume is on one of its hosts."""
    bench.volume(IMAGE)
    return replace(bench.replica(IMAGE), alias=DevicePath("/dev/drbd/by-res/x/0"))


def test_a_link_is_made_once_its_device_is_there(here) -> None:
    """In a directory that may be new."""
    steps = link_steps(here, Place(here.host, PATH), 65536, 20)
    assert steps == [
        MakeDirectory(DIRECTORY),
        WaitForDevice(str(here.device), 65536, 20),
        LinkDevice(here.device, PATH, here.alias),
    ]


def test_other_links_to_a_device_are_those_of_every_datastore(here) -> None:
    """Beside the disk's own, or those of its directory; without a device there can be none."""
    place = Place(here.host, PATH)
    assert other_links(place, here) == CountLinks("/var/ds", here.device, here.alias, PATH)
    assert other_links(place, here, DIRECTORY) == CountLinks("/var/ds", here.device, here.alias, DIRECTORY)
    assert other_links(place, replace(here, device=None)) is None


@pytest.mark.parametrize(("kind", "image", "inside"), [("FS", None, 101), ("", 4, 100), ("", None, 101)])
def test_a_volatile_disk_is_in_the_datastore_of_its_vm(kind: str, image: int | None, inside: int) -> None:
    """Whatever its DISK says; that of an image is in the image's."""
    assert disk_datastore(Disk(0, image, kind=kind, datastore_id=100), 101) == inside
    assert disk_datastore(Disk(0, image, kind=kind), 101) == 101


@pytest.mark.parametrize("driver", ["linstor", "ssh", "shared"])
def test_only_our_own_system_datastore_is_no_longer_measured_by_oned(bench, driver: str) -> None:
    """Its file tells that a monitor runs there; that of another driver is not ours."""
    bench.volume(IMAGE)
    bench.vm(COPY, "host-a", tm_mad=driver)
    host = bench.hosts.host("host-a")
    host.make_directory(DIRECTORY)
    host.put("/var/ds/101/.monitor", b"")

    bench.disks.clone(CloneDisk(IMAGE, Place(HostName("host-a"), PATH), OF, 100))

    assert (host.get("/var/ds/101/.monitor") is None) is (driver == "linstor")


def test_a_disk_that_oned_does_not_know_gets_no_copy(bench) -> None:
    """Nobody could tell how large it must be."""
    bench.volume(IMAGE)
    bench.vm(COPY, "host-a")
    with pytest.raises(BadOrder, match="VM 7 has no disk 5"):
        bench.disks.clone(CloneDisk(IMAGE, Place(HostName("host-a"), f"{DIRECTORY}/disk.5"), DiskOf(7, 5), 100))
    assert list(bench.model.state.definitions) == [IMAGE]


def _released(bench, delete: bool) -> tuple[HostName, HostName]:
    """A persistent disk ends, after a migration that died and with a debt; its host, and that of the migration."""
    bench.volume(IMAGE)
    home, other = bench.replica(IMAGE).host, bench.stranger(IMAGE)
    bench.vm(IMAGE, home, persistent=True)
    place = Place(home, PATH)
    bench.disks.link(LinkDisk(IMAGE, place, OF, 100))
    bench.cluster.attach(IMAGE, other)
    bench.cluster.mark(IMAGE, {**marking.migration(home, other), marking.debt_key(other): "/var/ds/101/9/disk.0"})
    bench.cluster.allow_two_writers(IMAGE, (home, other))
    bench.hosts.host(other).make_directory("/var/ds/101/9")
    bench.hosts.host(other).put("/var/ds/101/9/disk.0", Link("/dev/drbd1000"))
    if delete:
        bench.disks.delete(DeleteDisk(place, OF, 100))
    else:
        bench.disks.release(ReleaseDisk(place, IMAGE, OF, 100))
    return home, other


@pytest.mark.parametrize("delete", [False, True])
def test_the_end_of_a_persistent_disk_settles_what_others_left(bench, delete: bool) -> None:
    """A dead migration and its attachment, and a link that was owed."""
    home, other = _released(bench, delete)
    definition = bench.model.state.definitions[IMAGE]
    assert dict(bench.cluster.definitions([IMAGE])[IMAGE].marks) == {}
    assert not any(definition.connections.values())
    assert Role.ATTACHMENT not in {each.role for each in bench.cluster.deployments([IMAGE])[IMAGE]}
    assert bench.hosts.host(other).get("/var/ds/101/9/disk.0") is None
    assert bench.hosts.host(home).get(PATH) is None


@pytest.mark.parametrize("missing", [True, False])
def test_a_vm_that_may_not_be_seen_is_not_one_that_is_gone(bench, monkeypatch, missing: bool) -> None:
    """Only where oned has no such VM do the marks of a volume tell whose it is."""
    bench.volume(COPY, vm="7", disk="0")

    def refuse(_: int) -> None:
        raise OnedRefused("one.vm.info", "no", 0x0400 if missing else 0x0200)

    monkeypatch.setattr(bench.oned, "vm", refuse)
    order = DeleteDisk(Place(HostName("host-a"), PATH), OF, 100)
    if missing:
        bench.disks.delete(order)
    else:
        with pytest.raises(OnedRefused):
            bench.disks.delete(order)
    assert (COPY in bench.cluster.definitions([COPY])) is not missing


def _filled(bench, monkeypatch, told: str, disk: Disk) -> list[object]:
    """What `mkimage` puts on a volatile disk."""
    bench.oned.put(replace(bench.vm(COPY, "host-a"), disks=(disk,)))
    ran, run = [], bench.hosts.run
    monkeypatch.setattr(bench.hosts, "run", lambda host, steps: ran.extend(steps) or run(host, steps))
    bench.disks.make_volatile(MakeVolatile(64, told, Place(HostName("host-a"), PATH), OF, 101))
    return [each for each in ran if isinstance(each, MakeFileSystem | MakeQcow2)]


@pytest.mark.parametrize("told", ["swap", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "ntfs"])
def test_a_format_that_is_a_file_system_is_made(bench, monkeypatch, told: str) -> None:
    """As before OpenNebula 6.0, whatever FS says."""
    [made] = _filled(bench, monkeypatch, told, replace(VOLATILE, file_system="xfs"))
    assert (type(made), made.kind) == (MakeFileSystem, told)


@pytest.mark.parametrize(("file_system", "made"), [("", []), ("ext4", ["ext4"])])
@pytest.mark.parametrize("told", ["", "raw"])
def test_the_file_system_of_a_raw_disk_is_that_of_its_fs(
    bench, monkeypatch, told: str, file_system: str, made: list[str]
) -> None:
    """And there is none where the template names none."""
    found = _filled(bench, monkeypatch, told, replace(VOLATILE, file_system=file_system))
    assert [each.kind for each in found] == made


def test_a_qcow2_disk_has_room_for_its_tables(bench, monkeypatch) -> None:
    """The image inside is as large as the guest was promised."""
    [made] = _filled(bench, monkeypatch, "qcow2", VOLATILE)
    assert (type(made), made.size_kib) == (MakeQcow2, 65536)
    found = bench.cluster.definitions([VolumeName("OpenNebula-Volatile-vm7-disk0")])
    assert [each.size_kib for each in found.values()] == [65536 + 16 + 1024]


def test_a_format_that_nobody_can_make_leaves_nothing(bench, monkeypatch) -> None:
    """The order fails and tells what there is."""
    with pytest.raises(BadOrder, match="wants format vmdk; raw, qcow2, swap"):
        _filled(bench, monkeypatch, "vmdk", VOLATILE)
    assert list(bench.model.state.definitions) == []


def test_the_link_of_a_disk_goes_with_its_volume(bench) -> None:
    """Nothing leads into nowhere."""
    bench.volume(IMAGE)
    bench.vm(COPY, "host-a")
    place = Place(HostName("host-a"), PATH)
    bench.disks.clone(CloneDisk(IMAGE, place, OF, 100))
    assert isinstance(bench.hosts.host("host-a").get(PATH), Link)

    bench.disks.delete(DeleteDisk(place, OF, 100))

    assert bench.hosts.host("host-a").get(PATH) is None
    assert list(bench.model.state.definitions) == [IMAGE]


def test_a_disk_ends_on_a_host_that_linstor_has_nothing_on(bench) -> None:
    """Only its link was left there."""
    bench.model.add_group("one", place_count=1, storage_pool="data", storage_pool_list=["data"])
    bench.cluster.create(IMAGE, 65536, "one", {})
    away = bench.stranger(IMAGE)
    bench.vm(IMAGE, away, persistent=True)
    bench.hosts.host(away).make_directory(DIRECTORY)
    bench.hosts.host(away).put(PATH, Link("/dev/drbd1000"))

    bench.disks.release(ReleaseDisk(Place(away, PATH), IMAGE, OF, 100))

    assert bench.hosts.host(away).get(PATH) is None


def test_a_volatile_disk_that_oned_does_not_know_gets_no_file_system(bench, monkeypatch) -> None:
    """Nobody can tell which one."""
    assert _filled(bench, monkeypatch, "raw", replace(VOLATILE, disk_id=5)) == []


def test_an_attachment_without_a_device_ends(bench, monkeypatch) -> None:
    """No link can lead to it, so nobody is asked for one."""
    bench.volume(IMAGE)
    away = bench.stranger(IMAGE)
    bench.vm(IMAGE, away, persistent=True)
    bench.cluster.attach(IMAGE, away)
    look = bench.cluster.deployments
    monkeypatch.setattr(
        bench.cluster,
        "deployments",
        lambda volumes: {
            name: tuple(replace(each, device=None) for each in found) for name, found in look(volumes).items()
        },
    )
    bench.disks.release(ReleaseDisk(Place(away, PATH), IMAGE, OF, 100))
    assert Role.ATTACHMENT not in {each.role for each in look([IMAGE])[IMAGE]}


@pytest.mark.parametrize("own", [True, False])
def test_where_oned_knows_no_vm_a_copy_that_a_person_made_is_left(bench, monkeypatch, own: bool) -> None:
    """It has the marks of the disk; the link goes, and so does the disk's own volume."""
    copied = bench.volume("backup-of-it", vm="7", disk="0")
    if own:
        bench.volume(COPY, vm="7", disk="0")
    bench.hosts.host("host-a").make_directory(DIRECTORY)
    bench.hosts.host("host-a").put(PATH, Link("/dev/drbd1000"))
    look, asked = bench.cluster.definitions_marked, []
    monkeypatch.setattr(bench.cluster, "definitions_marked", lambda marks: asked.append(dict(marks)) or look(marks))

    bench.disks.delete(DeleteDisk(Place(HostName("host-a"), PATH), OF, 100))

    assert asked == [{"vm": "7", "disk": "0"}]
    assert list(bench.model.state.definitions) == [copied]
    assert bench.hosts.host("host-a").get(PATH) is None
