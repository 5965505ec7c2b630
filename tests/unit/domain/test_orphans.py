"""What nobody in oned accounts for is found and taken away, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.domain.orphan_cloud import LATER, MIGRATING, RUNNING, Cloud

from adapters.memory.file_tree import Link
from domain.errors import BadConfiguration, OnedUnreachable, PartialView
from domain.names import GroupName, SnapshotName, VolumeName
from domain.opennebula import Datastore
from domain.orphans import Kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("OpenNebula-Image-9", Kind.IMAGE),
        ("OpenNebula-Image-9-vm8-disk0", Kind.DISK),
        ("OpenNebula-Volatile-vm8-disk3", Kind.DISK),
        ("OpenNebula-vm-context-vm8-disk1", Kind.DISK),
        ("OpenNebula-vm-context-vm8-disk1-3", Kind.DISK),
    ],
)
def test_a_volume_whose_owner_is_gone_is_found_and_deleted(cloud: Cloud, name: str, kind: Kind) -> None:
    """With its snapshots, and with what the name says of its owner."""
    volume = cloud.bench.volume(name)
    cloud.bench.cluster.snapshot(volume, SnapshotName("OpenNebula-Snap-0"), {})
    assert (cloud.one().kind, cloud.one().volume, cloud.one().kept) == (kind, name, "")
    assert [(each.error, each.left) for each in cloud.clear()] == [("", "")]
    assert cloud.volumes() == set()


@pytest.mark.parametrize(
    "name",
    [
        "opennebula-image-9",
        "OpenNebula-Image-09",
        "OpenNebula-Image-9-flatten",
        "OpenNebula-Image-9-vm8",
        "OpenNebula-Image-9-vm8-disk0-x",
        "OpenNebula-Image-09-vm8-disk0",
        "OpenNebula-Volatile-vm08-disk0",
        "xOpenNebula-Image-9",
        "OpenNebula-Snap-9",
        "database",
    ],
)
def test_what_has_no_name_of_ours_is_not_even_named(cloud: Cloud, name: str) -> None:
    """Almost is not enough, and marks are not: clones that people make carry ours."""
    cloud.bench.volume(name, image="9", state="creating")
    assert cloud.found() == []


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("OpenNebula-Image-9", {"image": "4"}),
        ("OpenNebula-Image-9", {"vm": "7", "disk": "0"}),
        ("OpenNebula-Image-9-vm8-disk0", {"vm": "7", "disk": "0"}),
        ("OpenNebula-Image-9-vm8-disk0", {"image": "9"}),
    ],
)
def test_marks_of_another_owner_speak_against_the_name(cloud: Cloud, name: str, marks: dict[str, str]) -> None:
    """Somebody copied them along."""
    cloud.bench.volume(name, **marks)
    assert cloud.found() == []


def test_a_restore_that_was_killed_is_found_though_it_has_the_marks_of_its_source(cloud: Cloud) -> None:
    """LINSTOR brings them along, and the driver had no time to remove them."""
    cloud.bench.volume("OpenNebula-Image-9", image="9", state="creating", vm="7", disk="0", seq="0")
    assert cloud.one().kind is Kind.HALF_MADE


def test_what_oned_owns_is_left_alone(cloud: Cloud) -> None:
    """Images in every state and datastore, disks of VMs, whatever letters LINSTOR has."""
    cloud.image(4, datastore_id=1, source="/var/lib/one/datastores/1/abc", persistent=True)
    cloud.image(5, state=4, source="")
    cloud.bench.volume("OpenNebula-Image-4")
    cloud.bench.volume("OpenNebula-Image-5", image="5", state="creating")
    disk = cloud.bench.volume("OpenNebula-Image-4-vm7-disk0", vm="7", disk="0", seq="0")
    cloud.vm(disk, "host-a")
    assert cloud.found() == []


def test_a_disk_that_is_made_from_another_image_now_left_an_earlier_life(cloud: Cloud) -> None:
    """Its number is that of a disk which exists, its image is not."""
    cloud.vm(cloud.bench.volume("OpenNebula-Image-5-vm7-disk0"), "host-a")
    old = cloud.bench.volume("OpenNebula-Image-6-vm7-disk0")
    # the disk of the bench is of image 4, so that is a name that it may have as well
    cloud.bench.volume("OpenNebula-Image-4-vm7-disk0")
    assert (cloud.one().kind, cloud.one().volume) == (Kind.EARLIER, old)
    left = cloud.volumes() - {old}
    assert [(each.error, each.left) for each in cloud.clear()] == [("", "")]
    assert cloud.volumes() == left


@pytest.mark.parametrize("state", [RUNNING, MIGRATING, (8, 0)])
def test_a_context_volume_of_the_addon_2_ends_with_its_vm(cloud: Cloud, state: tuple[int, int]) -> None:
    """It is no disk of the VM, in no list of oned, and yet the VM needs it."""
    cloud.bench.volume("OpenNebula-vm-context-vm7-disk1-3")
    cloud.vm(cloud.bench.volume("OpenNebula-Image-4-vm7-disk0"), "host-a", state=state)
    assert cloud.found() == []


@pytest.mark.parametrize("name", ["OpenNebula-Image-6-vm7-disk0", "OpenNebula-Image-4-vm7-disk5"])
def test_while_oned_works_on_a_vm_no_volume_of_it_is_deleted(cloud: Cloud, name: str) -> None:
    """A disk that comes or goes is not always in its list."""
    cloud.bench.volume(name)
    cloud.vm(cloud.bench.volume("OpenNebula-Image-4-vm7-disk0"), "host-a", state=(3, 17))
    assert cloud.one().kept == "oned has an order under way about VM 7"


def test_what_an_order_holds_is_left(cloud: Cloud) -> None:
    """The command says so, and goes on."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    found = cloud.found()
    with cloud.bench.locks.hold([volume], 1):
        [done] = cloud.orphans.clear(found, cloud.asked)
    assert "the end of another order" in done.left
    assert cloud.volumes() == {volume}


