"""What must exist after the calls so far, and what is in it."""

from __future__ import annotations

import pytest

from domain.names import BACKUPS, DiskOf, VolumeName
from entrypoints.sandbox.replay.blocks import block, described
from entrypoints.sandbox.replay.holdings import Holdings, Volume
from entrypoints.sandbox.replay.ledger import Contents, Ledger
from entrypoints.sandbox.replay.recording import Call, Operation, Recording
from entrypoints.sandbox.replay.selection import select

D = "/var/lib/one/datastores/102/7"
IMAGE, COPY, PERSISTENT = VolumeName("Image-0"), VolumeName("Image-0-vm7-disk0"), VolumeName("Image-4")
CLONE = f"tm/linstor/clone.ssh fe:Image-0 host-a:{D}/disk.0 7 100"
LINK = f"tm/linstor/ln.ssh fe:Image-4 host-a:{D}/disk.1 7 100"


def call(line: str, exit_code: int = 0, document: str = "") -> Call:
    """`kind/driver/action words...` as a call."""
    what, *argv = line.split()
    kind, driver, action = what.split("/")
    return Call("op", 1, kind, driver, action, tuple(argv), exit_code, document.encode())


def holdings(*lines: str | Call) -> Holdings:
    """What is held after *lines*."""
    made = Holdings("fe")
    for line in lines:
        made.after(call(line) if isinstance(line, str) else line, 64)
    return made


def test_a_clone_is_held_and_usable_on_its_host() -> None:
    """The copy has a volume of its own, an image's own volume is only used."""
    held = holdings(CLONE, LINK)

    assert set(held.volumes) == {COPY}
    assert held.hosts_of(COPY) == {"host-a"}
    assert held.hosts_of(PERSISTENT) == {"host-a"}
    assert [disk.private for disk in held.vm_disks(7)] == [True, False]


def test_a_failed_clone_leaves_nothing_to_hold() -> None:
    """What fails must undo itself, so nothing of it may be found."""
    held = holdings(call(CLONE, 1))

    assert (held.volumes, held.disks) == ({}, {})


def test_a_failed_deletion_leaves_both_open() -> None:
    """After it the volume may be there or not, and so may the attachment; the next success decides."""
    held = holdings(CLONE, call(f"tm/linstor/delete.ssh host-a:{D}/disk.0 7 100", 1))

    assert held.volumes[COPY].certain is False
    assert (held.disks[DiskOf(7, 0)].needed, held.hosts_of(COPY)) == (set(), {"host-a"})
    held.after(call(f"tm/linstor/delete.ssh host-a:{D}/disk.0 7 100"), 0)
    assert (held.volumes, held.disks) == ({}, {})


def test_a_persistent_disk_ends_without_its_volume() -> None:
    """`mvds`, and `delete` of a forced end, take the use away and never the image."""
    held = holdings(call("ds/linstor/mkfs 4", 0, "<X><IMAGE><ID>4</ID><SOURCE>Image-4</SOURCE></IMAGE></X>"), LINK)

    held.after(call(f"tm/linstor/delete.ssh host-a:{D}/disk.1 7 100"), 0)

    assert set(held.volumes) == {PERSISTENT}
    assert held.hosts_of(PERSISTENT) == set()


def test_a_vm_on_the_front_end_uses_no_host() -> None:
    """Stopped and undeployed VMs keep files on the front-end; their volumes are attached nowhere."""
    held = holdings(CLONE, f"tm/linstor/mv.ssh host-a:{D}/disk.0 fe:{D}/disk.0 7 100")

    assert held.hosts_of(COPY) == set()
    held.after(call(f"tm/linstor/mv.ssh fe:{D}/disk.0 host-b:{D}/disk.0 7 100"), 0)
    assert held.hosts_of(COPY) == {"host-b"}


def test_a_live_migration_ends_at_one_host() -> None:
    """While it runs the target is allowed; after postmigrate only the target is, and the directory is there."""
    held = holdings(CLONE, f"tm/linstor/premigrate host-a host-b {D} 7 102 ssh")

    assert held.hosts_of(COPY) == {"host-a", "host-b"}
    assert held.half_done(COPY) == {"host-b"}
    held.after(call(f"tm/linstor/postmigrate host-a host-b {D} 7 102 ssh"), 0)
    assert (held.hosts_of(COPY), held.half_done(COPY)) == ({"host-b"}, set())
    assert [place.host for place in held.directories[7]] == ["host-b"]


def test_nobody_is_told_of_a_failed_migration_under_ssh() -> None:
    """Failmigrate of ssh calls nobody: what premigrate opened stays until the next order about the disk."""
    held = holdings(CLONE, LINK, f"tm/linstor/premigrate host-a host-b {D} 7 102 ssh")
    held.after(call(f"tm/ssh/failmigrate host-a host-b {D} 7 102"), 0)

    assert held.half_done(COPY) == {"host-b"}
    held.after(call(f"tm/linstor/resize.ssh host-a:{D}/disk.0 128 7 100"), 0)
    assert (held.half_done(COPY), held.half_done(PERSISTENT)) == (set(), {"host-b"})


