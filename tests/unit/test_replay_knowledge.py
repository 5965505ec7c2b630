"""What oned says in the middle of an operation, derived from the calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.opennebula.xml import parse_vm
from domain.opennebula import Vm
from entrypoints.sandbox.replay.knowledge import Knowledge
from entrypoints.sandbox.replay.recording import Call, Document, Operation, Recording
from entrypoints.sandbox.replay.rewriting import Rewriting
from entrypoints.sandbox.replay.site import Site, survey
from entrypoints.sandbox.replay.sources import SourceFiles

D = "/var/lib/one//datastores/102/7"
SYSTEM = "<DATASTORE><ID>102</ID><TYPE>1</TYPE><TM_MAD>ssh</TM_MAD><TEMPLATE/></DATASTORE>"
IMAGE = (
    "<X><IMAGE><ID>{0}</ID><SOURCE></SOURCE><TYPE>{1}</TYPE><PERSISTENT>{2}</PERSISTENT><SIZE>64</SIZE></IMAGE>"
    "<DATASTORE><ID>100</ID><TYPE>0</TYPE><TM_MAD>linstor</TM_MAD><TEMPLATE/></DATASTORE></X>"
)
END = (
    "<VM><ID>7</ID><STATE>3</STATE><LCM_STATE>3</LCM_STATE><TEMPLATE><DISK><DISK_ID>0</DISK_ID><IMAGE_ID>0</IMAGE_ID>"
    "<SOURCE>Image-0</SOURCE><CLONE>YES</CLONE><SIZE>128</SIZE><ORIGINAL_SIZE>64</ORIGINAL_SIZE></DISK></TEMPLATE>"
    "<HISTORY_RECORDS><HISTORY><SEQ>4</SEQ><HOSTNAME>host-a</HOSTNAME><DS_ID>102</DS_ID></HISTORY></HISTORY_RECORDS></VM>"
)
_seq = iter(range(1, 10_000))


class Answers:
    """What a driver would be told."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, int], str] = {}

    def put(self, kind: str, identity: int, document: str) -> None:
        """Remember a document."""
        self.documents[kind, identity] = document

    def vm(self, vm_id: int = 7) -> Vm:
        """A VM, read as the driver reads it."""
        return parse_vm(self.documents["vm", vm_id].encode())


def call(line: str, exit_code: int = 0, document: str = "", stdout: str = "") -> Call:
    """`kind/driver/action words...` as a call."""
    what, *argv = line.split()
    kind, driver, action = what.split("/")
    return Call("op", next(_seq), kind, driver, action, tuple(argv), exit_code, document.encode(), stdout=stdout)


IMAGES = Operation(
    "images",
    calls=(
        call("ds/linstor/cp 0", document=IMAGE.format(0, 0, 0), stdout="Image-0 raw\n"),
        call("ds/linstor/mkfs 4", document=IMAGE.format(4, 2, 1), stdout="Image-4\n"),
        call("ds/linstor/cp 6", document=IMAGE.format(6, 1, 0), stdout="Image-6 raw\n"),
    ),
    documents=(Document("images", "datastore", 102, SYSTEM),),
)
DEPLOY = Operation(
    "deploy",
    calls=(
        call(f"tm/linstor/clone.ssh fe:Image-0 host-a:{D}/disk.0 7 100"),
        call(f"tm/linstor/ln.ssh fe:Image-4 host-a:{D}/disk.1 7 100"),
        call(f"tm/linstor/ln.ssh fe:Image-6 host-a:{D}/disk.2 7 100"),
        call(f"tm/ssh/mkimage 48 raw host-a:{D}/disk.3 7 102"),
        call(f"vmm/kvm/deploy {D}/deployment.0 host-a 7 host-a"),
    ),
    states=("VM 7 ACTIVE/RUNNING",),
)


class Play:
    """Knowledge over some operations, stopped before a call."""

    def __init__(self, sources: SourceFiles) -> None:
        self._sources = sources
        self.told = Answers()

    def until(self, *operations: Operation, stop: Call | None = None) -> Vm:
        """What oned says of VM 7 while *stop* runs; at the end without *stop*."""
        recording = Recording(operations)
        self.knowledge = Knowledge(recording, Rewriting(Site(), "/s", "c", self._sources), self.told, "fe")
        for operation in operations:
            self.knowledge.begin(operation)
            for each in operation.calls:
                self.knowledge.before(each)
                if each is stop:
                    return self.told.vm()
                self.knowledge.after(each)
            self.knowledge.end(operation)
        return self.told.vm()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    with SourceFiles(tmp_path, {}) as sources:
        yield Play(sources)