def test_what_an_order_began_and_never_finished_is_half_made(cloud: Cloud) -> None:
    """The mark tells, and where oned has the image in error without a source, nobody else ever removes it."""
    cloud.bench.volume("OpenNebula-Image-9", image="9", state="creating")
    cloud.bench.volume("OpenNebula-Image-10", image="10", state="creating")
    cloud.image(10, state=5, source="")
    assert [each.kind for each in cloud.found()] == [Kind.HALF_MADE, Kind.HALF_MADE]
    cloud.clear()
    assert cloud.volumes() == set()


@pytest.mark.parametrize("change", [{"state": 4}, {"state": 1}, {"source": "OpenNebula-Image-10"}])
def test_an_image_that_may_still_come_keeps_what_is_half_made(cloud: Cloud, change: dict[str, object]) -> None:
    """Only one in error that never got a source is given up."""
    cloud.bench.volume("OpenNebula-Image-10", image="10", state="creating")
    cloud.image(10, **{"state": 5, "source": "", **change})
    assert cloud.found() == []


def test_what_is_opened_after_it_was_found_is_left(cloud: Cloud) -> None:
    """The look under the lock decides, not the list that the administrator saw."""
    used = cloud.bench.volume("OpenNebula-Image-9")
    found = cloud.found()
    assert [each.kept for each in found] == [""]
    here = cloud.bench.replica(used)
    opened = cloud.bench.model.devices.open(here.host, used, write=True)

    [done] = cloud.orphans.clear(found, cloud.asked)

    assert done.left == f"it is in use on {here.host}"
    assert cloud.volumes() == {used}
    opened.close()


def test_the_links_that_an_orphan_owes_go_before_it(cloud: Cloud) -> None:
    """Afterwards nobody would know of them."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    host = cloud.bench.hosts.host("host-b")
    host.make_directory("/var/ds/101/8")
    host.put("/var/ds/101/8/disk.0", Link("/dev/drbd1000"))
    cloud.bench.cluster.mark(volume, {"debt-host-b": "/var/ds/101/8/disk.0"})

    assert [(each.error, each.left) for each in cloud.clear()] == [("", "")]

    assert cloud.volumes() == set()
    assert host.get("/var/ds/101/8/disk.0") is None


def test_datastores_of_other_drivers_are_not_read(cloud: Cloud) -> None:
    """What they say of LINSTOR means nothing, and neither opens nor stops anything."""
    nonsense = {"LINSTOR_NODE_MAP": "nonsense", "LINSTOR_RESOURCE_GROUP": "a b"}
    cloud.bench.oned.put(Datastore(200, attributes=nonsense, ds_mad="fs", tm_mad="qcow2"))
    cloud.bench.volume("OpenNebula-Image-9")

    assert cloud.one().kept == ""


def test_what_is_in_use_is_never_deleted_and_stops_everything(cloud: Cloud) -> None:
    """An open volume that oned does not know is the sign of another OpenNebula, or of an old database."""
    used, other = cloud.bench.volume("OpenNebula-Image-9"), cloud.bench.volume("OpenNebula-Image-8")
    here = cloud.bench.replica(used)
    with_open = cloud.bench.model.devices.open(here.host, used, write=True)
    kept = {each.volume: each.kept for each in cloud.found()}
    assert kept[used] == f"it is in use on {here.host}"
    assert "another OpenNebula seems to use this LINSTOR" in kept[other]
    assert cloud.clear() == []
    with_open.close()
    assert cloud.volumes() == {used, other}


def test_a_device_on_a_host_that_oned_does_not_know_stops_everything(cloud: Cloud) -> None:
    """It is another cloud's, unless the administrator says that the host was ours."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    stranger = cloud.bench.stranger(volume)
    cloud.bench.cluster.attach(volume, stranger)
    cloud.pools.host_list.remove(stranger)
    cloud.asked = replace(cloud.asked, now=cloud.asked.now + LATER)
    assert "no host of oned" in cloud.one().kept
    cloud.asked = replace(cloud.asked, hosts={stranger})
    assert cloud.one().kept == ""


