"""What `onelinstor report` knows: each volume once, at its owner, and the space of each datastore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.memory.clusters import MemoryClusters
from adapters.memory.inventory import MemoryInventories
from adapters.memory.pools import MemoryPools
from domain.errors import PartialView
from domain.names import VolumeName
from domain.opennebula import Datastore, Disk, History, Image, Vm
from domain.overview import NOBODY, Overview, Overviews

IMAGES, SYSTEM = 100, 101
MIB64 = 65536


class Cloud:
    """The bench with oned's lists."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.pools = MemoryPools(bench.oned)
        for each in list(bench.oned.datastores.values()):
            bench.oned.put(replace(each, ds_mad="linstor", tm_mad="linstor", name=f"ds{each.datastore_id}"))
        bench.oned.put(Datastore(1, name="default", ds_mad="fs", tm_mad="ssh"))

    def image(self, identity: int) -> None:
        """An image, and its volume."""
        source = self.bench.volume(f"OpenNebula-Image-{identity}")
        self.pools.image_list[identity] = Image(identity, source=source, state=1, datastore_id=IMAGES, name="os")

    def vm(self, *disks: Disk) -> None:
        """VM 7 on host-a."""
        self.bench.oned.put(Vm(7, 3, 3, disks=disks, history=(History(0, "host-a", SYSTEM),), name="web"))

    def look(self) -> Overview:
        """Everything."""
        clusters = MemoryClusters(lambda _: self.bench.cluster)
        return Overviews(self.pools, MemoryInventories(lambda _: self.bench.cluster), clusters, {}).look()


@pytest.fixture
def cloud(bench) -> Cloud:
    return Cloud(bench)


def _titles(overview: Overview) -> dict[str, list[tuple[str, str]]]:
    return {each.title: [(row.label, row.holding.definition.name) for row in each.rows] for each in overview.sections}


def test_every_volume_is_shown_once_and_at_its_owner(cloud: Cloud) -> None:
    """VMs first, with their persistent images; then images; then what nobody has, ours by name or not."""
    cloud.image(4)
    cloud.image(5)
    for name in ("OpenNebula-Image-4-vm7-disk0", "OpenNebula-Volatile-vm7-disk2", "OpenNebula-Image-9", "database"):
        cloud.bench.volume(name)
    private = Disk(0, 4, "OpenNebula-Image-4", clone=True, datastore_id=IMAGES)
    persistent = Disk(1, 5, "OpenNebula-Image-5", clone=False, persistent=True, datastore_id=IMAGES)
    cloud.vm(private, persistent, Disk(2, kind="fs"), Disk(3, 6, "/var/lib/one/6", clone=True, datastore_id=1))
    assert list(_titles(cloud.look()).items()) == [
        (
            "VM 7 web",
            [
                ("disk 0", "OpenNebula-Image-4-vm7-disk0"),
                ("disk 1", "OpenNebula-Image-5"),
                ("disk 2", "OpenNebula-Volatile-vm7-disk2"),
            ],
        ),
        ("Images of ds100", [("image 4 os", "OpenNebula-Image-4")]),
        (NOBODY, [("", "database"), ("", "OpenNebula-Image-9")]),
    ]


def test_who_uses_a_datastore_is_told_by_what_was_asked_for(cloud: Cloud) -> None:
    """Volatile disks count for the system datastore; other drivers' datastores are not shown."""
    cloud.image(4)
    cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    cloud.bench.volume("OpenNebula-Volatile-vm7-disk1")
    cloud.vm(Disk(0, 4, "OpenNebula-Image-4", clone=True, datastore_id=IMAGES), Disk(1, kind="swap"))
    users = {each.datastore.datastore_id: each.users for each in cloud.look().spaces}
    assert users == {
        IMAGES: (("Images of ds100", MIB64), ("VM 7 web", MIB64)),
        SYSTEM: (("VM 7 web", MIB64),),
    }


def test_a_datastore_that_linstor_cannot_tell_of_says_why_and_the_others_are_shown(cloud: Cloud) -> None:
    """A wrong group is what this command is to show."""
    wrong = replace(cloud.bench.oned.datastores[SYSTEM], attributes={"LINSTOR_RESOURCE_GROUP": "gone"})
    cloud.bench.oned.put(wrong)
    good, bad = cloud.look().spaces
    assert good.capacity is not None
    assert (bad.capacity, "no resource group 'gone'" in bad.problem) == (None, True)


def test_in_sync_means_every_replica(cloud: Cloud) -> None:
    """A host that is away, or cut off, is not; a volume without any replica is not either."""
    volume = cloud.bench.volume("database")
    cloud.bench.model.definitions.create("empty")
    assert [row.in_sync for row in cloud.look().sections[0].rows] == [True, False]
    cloud.bench.model.events.satellite_down(cloud.bench.replica(VolumeName(volume)).host)
    assert [row.in_sync for row in cloud.look().sections[0].rows] == [False, False]


def test_hosts_are_those_that_have_something(cloud: Cloud) -> None:
    """In the order of their names."""
    assert cloud.look().hosts == ()
    cloud.bench.volume("database")
    hosts = cloud.look().hosts
    assert len(hosts) >= 2
    assert list(hosts) == sorted(hosts)


def test_a_user_who_sees_a_part_gets_no_report(cloud: Cloud) -> None:
    """It would show others' disks as nobody's."""
    cloud.pools.whole = False
    with pytest.raises(PartialView):
        cloud.look()
