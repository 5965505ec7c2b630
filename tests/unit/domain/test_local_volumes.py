"""Volumes without DRBD: usable where their data is, and refused where LINSTOR would make empty ones."""

from __future__ import annotations

import pytest
from tests.unit.domain.conftest import IMAGES, Bench

from domain.errors import NotPossible
from domain.names import DiskOf, HostName, VolumeName, copy_of_source
from domain.opennebula import Image
from domain.orders import CloneDisk, LinkDisk, MakeImage, Place
from domain.volumes import Deployment

IMAGE = VolumeName("OpenNebula-Image-4")
OF = DiskOf(7, 0)


@pytest.fixture
def local(bench: Bench) -> Bench:
    """The datastore's group places one replica without DRBD."""
    _group(bench, "local", 1)
    return bench


def _group(bench: Bench, name: str, replicas: int) -> None:
    """The image datastore gets a group without DRBD."""
    placing = {"place_count": replicas, "storage_pool": "data", "storage_pool_list": ["data"]}
    bench.model.add_group(name, layer_stack=["STORAGE"], **placing)
    bench.datastore(IMAGES, LINSTOR_RESOURCE_GROUP=name)


def _image(bench: Bench) -> Deployment:
    """An empty image; where it is."""
    bench.images.make(MakeImage(Image(4, size_mib=64, format="raw"), bench.oned.datastore(IMAGES)))
    return bench.replica(IMAGE)


def _place(host: str) -> Place:
    return Place(HostName(host), "/var/ds/101/7/disk.0")


def _hosts(bench: Bench, volume: VolumeName) -> list[HostName]:
    return [each.host for each in bench.cluster.deployments([volume])[volume]]


def test_a_host_with_the_data_uses_it(local: Bench) -> None:
    """Link and clone work there as with DRBD."""
    here = _image(local)
    local.vm(copy_of_source(IMAGE, OF), here.host)
    local.disks.link(LinkDisk(IMAGE, _place(here.host), OF, IMAGES))
    local.disks.clone(CloneDisk(IMAGE, _place(here.host), OF, IMAGES))
    assert _hosts(local, copy_of_source(IMAGE, OF)) == [here.host]


def test_a_host_without_the_data_gets_no_empty_disk(local: Bench) -> None:
    """The link is refused with the name of the host that has the data, and nothing is made."""
    here, away = _image(local), local.stranger(IMAGE)
    with pytest.raises(NotPossible, match=f"only {here.host} can use it, not {away}"):
        local.disks.link(LinkDisk(IMAGE, _place(away), OF, IMAGES))
    assert _hosts(local, IMAGE) == [here.host]


def test_a_clone_for_a_host_without_the_data_leaves_nothing(local: Bench) -> None:
    """The copy is where the image is; it is removed again."""
    _image(local)
    away = local.stranger(IMAGE)
    copy = copy_of_source(IMAGE, OF)
    local.vm(copy, away)
    with pytest.raises(NotPossible, match=f"not {away}"):
        local.disks.clone(CloneDisk(IMAGE, _place(away), OF, IMAGES))
    assert local.cluster.definitions([copy]) == {}


def test_a_live_migration_is_refused_before_anything_changes(local: Bench) -> None:
    """The target can never have the data."""
    here, away = _image(local), local.stranger(IMAGE)
    vm = local.vm(IMAGE, here.host, away)
    with pytest.raises(NotPossible, match=f"not {away}"):
        local.migration.prepare(local.migrate(vm, here.host, away))
    assert _hosts(local, IMAGE) == [here.host]
    assert "migration" not in local.cluster.definitions([IMAGE])[IMAGE].marks


def test_replicas_that_nothing_keeps_alike_are_refused(bench: Bench) -> None:
    """With two replicas each host would see other data; formatting such an image fails and leaves nothing."""
    _group(bench, "apart", 2)
    order = MakeImage(Image(4, size_mib=64, format="raw", file_system="ext4"), bench.oned.datastore(IMAGES))
    with pytest.raises(NotPossible, match="must place one replica"):
        bench.images.make(order)
    assert bench.cluster.definitions([IMAGE]) == {}