def test_a_volume_in_a_resource_group_of_nobody_is_kept(cloud: Cloud) -> None:
    """Another OpenNebula has other groups; the administrator can say that one was ours."""
    cloud.bench.model.groups.create("theirs", {"place_count": 1}, {}, "")
    cloud.bench.cluster.create(VolumeName("OpenNebula-Image-9"), 65536, GroupName("theirs"), {})
    assert "resource group theirs" in cloud.one().kept
    cloud.asked = replace(cloud.asked, groups={GroupName("theirs")})
    assert cloud.one().kept == ""


def test_nobody_can_tell_what_a_host_that_is_away_has_open(cloud: Cloud) -> None:
    """So a volume with a replica there is kept."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    cloud.bench.model.events.satellite_down(cloud.bench.replica(volume).host)
    assert "nobody can tell" in cloud.one().kept


def test_snapshots_of_somebody_else_keep_a_volume(cloud: Cloud) -> None:
    """Who took them wants the data."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    cloud.bench.cluster.snapshot(volume, SnapshotName("backup-of-monday"), {})
    assert "backup-of-monday" in cloud.one().kept


def test_what_is_young_is_kept_until_told_that_no_order_runs(cloud: Cloud) -> None:
    """An order that still runs may be making it."""
    cloud.bench.volume("OpenNebula-Image-9")
    cloud.asked = replace(cloud.asked, now=cloud.asked.now - LATER + 3000)
    assert "younger than 3600" in cloud.one().kept
    cloud.asked = replace(cloud.asked, older=0)
    assert cloud.one().kept == ""


def test_an_unknown_age_is_taken_for_young(cloud: Cloud) -> None:
    """LINSTOR tells the time of deployments alone."""
    cloud.bench.model.definitions.create("OpenNebula-Image-9")
    cloud.asked = replace(cloud.asked, groups={GroupName("DfltRscGrp")})
    assert "does not tell its age" in cloud.one().kept
    cloud.asked = replace(cloud.asked, older=0)
    assert [(each.error, each.left) for each in cloud.clear()] == [("", "")]
    assert cloud.volumes() == set()


def test_what_came_or_changed_meanwhile_is_left(cloud: Cloud) -> None:
    """Between the list and the deletion oned got an owner for one, and the other was made anew."""
    owned, anew = cloud.bench.volume("OpenNebula-Image-9"), cloud.bench.volume("OpenNebula-Image-8")
    found = cloud.found()
    cloud.image(9)
    cloud.bench.cluster.delete(anew)
    cloud.bench.model.state.now = lambda: cloud.asked.now - LATER + 60
    cloud.bench.volume("OpenNebula-Image-8")
    done = list(cloud.orphans.clear(found, cloud.asked))
    assert [each.left for each in done] == ["it is not the same any more"] * 2
    assert cloud.volumes() == {owned, anew}


def test_volumes_are_locked_while_they_are_looked_at_again_and_deleted(cloud: Cloud) -> None:
    """An order about one waits, and finds the end of it."""
    volume = cloud.bench.volume("OpenNebula-Image-9")
    held: list[frozenset[str]] = []
    images = cloud.pools.images
    found = cloud.found()
    cloud.pools.images = lambda: (held.append(cloud.bench.locks.held), images())[1]
    list(cloud.orphans.clear(found, cloud.asked))
    assert held == [frozenset({volume.lower()})]


def test_a_volume_that_only_looks_like_one_of_a_revert_is_nobodys(cloud: Cloud) -> None:
    """Without our marks the name alone says nothing."""
    cloud.bench.volume("Revert-OpenNebula-Image-4")
    assert cloud.found() == []


@pytest.mark.parametrize("trouble", ["down", "partial", "none"])
def test_without_the_whole_of_oned_nothing_is_judged(cloud: Cloud, trouble: str) -> None:
    """What belongs to a user that one does not see would look as if it were nobody's."""
    cloud.bench.volume("OpenNebula-Image-9")
    found = cloud.found()
    cloud.bench.oned.down = trouble == "down"
    cloud.pools.whole = trouble != "partial"
    if trouble == "none":
        cloud.bench.oned.datastores = {1: Datastore(1, tm_mad="qcow2")}
    with pytest.raises((OnedUnreachable, PartialView, BadConfiguration)):
        cloud.found()
    with pytest.raises((OnedUnreachable, PartialView, BadConfiguration)):
        list(cloud.orphans.clear(found, cloud.asked))
    assert cloud.volumes() == {"OpenNebula-Image-9"}


def test_a_failure_is_told_and_the_next_is_tried(cloud: Cloud) -> None:
    """One volume that LINSTOR will not delete does not save the others."""
    cloud.bench.volume("OpenNebula-Image-8")
    cloud.bench.volume("OpenNebula-Image-9")
    found = cloud.found()
    delete = cloud.bench.lifetime.delete

    def stubborn(storage, volume) -> None:
        if volume.endswith("8"):
            raise OnedUnreachable("no")
        delete(storage, volume)

    cloud.bench.lifetime.delete = stubborn
    assert [each.error for each in cloud.orphans.clear(found, cloud.asked)] == ["no; " + OnedUnreachable.advice, ""]
