"""The audit of oned's documents, LINSTOR and the hosts: something is planted in each that the others deny."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.memory.linstor.objects import Definition
from domain.names import BACKUPS, DiskOf, snapshot_name
from entrypoints.sandbox.replay.audit import Audit
from entrypoints.sandbox.replay.holdings import Holdings
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.ledger import Ledger
from entrypoints.sandbox.replay.recording import Call, Document, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.site import Site
from entrypoints.sandbox.replay.sources import SourceFiles
from entrypoints.sandbox.replay.vm_document import STATES, VmDocument
from entrypoints.sandbox.world import Sandbox

VM, MIB = 7, 1024
D = f"/var/lib/one/datastores/102/{VM}"
IMAGE, COPY, PERSISTENT = "OpenNebula-Image-0", "OpenNebula-Image-0-vm7-disk0", "OpenNebula-Image-4"
GROUP, SNAPSHOT = "OpenNebula-Default", "OpenNebula-Snap-0"
SAVED = snapshot_name(BACKUPS[0])
DATASTORE = "<DATASTORE><ID>{0}</ID><TYPE>{1}</TYPE><TM_MAD>{2}</TM_MAD><TEMPLATE/></DATASTORE>"
STORED = "<X><IMAGE><ID>{0}</ID><SOURCE></SOURCE><TYPE>0</TYPE><PERSISTENT>{1}</PERSISTENT><SIZE>64</SIZE></IMAGE></X>"
READY = "<IMAGE><ID>4</ID><SOURCE>{1}</SOURCE><SIZE>{0}</SIZE><STATE>8</STATE><DATASTORE_ID>100</DATASTORE_ID></IMAGE>"


def call(line: str, document: str = "", stdout: str = "") -> Call:
    """`kind/driver/action words...` as a call."""
    what, *argv = line.split()
    kind, driver, action = what.split("/")
    return Call("op", 1, kind, driver, action, tuple(argv), 0, document.encode(), stdout=stdout)


BEGIN = Operation(
    "begin",
    calls=(
        call("ds/linstor/cp 0", STORED.format(0, 0), f"{IMAGE} raw\n"),
        call("ds/linstor/cp 4", STORED.format(4, 1), f"{PERSISTENT} raw\n"),
        call(f"tm/linstor/clone.ssh one-fe:{IMAGE} host-a:{D}/disk.0 {VM} 100"),
        call(f"tm/linstor/ln.ssh one-fe:{PERSISTENT} host-a:{D}/disk.1 {VM} 100"),
        call(f"vmm/kvm/deploy {D}/deployment.0 host-a {VM} host-a"),
        call(f"tm/linstor/snap_create_live.ssh host-a:{D}/disk.0 0 {VM} 100"),
    ),
    states=(f"VM {VM} ACTIVE/RUNNING",),
    documents=(
        Document("begin", "datastore", 100, DATASTORE.format(100, 0, "linstor")),
        Document("begin", "datastore", 102, DATASTORE.format(102, 1, "ssh")),
    ),
)


class World:
    """VM 7 runs on host-a; disk 0 is its copy of an image, with a snapshot, and disk 1 is a persistent image."""

    def __init__(self, sandbox: Sandbox, sources: SourceFiles) -> None:
        self.sandbox = sandbox
        self.operation = BEGIN
        site = Site(hosts=("host-a", "host-b", "host-c"), stores=frozenset({107}))
        self._rewriting = Rewriting(site, str(sandbox.one / "var"), sandbox.controller, sources)
        self._knowledge = Knowledge(Recording((BEGIN,)), self._rewriting, sandbox.oned, site.front_end)
        self.holdings = Holdings(site.front_end)
        self._audit = Audit(sandbox, self._knowledge, self.holdings, Ledger(self.holdings), self._rewriting, site)
        self._hear()
        self._furnish()

    def _hear(self) -> None:
        """Oned's documents and what must exist follow from the calls."""
        self._knowledge.begin(BEGIN)
        for each in BEGIN.calls:
            self._knowledge.before(each)
            self.holdings.after(each, 64)
            self._knowledge.after(each)
        self._knowledge.end(BEGIN)

    def _furnish(self) -> None:
        """LINSTOR and the hosts as the driver leaves them."""
        model = self.sandbox.linstor
        for name in (IMAGE, COPY, PERSISTENT):
            model.definitions.spawn(GROUP, name, [64 * MIB])
        for disk, name in enumerate((COPY, PERSISTENT)):
            model.resources.make_available(name, "host-a")
            self.link("host-a", disk, name)
        model.snapshots.create(COPY, SNAPSHOT)
        self.sandbox.guests.start(VM, "host-a", self._rewriting.text(D), [0, 1])

    @property
    def vm(self) -> VmDocument:
        """What oned says of the VM."""
        return self._knowledge.vm(VM)

    def definition(self, name: str = COPY) -> Definition:
        """What LINSTOR has."""
        return self.sandbox.linstor.state.definitions[name]

    def path(self, host: str, disk: int) -> Path:
        """The path of a disk on a host."""
        return self.sandbox.host_path(host, self._rewriting.text(f"{D}/disk.{disk}"))

    def link(self, host: str, disk: int, name: str) -> None:
        """A disk of a host leads to a volume."""
        path = self.path(host, disk)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(f"/dev/drbd{self.definition(name).volumes[0].minor}")

    def image_says(self, size_mib: int, source: str = PERSISTENT) -> None:
        """Oned's document of the persistent image, of this very moment."""
        self.operation = Operation("op", documents=(Document("op", "image", 4, READY.format(size_mib, source)),))

    def keep(self, name: str) -> None:
        """The driver keeps a snapshot of the first disk for the next increment."""
        self.sandbox.linstor.snapshots.create(COPY, name)
        self.definition().snapshots[name].props["Aux/OpenNebula/asked"] = "0 of 52"

    def lose_image(self) -> None:
        """Oned has just described an image, and LINSTOR does not have it."""
        self.image_says(64)
        self.sandbox.linstor.state.definitions.pop(PERSISTENT)

    def go_to(self, host: str) -> None:
        """Oned says that the VM is on another host."""
        self.vm.begin_record(1, host, 102, "ssh")

    def findings(self, *, waiting: frozenset[int] = frozenset()) -> list[str]:
        """What the audit finds."""
        return self._audit.findings(self.operation, waiting)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Sandbox() as sandbox, SourceFiles(tmp_path, {}) as sources:
        yield World(sandbox, sources)


