"""What is kept, and why: the rule that judges one volume, on pictures of LINSTOR and oned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import marks as marking
from domain.belongings import Belongings
from domain.inventory import Holding
from domain.names import (
    BACKUPS,
    SAFETY,
    GroupName,
    HostName,
    SnapshotName,
    VolumeName,
    backup_volume,
    base_volume,
    snapshot_name,
)
from domain.opennebula import Disk, History, Image, Vm
from domain.orphans import Finding, Kind, Sight, classify, payable
from domain.volumes import Definition, Deployment, DiskState, Role, Snapshot

NOW, AGE = 1_000_000, 10_000
A, B, C = (HostName(f"host-{letter}") for letter in "abc")
IMAGE, COPY = VolumeName("OpenNebula-Image-4"), VolumeName("OpenNebula-Image-4-vm7-disk0")
SIGHT = Sight(NOW, {GroupName("two")}, {A, B, C})


def _holding(name: VolumeName, *more: Deployment, snapshots: tuple[Snapshot, ...] = (), **change: object) -> Holding:
    """A volume that is old, with a replica on host-a that nobody has open."""
    definition = replace(Definition(name, 65536, GroupName("two")), **change)
    replica = Deployment(name, A, Role.REPLICA, state=DiskState.UP_TO_DATE, in_use=False, created=NOW - AGE)
    return Holding(definition, (replica, *more), snapshots)


def _attached(name: VolumeName, host: HostName, **change: object) -> Deployment:
    here = Deployment(name, host, Role.ATTACHMENT, state=DiskState.DISKLESS, in_use=False, created=NOW - AGE)
    return replace(here, **change)


def _vm(*disks: Disk, host: str = A, state: int = 3, lcm_state: int = 3) -> Vm:
    return Vm(7, state, lcm_state, disks=disks, history=(History(0, host, 101, "linstor"),))


DISK = Disk(0, 4, IMAGE, clone=True, tm_mad="linstor", datastore_id=100)
PERSISTENT = replace(DISK, clone=False, persistent=True)


def _one(
    holding: Holding, *, vms: tuple[Vm, ...] = (), images: tuple[Image, ...] = (), sight: Sight = SIGHT
) -> Finding:
    [found] = classify([holding], Belongings(images, vms), sight)
    return found


def _none(*holdings: Holding, vms: tuple[Vm, ...] = (), images: tuple[Image, ...] = ()) -> bool:
    return classify(holdings, Belongings(images, vms), SIGHT) == []


def test_what_linstor_still_copies_is_kept_for_as_long_as_a_copy_may_take() -> None:
    """Afterwards no controller goes on with it."""
    copying = _holding(COPY, copying=True)
    assert _one(copying, sight=replace(SIGHT, copy=AGE + 1, older=0)).kept == "LINSTOR is still copying it"
    found = _one(copying, sight=replace(SIGHT, copy=AGE, older=0))
    assert (found.kind, found.kept) == (Kind.HALF_MADE, "")
    nowhere = replace(copying, deployments=())
    assert _one(nowhere, sight=replace(SIGHT, older=0)).kept == "LINSTOR is still copying it"


def test_a_finding_is_the_same_where_everything_about_it_is() -> None:
    """What was found and what is found again are told apart by each of these, and by no reason for keeping it."""
    one = Finding(Kind.DISK, COPY, "why", 1, "part", kept="", linstor="x")
    others = {"kind": Kind.SNAPSHOT, "volume": IMAGE, "since": 2, "part": "", "linstor": "y"}
    assert all(replace(one, **{name: value}).key != one.key for name, value in others.items())
    assert replace(one, why="", kept="it is in use", size_kib=1).key == one.key


def test_a_second_is_an_age() -> None:
    """Only zero says that no order is running."""
    new = _holding(COPY)
    new = replace(new, deployments=(replace(new.deployments[0], created=NOW),))
    assert _one(new, sight=replace(SIGHT, older=1)).kept == "it is younger than 1 seconds"
    assert _one(new, sight=replace(SIGHT, older=0)).kept == ""
    untold = replace(new, deployments=(replace(new.deployments[0], created=0),))
    told = "LINSTOR does not tell its age, so an order that still runs may have made it"
    assert _one(untold, sight=replace(SIGHT, older=1)).kept == told


def test_a_replica_on_a_node_that_is_no_host_is_no_sign_of_another_opennebula() -> None:
    """LINSTOR may have nodes that only store."""
    far = replace(_holding(COPY).deployments[0], host=HostName("store-1"))
    assert _one(_holding(COPY, far)).kept == ""


@pytest.mark.parametrize(("older", "kept"), [(AGE, False), (AGE + 1, True), (0, False)])
def test_a_volume_is_young_until_it_is_as_old_as_was_asked(older: int, kept: bool) -> None:
    """Zero says that no order is running."""
    found = _one(_holding(COPY), sight=replace(SIGHT, older=older))
    assert found.kept == (f"it is younger than {older} seconds" if kept else "")
    assert (found.since, found.size_kib) == (NOW - AGE, 65536)


def test_a_time_to_come_is_no_age() -> None:
    """The clock of a controller may be ahead."""
    late = _holding(COPY)
    late = replace(late, deployments=(replace(late.deployments[0], created=NOW + 1),))
    assert "younger" in _one(late).kept


@pytest.mark.parametrize(("created", "kept"), [(NOW - AGE, False), (NOW - 10, True), (0, True)])
def test_a_young_snapshot_is_kept(created: int, kept: bool) -> None:
    """Oned learns of it when the order that takes it has ended."""
    snapshot = Snapshot(COPY, SnapshotName("OpenNebula-Snap-1"), (A,), 65536, complete=True, created=created)
    found = _one(_holding(COPY, snapshots=(snapshot,)), vms=(_vm(DISK),))
    assert found.why == "oned knows no snapshot 1 of it"
    assert (found.kind, found.part, found.size_kib) == (Kind.SNAPSHOT, "OpenNebula-Snap-1", 65536)
    assert (found.kept != "") is kept


@pytest.mark.parametrize(("created", "kept"), [(NOW - AGE, False), (NOW - 10, True), (0, True)])
def test_a_young_attachment_is_kept(created: int, kept: bool) -> None:
    """An order may be bringing the VM there."""
    found = _one(_holding(COPY, _attached(COPY, B, created=created)), vms=(_vm(DISK),))
    assert (found.kind, found.part) == (Kind.ATTACHMENT, B)
    assert found.why == f"it is attached to {B}, where no VM of oned uses it"
    assert (found.kept != "") is kept


def test_an_attachment_that_is_ending_already_is_none() -> None:
    """Nobody needs to ask for it again."""
    assert _none(_holding(COPY, _attached(COPY, B, deleting=True)), vms=(_vm(DISK),))


def test_the_ends_of_a_migration_are_one_finding() -> None:
    """They go with the permission, and not before it."""
    marks = marking.migration(A, B)
    found = _one(_holding(COPY, _attached(COPY, B), marks=marks), vms=(_vm(DISK),))
    assert (found.kind, found.part) == (Kind.WRITERS, f"{A}>{B}")


def test_two_writers_without_a_mark_are_found() -> None:
    """No host is named."""
    found = _one(_holding(COPY, two_writers=True), vms=(_vm(DISK),))
    assert (found.kind, found.part, found.kept) == (Kind.WRITERS, "", "")


@pytest.mark.parametrize("older", [AGE, AGE + 1])
def test_a_young_permission_is_kept(older: int) -> None:
    """The migration may be under way."""
    found = _one(_holding(COPY, two_writers=True), vms=(_vm(DISK),), sight=replace(SIGHT, older=older))
    assert (found.kept != "") is (older > AGE)


def test_a_permission_is_kept_while_oned_works_on_the_vm() -> None:
    """It is migrating."""
    found = _one(_holding(COPY, two_writers=True), vms=(_vm(DISK, lcm_state=4),))
    assert found.kept == "oned has an order under way about its image or VM"


@pytest.mark.parametrize("state", [1, 2, 3, 5, 8])
def test_an_image_at_rest_protects_none_of_its_parts(state: int) -> None:
    """Ready, used, disabled, in error, used as persistent."""
    found = _one(_holding(IMAGE, _attached(IMAGE, B)), images=(Image(4, IMAGE, state=state),))
    assert found.kept == ""


@pytest.mark.parametrize("state", [0, 4, 6, 7, 9, 10, 11])
def test_an_image_that_oned_works_on_keeps_its_parts(state: int) -> None:
    """It is being copied, deleted, locked, or a backup of it is made."""
    found = _one(_holding(IMAGE, _attached(IMAGE, B)), images=(Image(4, IMAGE, state=state),))
    assert found.kept == "oned has an order under way about its image or VM"


@pytest.mark.parametrize("disk", [DISK, PERSISTENT, replace(DISK, source=""), replace(DISK, image_id=None)])
def test_the_image_of_a_disk_is_owned_though_oned_shows_no_image(disk: Disk) -> None:
    """Somebody deleted it by force while a VM had it."""
    assert _none(_holding(IMAGE), vms=(_vm(disk),))


@pytest.mark.parametrize("host", [A, B])
def test_the_image_under_a_copy_has_no_home(host: HostName) -> None:
    """The VM uses its copy; an attachment of the image is wanted by nobody."""
    found = _one(_holding(IMAGE, _attached(IMAGE, B)), vms=(_vm(DISK, host=host),))
    assert (found.kind, found.part) == (Kind.ATTACHMENT, B)


@pytest.mark.parametrize("disk", [DISK, replace(DISK, source="", clone=None), Disk(0, kind="FS", tm_mad="linstor")])
def test_a_volatile_volume_of_a_disk_is_owned(disk: Disk) -> None:
    """Whatever the disk is made of now: what could be owned is."""
    assert _none(_holding(VolumeName("OpenNebula-Volatile-vm7-disk0")), vms=(_vm(disk),))


def test_a_volume_with_our_name_in_other_letters_is_owned_if_it_could_be() -> None:
    """LINSTOR takes both for one name."""
    assert _none(_holding(VolumeName("opennebula-IMAGE-4")), images=(Image(4, IMAGE, state=1),))


def test_an_image_is_not_given_up_while_a_vm_has_it() -> None:
    """Whatever its state says."""
    half = _holding(IMAGE, marks={marking.STATE: marking.CREATING})
    broken = Image(4, "", state=5)
    found = _one(half, images=(broken,))
    assert (found.kind, found.why) == (
        Kind.HALF_MADE,
        "the image that it was made for is in error and has no source",
    )
    assert _none(half, images=(broken,), vms=(_vm(PERSISTENT),))


def test_a_complete_image_in_error_is_not_given_up() -> None:
    """It may be all that there is of its data."""
    assert _none(_holding(IMAGE), images=(Image(4, "", state=5),))


@pytest.mark.parametrize("change", [{"failed": True}, {"marks": {marking.STATE: marking.CREATING}}])
@pytest.mark.parametrize("name", [IMAGE, COPY])
def test_what_was_never_finished_is_told_so(name: VolumeName, change: dict[str, object]) -> None:
    """Of images and of disks."""
    found = _one(_holding(name, **change))
    assert (found.kind, found.kept) == (Kind.HALF_MADE, "")
    assert found.why.startswith("it was never finished, and oned has no ")


def test_a_deletion_that_was_begun_is_to_be_ended() -> None:
    """Whatever else it is."""
    found = _one(_holding(COPY, deleting=True))
    assert (found.kind, found.why) == (Kind.HALF_MADE, "its deletion was begun and has not ended")


@pytest.mark.parametrize(("role", "kept"), [(Role.REPLICA, True), (Role.ATTACHMENT, True), (Role.WITNESS, False)])
def test_a_host_of_which_nothing_is_known_keeps_a_volume(role: Role, kept: bool) -> None:
    """A witness has no device, so nobody can have opened it; of what LINSTOR calls failed nobody has."""
    unseen = Deployment(COPY, B, role, in_use=None, created=NOW - AGE)
    assert (_one(_holding(COPY, unseen)).kept != "") is kept
    assert _one(_holding(COPY, unseen, failed=True)).kept == ""


@pytest.mark.parametrize(
    ("path", "host", "paid"),
    [
        ("/var/ds/101/7/disk.0", A, False),
        ("/var/ds/101/7/disk.0", B, True),
        ("/var/ds/101/8/disk.0", A, True),
        ("/srv/customer/disk.0", A, False),
        ("/var/ds/101/8/disk.0 /var/ds/101/9/disk.0", A, True),
    ],
)
def test_a_debt_is_payable_where_no_vm_can_have_the_link(path: str, host: HostName, paid: bool) -> None:
    """A path that tells no VM may be anybody's."""
    marks = {marking.debt_key(host): path}
    holding = _holding(COPY, marks=marks)
    belongings = Belongings((), (_vm(DISK),))
    found = _one(holding, vms=(_vm(DISK),))
    assert (found.kind, found.part, found.since, found.kept == "") == (Kind.DEBT, host, 0, paid)
    assert found.why == f"links on {host} are still to be removed: {path.replace(' ', ', ')}"
    assert payable(holding.definition, belongings).marks == (marks if paid else {})