def test_our_own_failmigrate_ends_it() -> None:
    """On a system datastore of this driver the failure is told, so nothing may be left."""
    held = holdings(CLONE, f"tm/linstor/premigrate host-a host-b {D} 7 102")
    held.after(call(f"tm/linstor/failmigrate host-a host-b {D} 7 102"), 0)

    assert (held.hosts_of(COPY), held.half_done(COPY)) == ({"host-a"}, set())


def test_a_premigrate_that_failed_asks_nothing_of_the_target() -> None:
    """The other driver goes on all the same; where the disks are not ready nobody can ask for them."""
    held = holdings(CLONE, call(f"tm/linstor/premigrate host-a host-b {D} 7 102 ssh", 1))
    held.after(call(f"tm/linstor/postmigrate host-a host-b {D} 7 102 ssh"), 0)

    assert (held.disks[DiskOf(7, 0)].needed, held.hosts_of(COPY)) == (set(), {"host-b"})


@pytest.mark.parametrize(
    ("line", "code", "must", "may"),
    [
        (f"tm/linstor/snap_create host-a:{D}/disk.1 1 7 100", 0, {0, 1}, set()),
        (f"tm/linstor/snap_create host-a:{D}/disk.1 1 7 100", 1, {0}, set()),
        (f"tm/linstor/snap_delete host-a:{D}/disk.1 0 7 100", 0, set(), set()),
        (f"tm/linstor/snap_delete host-a:{D}/disk.1 0 7 100", 1, set(), {0}),
        (f"tm/linstor/snap_revert host-a:{D}/disk.1 0 7 100", 0, {0}, set()),
        ("ds/linstor/snap_flatten 4", 0, set(), set()),
    ],
)
def test_snapshots_follow_their_calls(line: str, code: int, must: set[int], may: set[int]) -> None:
    """Those of a persistent disk are the image's, also for the datastore driver (opennebula.md 3.6)."""
    document = "<X><IMAGE><ID>4</ID><SOURCE>Image-4</SOURCE><TARGET_SNAPSHOT>0</TARGET_SNAPSHOT></IMAGE></X>"
    held = holdings(call("ds/linstor/mkfs 4", 0, document), LINK, f"tm/linstor/snap_create host-a:{D}/disk.1 0 7 100")

    held.after(call(line, code, document if line.startswith("ds") else ""), 0)

    assert (held.volumes[PERSISTENT].snapshots, held.volumes[PERSISTENT].doubtful) == (must, may)


# -- contents -------------------------------------------------------------------------------------


class Books:
    """Holdings and ledger, told in the order of the player."""

    def __init__(self) -> None:
        self.held = Holdings("fe")
        self.ledger = Ledger(self.held)

    def after(self, *lines: str) -> None:
        """Calls that ended well."""
        for line in lines:
            each = call(line)
            self.ledger.after(each, Contents(), "")
            self.held.after(each, 64)

    def stamps(self, volume: VolumeName) -> dict[int, str]:
        """What the ledger says is in a volume, in words."""
        return {offset: described(data).strip("'") for offset, data in self.ledger.known(volume).blocks.items()}


def test_a_clone_begins_as_its_image_and_goes_its_own_way() -> None:
    """What is written to the copy does not change the image, and the other way round."""
    books = Books()
    books.ledger.wrote(IMAGE, {0: block("from the source")})

    books.after(CLONE)
    books.ledger.wrote(COPY, {4096: block("guest")})
    books.ledger.wrote(IMAGE, {8192: block("later")})

    assert books.stamps(COPY) == {0: "from the source", 4096: "guest"}


def test_a_revert_brings_back_what_was_there() -> None:
    """Writes after the snapshot are gone, and only those."""
    books = Books()
    books.after(CLONE)
    books.ledger.wrote(COPY, {0: block("before")})
    books.after(f"tm/linstor/snap_create host-a:{D}/disk.0 0 7 100")
    books.ledger.wrote(COPY, {0: block("after")})
    books.after(f"tm/linstor/snap_revert host-a:{D}/disk.0 0 7 100")

    assert books.stamps(COPY) == {0: "before"}


def test_save_as_takes_the_disk_or_its_snapshot() -> None:
    """-1 is the disk as it is, another number that snapshot."""
    books = Books()
    books.after(CLONE)
    books.ledger.wrote(COPY, {0: block("before")})
    books.after(f"tm/linstor/snap_create host-a:{D}/disk.0 0 7 100")
    books.ledger.wrote(COPY, {0: block("after")})
    books.after(f"tm/linstor/cpds host-a:{D}/disk.0 Image-8 -1 7 100")
    books.after(f"tm/linstor/cpds host-a:{D}/disk.0 Image-9 0 7 100")

    assert books.stamps(VolumeName("Image-8")) == {0: "after"}
    assert books.stamps(VolumeName("Image-9")) == {0: "before"}


