"""Which resource group a new volume is placed by: the disk's, the VM's, the image's, else the datastore's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.conftest import IMAGES, SYSTEM, Bench

from domain.errors import BadName, UnknownGroup
from domain.names import DiskOf, HostName, VolumeName, copy_of_source, volatile_volume
from domain.opennebula import Disk, Image, Vm
from domain.orders import CloneDisk, CloneImage, MakeImage, MakeVolatile, Place

IMAGE = VolumeName("OpenNebula-Image-4")
OF = DiskOf(7, 0)
PLACE = Place(HostName("host-a"), "/var/ds/101/7/disk.0")
GROUP = "LINSTOR_RESOURCE_GROUP"


@pytest.fixture
def groups(bench: Bench) -> Bench:
    """Besides the datastores' group there are two more."""
    for name in ("fast", "slow"):
        bench.model.add_group(name, place_count=2, storage_pool="data", storage_pool_list=["data"])
    return bench


def _group(bench: Bench, volume: VolumeName) -> str:
    return bench.cluster.definitions([volume])[volume].group


def _image(bench: Bench, **attributes: str) -> None:
    order = MakeImage(Image(4, size_mib=64, format="raw", attributes=attributes), bench.oned.datastore(IMAGES))
    bench.images.make(order)


def _vm(bench: Bench, disk: dict[str, str], vm: dict[str, str]) -> Vm:
    """VM 7 as it is known, with more in its template and in that of its disk."""
    known = bench.vm(copy_of_source(IMAGE, OF), "host-a")
    told = replace(known, disks=(replace(known.disks[0], attributes=disk),), attributes=vm)
    bench.oned.put(told)
    return told


@pytest.mark.parametrize(("attributes", "group"), [({}, "two"), ({GROUP: ""}, "two"), ({GROUP: " fast "}, "fast")])
def test_an_image_can_choose_its_group(groups: Bench, attributes: dict[str, str], group: str) -> None:
    """Without a word from it the datastore's holds."""
    _image(groups, **attributes)
    assert _group(groups, IMAGE) == group


def test_an_image_of_an_image_can_choose_its_own_group(groups: Bench) -> None:
    """Where the source is does not matter."""
    _image(groups, **{GROUP: "fast"})
    image = Image(5, path=IMAGE, size_mib=64, attributes={GROUP: "slow"})
    groups.images.clone(CloneImage(image, groups.oned.datastore(IMAGES)))
    assert _group(groups, VolumeName("OpenNebula-Image-5")) == "slow"


@pytest.mark.parametrize(
    ("disk", "vm", "group"),
    [({}, {}, "two"), ({}, {GROUP: "slow"}, "slow"), ({GROUP: "fast"}, {GROUP: "slow"}, "fast")],
)
def test_a_disk_is_placed_by_the_nearest_template(
    groups: Bench, disk: dict[str, str], vm: dict[str, str], group: str
) -> None:
    """The disk's own word counts before the VM's, and the VM's before the datastore's."""
    _image(groups)
    _vm(groups, disk, vm)
    groups.disks.clone(CloneDisk(IMAGE, PLACE, OF, IMAGES))
    assert _group(groups, copy_of_source(IMAGE, OF)) == group


def test_a_volatile_disk_is_placed_by_the_nearest_template(groups: Bench) -> None:
    """So are disks without an image."""
    disk = Disk(0, size_mib=64, kind="fs", attributes={GROUP: "fast"})
    groups.oned.put(Vm(7, disks=(disk,), attributes={GROUP: "slow"}))
    groups.disks.make_volatile(MakeVolatile(64, "raw", PLACE, OF, SYSTEM))
    assert _group(groups, volatile_volume(OF)) == "fast"


def test_one_order_does_not_choose_for_the_next(groups: Bench) -> None:
    """The datastore keeps its own group."""
    _image(groups, **{GROUP: "fast"})
    assert groups.storage.settings.group == "two"


@pytest.mark.parametrize(("name", "error"), [("nowhere", UnknownGroup), ("no group/", BadName)])
def test_a_group_that_makes_no_sense_makes_nothing(groups: Bench, name: str, error: type[Exception]) -> None:
    """It is never replaced by the datastore's in silence."""
    with pytest.raises(error, match=name):
        _image(groups, **{GROUP: name})
    assert groups.cluster.definitions([IMAGE]) == {}