def test_one_link_that_is_in_use_keeps_the_whole_debt_of_its_host() -> None:
    """They are noted together."""
    marks = {marking.debt_key(A): "/var/ds/101/8/disk.0 /var/ds/101/7/disk.0"}
    found = _one(_holding(COPY, marks=marks), vms=(_vm(DISK),))
    assert found.kept == "the VM is on that host now (/var/ds/101/7/disk.0)"
    assert payable(_holding(COPY, marks=marks).definition, Belongings((), (_vm(DISK),))).marks == {}


@pytest.mark.parametrize(
    "change",
    [{"group": GroupName("theirs")}, {"marks": {marking.VM: "9", marking.DISK: "0"}}],
    ids=["another group", "another owner"],
)
def test_what_is_surely_not_ours_is_no_sign_of_another_opennebula(change: dict[str, object]) -> None:
    """Its groups and marks say so already; open or on a strange host, it stops nothing."""
    used = _holding(
        VolumeName("OpenNebula-Image-9-vm8-disk0"), _attached(COPY, HostName("elsewhere"), in_use=True), **change
    )
    found = classify([used, _holding(COPY)], Belongings((), ()), SIGHT)
    assert {each.kept for each in found if each.volume == COPY} == {""}


def test_an_open_volume_of_ours_is_no_sign_of_another_opennebula() -> None:
    """Its VM runs."""
    used = replace(_holding(IMAGE), deployments=(replace(_attached(IMAGE, A), in_use=True),))
    found = classify([used, _holding(COPY)], Belongings((Image(4, IMAGE, state=1),), ()), SIGHT)
    assert [each.kept for each in found if each.volume == COPY] == [""]