def test_all_disks_are_known_from_the_first_call(play: Play) -> None:
    """Oned knows every disk of a VM before it makes the first, with size, kind and who owns the volume."""
    vm = play.until(IMAGES, DEPLOY, stop=DEPLOY.calls[0])

    assert [each.disk_id for each in vm.disks] == [0, 1, 2, 3]
    assert [(each.clone, each.persistent, each.readonly, each.volatile) for each in vm.disks] == [
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (None, False, False, True),
    ]
    assert [each.size_mib for each in vm.disks] == [64, 64, 64, 48]
    assert [(each.tm_mad, each.tm_mad_system) for each in vm.disks] == [("linstor", "ssh")] * 3 + [("ssh", "")]
    assert [(each.seq, each.host, each.datastore_id, each.tm_mad) for each in vm.history] == [(0, "host-a", 102, "ssh")]


def test_a_recorded_document_of_the_operation_decides(play: Play) -> None:
    """A size above the image's, which no argument tells, comes from the document at the end of the operation."""
    deploy = Operation("deploy", calls=DEPLOY.calls[:1], documents=(Document("deploy", "vm", 7, END),))

    assert play.until(IMAGES, deploy, stop=deploy.calls[0]).disks[0].size_mib == 128
    assert play.until(IMAGES, deploy).seq == 4


def test_a_resize_shows_while_it_runs_and_not_before(play: Play) -> None:
    """The document from after a resize is no guide for the time before it; a resize that fails is taken back."""
    clone = call(f"tm/linstor/clone fe:Image-0 host-a:{D}/disk.0 7 100")
    deploy = Operation("deploy", calls=(clone,), states=("VM 7 ACTIVE/RUNNING",))
    resize = Operation(
        "resize",
        calls=(call(f"tm/linstor/resize host-a:{D}/disk.0 128 7 100"),),
        documents=(Document("resize", "vm", 7, END),),
    )
    fails = Operation("fails", calls=(call(f"tm/linstor/resize host-a:{D}/disk.0 256 7 100", 1),))

    assert play.until(IMAGES, deploy, resize, stop=clone).disks[0].size_mib == 64
    assert play.until(IMAGES, deploy, resize, stop=resize.calls[0]).disks[0].size_mib == 128
    assert play.until(IMAGES, deploy, resize, fails, stop=fails.calls[0]).disks[0].size_mib == 256
    assert play.until(IMAGES, deploy, resize, fails).disks[0].size_mib == 128


def test_a_move_to_a_host_begins_a_record_and_one_to_the_front_end_does_not(play: Play) -> None:
    """`HISTORY[last()]` is where the VM runs or will run; the number is the one that the next start names."""
    stop = Operation(
        "stop",
        calls=(
            call(f"vmm/kvm/save one-7 {D}/checkpoint host-a 7 host-a"),
            call(f"tm/linstor/mv.ssh host-a:{D}/disk.0 fe:{D}/disk.0 7 100"),
        ),
        states=("VM 7 STOPPED",),
    )
    resume = Operation(
        "resume",
        calls=(
            call(f"tm/linstor/mv.ssh fe:{D}/disk.0 host-b:{D}/disk.0 7 100"),
            call(f"vmm/kvm/restore {D}/checkpoint host-b one-7 7 host-b"),
            call(f"vmm/kvm/deploy {D}/deployment.9 host-b 7 host-b"),
        ),
    )

    leaving = play.until(IMAGES, DEPLOY, stop, stop=stop.calls[1])
    assert (leaving.history[-1].host, leaving.lcm_state) == ("host-a", 10)
    coming = play.until(IMAGES, DEPLOY, stop, resume, stop=resume.calls[0])
    assert (coming.history[-1].host, coming.seq, coming.lcm_state) == ("host-b", 9, 9)
    assert [each.host for each in coming.history] == ["host-a", "host-b"]


def test_a_failed_migration_goes_on_where_it_was(play: Play) -> None:
    """The record of the target stays in the history, and a new one names the source again."""
    migrate = Operation(
        "migrate",
        calls=(
            call(f"tm/linstor/premigrate host-a host-b {D} 7 102"),
            call("vmm/kvm/migrate one-7 host-b host-a 7 host-a", 1),
        ),
    )

    assert play.until(IMAGES, DEPLOY, migrate, stop=migrate.calls[1]).history[-1].host == "host-b"
    assert [each.host for each in play.until(IMAGES, DEPLOY, migrate).history] == ["host-a", "host-b", "host-a"]


def test_a_new_life_has_a_new_number(play: Play) -> None:
    """After `delete DIR` the same VM on the same host is another life of its disks (opennebula.md 8.3 no. 14)."""
    end = Operation("recreate", calls=(call(f"tm/ssh/delete host-a:{D} 7 102"),), states=("VM 7 PENDING",))
    again = Operation("again", calls=(call(f"tm/linstor/clone.ssh fe:Image-0 host-a:{D}/disk.0 7 100", 1),))
    retry = Operation("retry", calls=(call(f"tm/linstor/clone.ssh fe:Image-0 host-a:{D}/disk.0 7 100"),))

    assert play.until(IMAGES, DEPLOY, end, again, stop=again.calls[0]).seq == 1
    assert play.until(IMAGES, DEPLOY, end, again, retry, stop=retry.calls[0]).seq == 1