def test_lost_and_foreign_data_are_named() -> None:
    """A block that is not there as written, and data where nobody wrote, are both told."""
    books = Books()
    books.ledger.wrote(COPY, {0: block("guest write 1")})
    blocks = {0: block("guest write 1"), 4096: bytes(4096)}

    assert list(books.ledger.differences(COPY, blocks.__getitem__, 8192)) == []
    blocks[0] = bytes(4096)
    assert list(books.ledger.differences(COPY, blocks.__getitem__, 8192)) == [
        "offset 0 holds zeros, not 'guest write 1'"
    ]
    blocks = {0: block("guest write 1"), 4096: block("somebody else")}
    assert list(books.ledger.differences(COPY, blocks.__getitem__, 8192)) == [
        "offset 4096 was never written and holds 'somebody else'"
    ]


# -- selection ------------------------------------------------------------------------------------


def _operation(name: str, *calls: Call) -> Operation:
    return Operation(name, calls=calls)


def test_what_an_operation_builds_on_is_put_in_place() -> None:
    """Its VM, its images and where they come from are played, too; what others did is left out."""
    document = "<X><IMAGE><ID>{0}</ID><PATH>{1}</PATH></IMAGE></X>"
    recording = Recording(
        (
            _operation("image-0", call("ds/linstor/cp 0", 0, document.format(0, "/a"))),
            _operation("image-5", call("ds/linstor/clone 5", 0, document.format(5, "OpenNebula-Image-0"))),
            _operation("image-6", call("ds/linstor/cp 6", 0, document.format(6, "/b"))),
            _operation("deploy-7", call(f"tm/linstor/clone fe:OpenNebula-Image-5 host-a:{D}/disk.0 7 100")),
            _operation("deploy-8", call(f"tm/linstor/clone fe:OpenNebula-Image-6 host-a:{D}/disk.0 8 100")),
            _operation("stop-7", call("vmm/kvm/shutdown one-7 host-a 7 host-a")),
            _operation("start-7", call(f"vmm/kvm/deploy {D}/deployment.1 host-a 7 host-a")),
        )
    )

    steps = select(recording, ["stop-*"])

    assert [(step.operation.name, step.reported) for step in steps] == [
        ("image-0", False),
        ("image-5", False),
        ("deploy-7", False),
        ("stop-7", True),
    ]
    assert len(select(recording, [])) == 7
    assert select(recording, ["nothing"]) == []


def test_snapshots_of_an_image_need_what_made_them() -> None:
    """An operation about an image's snapshots builds on the VM that took them, others with that image do not."""
    document = "<X><IMAGE><ID>4</ID><SOURCE>{0}</SOURCE><TARGET_SNAPSHOT>0</TARGET_SNAPSHOT></IMAGE></X>"
    recording = Recording(
        (
            _operation("image", call("ds/linstor/mkfs 4", 0, document.format(""))),
            _operation("deploy-7", call(f"tm/linstor/ln fe:OpenNebula-Image-4 host-a:{D}/disk.1 7 100")),
            _operation("snapshot-7", call(f"tm/linstor/snap_create host-a:{D}/disk.1 0 7 100")),
            _operation("deploy-8", call(f"tm/linstor/ln fe:OpenNebula-Image-4 host-a:{D}/disk.1 8 100")),
            _operation("revert", call("ds/linstor/snap_revert 4", 0, document.format("OpenNebula-Image-4"))),
        )
    )

    assert [step.operation.name for step in select(recording, ["deploy-8"])] == ["image", "deploy-8"]
    assert [step.operation.name for step in select(recording, ["revert"])] == [
        "image",
        "deploy-7",
        "snapshot-7",
        "revert",
    ]


@pytest.mark.parametrize(
    ("other", "exit_code", "doubtful"), [(False, 0, set()), (False, 1, {BACKUPS[0]}), (True, 0, {BACKUPS[0]})]
)
def test_what_backups_left_of_an_image_goes_with_the_disk(other: bool, exit_code: int, doubtful: set[int]) -> None:
    """Unless that failed; of an image that another VM has, too, nobody here knows whose it is."""
    held = holdings(LINK)
    held.volumes[PERSISTENT] = Volume(PERSISTENT)
    if other:
        held.after(call(LINK.replace("/7/disk.1 7", "/8/disk.1 8")), 64)
    held.keep_for_backups(DiskOf(7, 1), {BACKUPS[0]}, set())

    held.after(call(f"tm/linstor/mvds.ssh host-a:{D}/disk.1 fe:Image-4 7 100", exit_code), 64)

    assert (held.volumes[PERSISTENT].snapshots, held.volumes[PERSISTENT].doubtful) == (set(), doubtful)