Fault = Callable[[World], object]


# -- planted faults -------------------------------------------------------------------------------

ONED: dict[str, tuple[Fault, str]] = {
    "another size": (lambda world: world.vm.set_disk(0, "SIZE", "128"), "disk 0 of VM 7: oned says"),
    "one snapshot more": (lambda world: world.vm.put_snapshot(0, 3, {}), "snapshots 0, 3 on host-a; LINSTOR has"),
    "one snapshot less": (lambda world: world.vm.drop_snapshot(0, 0), "snapshots none on host-a; LINSTOR has"),
    "another volume": (lambda world: world.vm.set_disk(1, "SOURCE", IMAGE), f"host-a has {PERSISTENT} as disk.1"),
    "another host": (lambda world: world.go_to("host-b"), "a guest runs on host-b with disks 0, 1; LINSTOR has"),
    "no guest": (lambda world: world.vm.set_state(STATES["POWEROFF"]), "oned says no guest runs; LINSTOR has"),
    "a disk less": (lambda world: world.vm.drop_disk(1), "in fact a guest runs on host-a with disks 0, 1"),
    "an image of another size": (lambda world: world.image_says(32), "image 4: oned says"),
    "an image that is not there": (lambda world: world.lose_image(), "image 4: oned says"),
}
LINSTOR: dict[str, tuple[Fault, str]] = {
    "a smaller volume": (lambda world: setattr(world.definition().volumes[0], "size", 4096), "of 4096 KiB"),
    "no snapshot": (lambda world: world.definition().snapshots.clear(), "lost its snapshots 0"),
    "another snapshot": (
        lambda world: world.sandbox.linstor.snapshots.create(PERSISTENT, "OpenNebula-Snap-5"),
        "snapshots 5; host-a has",
    ),
    "a snapshot of a backup": (lambda world: world.keep(SAVED), f"snapshots {BACKUPS[0]}, which nobody owns"),
    "no volume": (lambda world: world.sandbox.linstor.state.definitions.pop(COPY), f"LINSTOR has lost {COPY}"),
    "a volume of nobody": (
        lambda world: world.sandbox.linstor.definitions.spawn(GROUP, "OpenNebula-Image-9", [4096]),
        "has OpenNebula-Image-9, which no VM or image owns",
    ),
    "a mark": (
        lambda world: world.definition().props.update({"Aux/OpenNebula/state": "creating"}),
        f"{COPY} is marked as creating",
    ),
}
HOSTS: dict[str, tuple[Fault, str]] = {
    "no link": (lambda world: world.path("host-a", 0).unlink(), "host-a has no device as disk.0"),
    "a link elsewhere": (lambda world: world.link("host-a", 0, IMAGE), f"host-a has {IMAGE} as disk.0"),
    "a link too many": (lambda world: world.link("host-a", 5, IMAGE), "a disk that VM 7 does not have"),
    "a directory of nobody": (lambda world: world.link("host-b", 0, COPY), "host-b has 102/7, which no VM owns"),
    "no guest": (lambda world: world.sandbox.guests.stop(VM), "in fact no guest runs"),
    "a backup that is over": (
        lambda world: world.path("host-a", 0).with_name("backup").mkdir(),
        "host-a has 102/7/backup, and no backup runs",
    ),
    "a device left open": (
        lambda world: world.sandbox.linstor.devices.open("host-a", COPY, write=False, label="dd"),
        f"{COPY} is still open on host-a, by dd",
    ),
}
FAULTS = {
    f"{world}: {name}": fault
    for world, faults in {"oned": ONED, "LINSTOR": LINSTOR, "hosts": HOSTS}.items()
    for name, fault in faults.items()
}