def test_a_reason_of_its_own_comes_before_the_sign_of_another_opennebula() -> None:
    """It says more."""
    used = replace(_holding(IMAGE), deployments=(replace(_attached(IMAGE, A), in_use=True),))
    found = classify([used, _holding(COPY)], Belongings((), ()), SIGHT)
    sign = f"{IMAGE} is in use on {A}, and no image or VM of oned owns it"
    told = f"another OpenNebula seems to use this LINSTOR, or oned's database is an older copy: {sign}"
    assert [each.kept for each in found] == [f"it is in use on {A}", told]


def test_one_host_that_writes_is_no_migration() -> None:
    """The VM runs where it is, and the permission can go."""
    holding = _holding(COPY, two_writers=True)
    running = replace(holding, deployments=(replace(holding.deployments[0], in_use=True),))
    found = _one(running, vms=(_vm(DISK),))
    assert (found.why, found.kept) == ("two hosts may still write to it, and no migration is under way", "")


def test_one_replica_that_is_half_written_keeps_the_data_of_before() -> None:
    """The revert may have marked that one alone."""
    safety = Snapshot(COPY, snapshot_name(SAFETY), (A,), 65536, complete=True, created=NOW - AGE)
    half = replace(_attached(COPY, B), role=Role.REPLICA, half_written=True)
    found = _one(_holding(COPY, half, snapshots=(safety,)), vms=(_vm(DISK),))
    assert found.kept == "a revert was interrupted and may have to go back to it: revert the disk again"
    found = _one(_holding(COPY, snapshots=(safety,)), vms=(_vm(DISK),))
    assert (found.why, found.kept) == ("a revert took it to keep the data of before, and has ended", "")


