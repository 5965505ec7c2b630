"""The end of a disk or of a directory destroys exactly that, whatever names and marks say (rule 3)."""

from __future__ import annotations

import pytest

from domain.errors import BadOrder, ForeignVolume, OnedUnreachable
from domain.names import DiskOf, HostName, VolumeName
from domain.orders import DeleteDirectory, DeleteDisk, Place

IMAGE = VolumeName("OpenNebula-Image-4")
COPY = VolumeName("OpenNebula-Image-4-vm7-disk0")
DIRECTORY = "/var/ds/101/7"
OF = DiskOf(7, 0)
ORDER = DeleteDisk(Place(HostName("host-a"), f"{DIRECTORY}/disk.0"), OF, 100)


def test_a_volume_whose_marks_name_another_disk_stays(bench) -> None:
    """Its name alone is no proof."""
    bench.volume(COPY, vm="8", disk="0")
    bench.vm(COPY, "host-a")
    with pytest.raises(ForeignVolume, match="its marks say vm 8"):
        bench.disks.delete(ORDER)
    assert COPY in bench.cluster.definitions([COPY])


@pytest.mark.parametrize("volume", [IMAGE, VolumeName("OpenNebula-Image-4-vm8-disk0")])
def test_a_volume_whose_name_is_of_another_disk_stays(bench, volume: VolumeName) -> None:
    """The last look before the deletion, whoever asks for it."""
    bench.volume(volume)
    with pytest.raises(ForeignVolume):
        bench.disks._destroy(bench.storage, volume, ORDER)
    assert volume in bench.cluster.definitions([volume])


def test_an_image_is_only_taken_off_the_host(bench) -> None:
    """A persistent disk is the image itself."""
    bench.volume(IMAGE)
    bench.vm(IMAGE, "host-a", persistent=True)
    bench.disks.delete(ORDER)
    assert IMAGE in bench.cluster.definitions([IMAGE])


@pytest.mark.parametrize(("marks", "left"), [({"vm": "7", "disk": "0"}, False), ({"vm": "7"}, True), ({}, True)])
def test_where_oned_does_not_answer_only_marks_tell(bench, monkeypatch, marks: dict[str, str], left: bool) -> None:
    """A name that almost fits, or marks that say half, destroy nothing."""
    bench.volume(COPY, **marks)

    def silent(_: int) -> None:
        raise OnedUnreachable("no answer")

    monkeypatch.setattr(bench.oned, "vm", silent)
    bench.disks.delete(ORDER)
    assert (COPY in bench.cluster.definitions([COPY])) is left


@pytest.mark.parametrize("path", ["/var/ds/101", "/var/ds/101/8", "/var/ds/101/7/disk.0"])
def test_only_the_directory_of_the_vm_is_removed(bench, path: str) -> None:
    """Not the datastore above it."""
    host = bench.hosts.host("host-a")
    host.make_directory(DIRECTORY)
    host.make_directory("/var/ds/101/8")
    with pytest.raises(BadOrder, match="nothing was removed"):
        bench.disks.delete_directory(DeleteDirectory(Place(HostName("host-a"), path), 7, 101))
    assert host.get(DIRECTORY) is not None
    assert host.get("/var/ds/101/8") is not None


def test_a_host_that_is_down_does_not_keep_a_vm_from_ending(bench) -> None:
    """Its directory stays there, and that is all."""
    bench.hosts.down("host-a")
    bench.disks.delete_directory(DeleteDirectory(Place(HostName("host-a"), DIRECTORY), 7, 101))