def test_a_detached_disk_is_forgotten_and_a_terminated_vm_keeps_its_disks(play: Play) -> None:
    """Oned drops a disk after its detachment; the document of a VM that is DONE still has all."""
    detach = Operation("detach", calls=(call(f"tm/linstor/delete.ssh host-a:{D}/disk.0 7 100"),))
    terminate = Operation("terminate", calls=(*detach.calls, call(f"tm/ssh/delete host-a:{D} 7 102")))

    assert [each.disk_id for each in play.until(IMAGES, DEPLOY, detach).disks] == [1, 2, 3]
    assert [each.disk_id for each in play.until(IMAGES, DEPLOY, terminate).disks] == [0, 1, 2, 3]


def test_an_attachment_that_fails_leaves_no_disk(play: Play) -> None:
    """A running VM does not get the disk; the next one may have its number."""
    attach = Operation("attach", calls=(call(f"tm/linstor/clone.ssh fe:Image-0 host-a:{D}/disk.5 7 100", 1),))

    assert 5 in [each.disk_id for each in play.until(IMAGES, DEPLOY, attach, stop=attach.calls[0]).disks]
    assert 5 not in [each.disk_id for each in play.until(IMAGES, DEPLOY, attach).disks]


def test_a_snapshot_is_on_record_while_it_is_taken(play: Play) -> None:
    """The record exists during the call, with the time that tells a retry from a new request."""
    take = Operation("take", calls=(call(f"tm/linstor/snap_create.ssh host-a:{D}/disk.0 2 7 100"),))
    drop = Operation("drop", calls=(call(f"tm/linstor/snap_delete.ssh host-a:{D}/disk.0 2 7 100"),))

    record = play.until(IMAGES, DEPLOY, take, stop=take.calls[0]).snapshot(0, 2)
    assert record is not None
    assert (record.date > 0, record.size_mib) == (True, 64)
    assert play.until(IMAGES, DEPLOY, take, drop).snapshot(0, 2) is None


def test_a_snapshot_that_fails_is_taken_off_the_record(play: Play) -> None:
    """No disk has a snapshot that nobody took; only its number is used up."""
    take = Operation("take", calls=(call(f"tm/linstor/snap_create_live.ssh host-a:{D}/disk.0 2 7 100", 1),))

    assert play.until(IMAGES, DEPLOY, take, stop=take.calls[0]).snapshot(0, 2) is not None
    assert play.until(IMAGES, DEPLOY, take).snapshot(0, 2) is None


def test_a_disk_has_the_size_that_its_image_had_by_then(play: Play) -> None:
    """A persistent image grows with the disks that it was; a document from later is no guide for the time before."""
    attach = Operation("attach", calls=(call(f"tm/linstor/ln.ssh fe:Image-4 host-a:{D}/disk.5 7 100"),))
    again = Operation("again", calls=(call(f"tm/linstor/ln.ssh fe:Image-4 host-a:{D}/disk.6 7 100"),))
    grown = "<IMAGE><ID>4</ID><SOURCE>Image-4</SOURCE><PERSISTENT>1</PERSISTENT><SIZE>192</SIZE></IMAGE>"
    later = Operation("later", documents=(Document("later", "image", 4, grown),))

    vm = play.until(IMAGES, DEPLOY, attach, later, again)
    assert [each.size_mib for each in vm.disks if each.disk_id >= 5] == [64, 192]


def test_a_site_is_read_off_its_recording() -> None:
    """Front-end, hosts, groups, shared datastores and sizes of sources come from the calls and documents."""
    shared = "<DATASTORE><ID>103</ID><TYPE>1</TYPE><TM_MAD>shared</TM_MAD><TEMPLATE/></DATASTORE>"
    image = (
        "<X><IMAGE><ID>1</ID><PATH>/a/os.raw</PATH><SIZE>32</SIZE></IMAGE><DATASTORE><ID>100</ID>"
        "<BASE_PATH>/data//datastores/100</BASE_PATH><TEMPLATE><LINSTOR_RESOURCE_GROUP>fast</LINSTOR_RESOURCE_GROUP>"
        "<LINSTOR_NODE_MAP>host-a:alpha</LINSTOR_NODE_MAP></TEMPLATE></DATASTORE></X>"
    )
    create = Operation(
        "create",
        calls=(call("ds/linstor/cp 1", document=image),),
        documents=(Document("create", "datastore", 103, shared),),
    )

    site = survey(Recording((create, DEPLOY)))

    assert (site.front_end, site.hosts, site.groups) == ("fe", ("host-a",), ("fast",))
    assert (site.shared, site.nodes, site.sizes_mib) == (frozenset({103}), {"host-a": "alpha"}, {"/a/os.raw": 32})
    assert site.location == "/data/datastores"