def _of_backup(name: VolumeName, said: str) -> Holding:
    kept = Snapshot(
        name, snapshot_name(BACKUPS[0]), (A,), 65536, marks={marking.ASKED: said}, complete=True, created=NOW - AGE
    )
    return _holding(name, snapshots=(kept,))


@pytest.mark.parametrize("backup", [{"MODE": "INCREMENT"}, {}])
def test_a_snapshot_that_the_next_increment_begins_from_is_no_orphan(backup: dict[str, str]) -> None:
    """Nor where a list of oned tells nothing of backups."""
    assert _none(_of_backup(COPY, "0 of VM 7 after -1"), vms=(replace(_vm(DISK), backup=backup),))


@pytest.mark.parametrize(("said", "mode"), [("", "INCREMENT"), ("1 of 52", "FULL")])
def test_a_snapshot_of_a_backup_that_has_ended_is_one(said: str, mode: str) -> None:
    """That of a killed one says nothing, and a VM whose backups are whole needs none."""
    found = _one(_of_backup(COPY, said), vms=(replace(_vm(DISK), backup={"MODE": mode}),))
    assert (found.kind, found.kept) == (Kind.SNAPSHOT, "")
    assert found.why == "a backup took it, and no later one will begin from it"


def test_a_snapshot_of_a_chain_whose_vm_is_gone_is_one() -> None:
    """The image lives on."""
    assert _one(_of_backup(IMAGE, "1 of 52"), images=(Image(4, IMAGE, state=1),)).kind is Kind.SNAPSHOT


@pytest.mark.parametrize("name", [backup_volume(COPY), base_volume(IMAGE)])
def test_what_a_killed_backup_laid_out_is_one_when_its_vm_is_at_rest(name: VolumeName) -> None:
    """A large disk is read for hours, and the backup still runs."""
    disk = PERSISTENT if "vm7" not in name else DISK
    laid_out, images = _holding(name, marks={marking.STATE: marking.CREATING}), (Image(4, IMAGE, state=1),)
    found = _one(laid_out, vms=(_vm(disk),), images=images)
    assert (found.kind, found.kept) == (Kind.HALF_MADE, "")
    assert "laid it out" in found.why
    busy = _one(laid_out, vms=(_vm(disk, lcm_state=69),), images=images)
    assert busy.kept == "oned has an order under way about its image or VM"


def test_it_is_told_whose_volume_it_was() -> None:
    """The administrator decides by that."""
    assert _one(_holding(IMAGE)).why == "oned has no image 4"
    assert _one(_holding(COPY)).why == "oned has no VM 7, disk 0"
    assert _one(_holding(COPY), vms=(_vm(replace(DISK, image_id=5, source="OpenNebula-Image-5")),)).why == (
        "VM 7, disk 0 is another volume now"
    )