def test_three_worlds_that_agree_give_no_finding(world: World) -> None:
    """Also where oned has just described the image."""
    world.image_says(64)

    assert world.findings() == []


@pytest.mark.parametrize("name", FAULTS)
def test_what_one_world_says_and_the_others_deny_is_found(world: World, name: str) -> None:
    """Wherever it was planted, a line names it."""
    fault, said = FAULTS[name]
    fault(world)

    assert any(said in each for each in world.findings()), world.findings()


@pytest.mark.parametrize("name", [each for each in FAULTS if each.startswith("oned") and "image" not in each])
def test_where_oned_is_denied_one_line_tells_all_three(world: World, name: str) -> None:
    """What oned says, what LINSTOR has and what the host has, so that nobody needs to look it up."""
    FAULTS[name][0](world)

    lines = world.findings()
    assert any("oned says" in each and "LINSTOR has" in each and "host-a" in each for each in lines), lines


def test_a_disk_that_is_not_on_a_host_is_known_by_its_volume_alone(world: World) -> None:
    """A VM that is stopped has no link anywhere, and no guest; its volume must still be there, as large as it was."""
    world.sandbox.guests.stop(VM)
    world.vm.set_state(STATES["STOPPED"])
    world.path("host-a", 0).unlink()
    told = [each for each in world.findings() if "oned says" in each]
    world.vm.set_disk(0, "SIZE", "128")

    assert told == []
    assert any("disk 0 of VM 7: oned says" in each for each in world.findings())


@pytest.mark.parametrize("state", ["DONE", "PENDING"])
def test_a_vm_without_a_place_is_not_held_to_its_disks(world: World, state: str) -> None:
    """Its document keeps the disks, and says nothing of where they are."""
    world.sandbox.guests.stop(VM)
    world.vm.set_state(STATES[state])
    world.vm.set_disk(0, "SIZE", "128")

    assert world.findings() == []


def test_a_guest_that_waits_for_its_disks_is_no_disagreement(world: World) -> None:
    """The recorded hypervisor said that it goes on; that it cannot yet is told elsewhere."""
    world.sandbox.guests.stop(VM)

    assert world.findings(waiting=frozenset({VM})) == []
    assert world.findings() != []


def test_a_snapshot_whose_deletion_failed_may_be_there_or_not(world: World) -> None:
    """Oned keeps its record, and nobody knows how far the deletion came."""
    volume = next(each for name, each in world.holdings.volumes.items() if name == COPY)
    volume.snapshots.discard(0)
    volume.doubtful.add(0)
    assert world.findings() == []

    world.sandbox.linstor.snapshots.delete(COPY, SNAPSHOT)
    assert world.findings() == []


def test_a_snapshot_for_the_next_increment_is_the_drivers_own(world: World) -> None:
    """Oned knows nothing of it; it must be there, and say which backup it is of."""
    world.keep(SAVED)
    world.holdings.keep_for_backups(DiskOf(VM, 0), {BACKUPS[0]}, set())
    assert world.findings() == []

    world.definition().snapshots[SAVED].props.clear()
    assert any("no later one begins from it" in each for each in world.findings())
    world.sandbox.linstor.snapshots.delete(COPY, SAVED)
    assert any(f"has lost its snapshots {BACKUPS[0]}" in each for each in world.findings())


def test_a_backup_datastore_holds_no_vm_directories(world: World) -> None:
    """The store has a directory of each VM that it has a backup of."""
    (world.sandbox.datastores / "107" / str(VM) / "aaaaaa").mkdir(parents=True)
    assert world.findings() == []


def test_an_image_from_a_backup_may_be_larger(world: World) -> None:
    """It is as large as the device was; oned has its size from a store that rounds otherwise."""
    world.image_says(63)
    assert world.findings() != []

    told = READY.format(63, PERSISTENT).replace(
        "<STATE>", "<TEMPLATE><FROM_BACKUP_DS>107</FROM_BACKUP_DS></TEMPLATE><STATE>"
    )
    world.operation = Operation("op", documents=(Document("op", "image", 4, told),))
    assert world.findings() == []


def test_a_disk_whose_end_failed_may_be_there_or_not(world: World) -> None:
    """Oned keeps it, and the guest has given it back."""
    delete = call(f"tm/linstor/mvds.ssh host-a:{D}/disk.1 {PERSISTENT} {VM} 100")
    world.sandbox.guests.detach(VM, 1)
    assert world.findings() != []

    world.holdings.after(replace(delete, exit_code=1), 0)
    assert world.findings() == []


@pytest.mark.parametrize(("asked", "found"), [("--success 7", False), ("--delete-db 7", False), ("--success 8", True)])
def test_what_an_administrator_told_oned_of_a_vm_is_no_evidence(world: World, asked: str, found: bool) -> None:
    """`recover --success` and `--delete-db` change the document, and no driver makes it so."""
    world.operation = Operation("op", commands=(f"onevm recover {asked}",))
    world.vm.set_disk(0, "SIZE", "128")

    assert any("oned says" in each for each in world.findings()) is found


def test_a_qcow2_disk_may_have_a_larger_volume_and_no_smaller_one(world: World) -> None:
    """Its volume holds the tables of the format, too."""
    world.vm.set_disk(0, "FORMAT", "qcow2")
    world.vm.set_disk(0, "SIZE", "63")
    assert world.findings() == []

    world.vm.set_disk(0, "SIZE", "65")
    assert any("disk 0 of VM 7: oned says" in each for each in world.findings())
