"""Every shape in which oned calls the driver becomes the right order."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.opennebula.xml import parse_action_data, parse_vm
from domain import orders
from domain.errors import BadOrder
from domain.names import DiskOf
from domain.opennebula import Vm
from entrypoints.remotes.parser import ACTIONS, Call, Documents, parse, plain_action

CALLS = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "linstor-calls.jsonl.gz"


def documents(vm: Vm | None = None) -> Documents:
    """Documents that ask nobody, unless a VM is given."""

    def ask(vm_id: int) -> Vm:
        assert vm is not None, f"oned was asked for VM {vm_id}"
        return vm

    return Documents(parse_vm, parse_action_data, ask)


def recorded() -> Iterator[dict[str, Any]]:
    with gzip.open(CALLS, "rt", encoding="utf-8") as lines:
        for line in lines:
            call = json.loads(line)
            kind = {"ds": "datastore", "tm": "tm"}[call["kind"]]
            if plain_action(call["action"]) in ACTIONS[kind]:
                yield call | {"kind": kind}


def test_every_recorded_call_of_a_real_oned_is_an_order() -> None:
    """No call that oned 7.4 makes for an action of this driver is refused by the parser."""
    count = 0
    for each in recorded():
        call = Call(each["kind"], each["action"], tuple(each["argv"]), base64.b64decode(each["stdin_base64"]))
        parse(call, documents())
        count += 1
    assert count > 300


def test_recorded_disks_keep_vm_disk_host_and_path() -> None:
    """The order of a recorded clone carries what its arguments say, without the doubled slash."""
    each = next(call for call in recorded() if call["action"] == "clone.ssh")
    order = parse(Call("tm", "clone.ssh", tuple(each["argv"])), documents())
    assert isinstance(order, orders.CloneDisk)
    vm, datastore = int(each["argv"][2]), int(each["argv"][3])
    assert order.of.vm == vm
    assert order.datastore_id == datastore
    host, path = each["argv"][1].split(":")
    assert (order.place.host, order.place.path) == (host, path.replace("//", "/"))


XML = base64.b64encode(
    b"<DS_DRIVER_ACTION_DATA><IMAGE><ID>5</ID></IMAGE><DATASTORE><ID>1</ID></DATASTORE></DS_DRIVER_ACTION_DATA>"
)


@pytest.mark.parametrize(
    ("argv", "stdin"),
    [
        ((XML.decode(), "5"), b""),
        (("-", "5"), XML),
        (("5",), XML),
        (("5",), XML + b"\n"),
        (("5",), XML[:20] + b"\n" + XML[20:]),
    ],
    ids=["5.8", "6.4.4 --stdin", "6.8", "newline", "broken lines"],
)
def test_a_datastore_document_is_found_wherever_a_version_puts_it(argv: tuple[str, ...], stdin: bytes) -> None:
    """Defect 58: argument, standard input and both forms of line breaks give the same order."""
    order = parse(Call("datastore", "rm", argv, stdin), documents())
    assert isinstance(order, orders.RemoveImage)
    assert order.image.image_id == 5


VM_XML = base64.b64encode(b"<VM><ID>7</ID><TEMPLATE/></VM>")
MIGRATE = ("host-a", "host-b", "/var/lib/one//datastores/0/7", "7", "0")


@pytest.mark.parametrize(
    ("argv", "stdin", "caller"),
    [
        ((*MIGRATE, VM_XML.decode()), b"", ""),
        ((*MIGRATE, VM_XML.decode(), "ssh"), b"", "ssh"),
        (MIGRATE, VM_XML, ""),
        ((*MIGRATE, "ceph"), VM_XML, "ceph"),
        ((*MIGRATE, "fs_lvm_ssh"), VM_XML, "fs_lvm_ssh"),
        ((*MIGRATE, "ssh", "local"), VM_XML, "ssh"),
    ],
)
def test_the_caller_of_a_migration_is_never_taken_for_a_document(
    argv: tuple[str, ...], stdin: bytes, caller: str
) -> None:
    """Defect 38: names such as ceph decode as base64, and are still names (defect 38)."""
    order = parse(Call("tm", "premigrate", argv, stdin), documents())
    assert isinstance(order, orders.Migrate)
    assert (order.caller, order.vm.vm_id) == (caller, 7)


def test_a_migration_without_a_document_asks_oned() -> None:
    """Where neither argument nor standard input holds the VM, oned does."""
    order = parse(Call("tm", "postmigrate", (*MIGRATE, "ssh")), documents(Vm(7)))
    assert isinstance(order, orders.Migrate)
    assert order.vm == Vm(7)


def test_a_directory_with_a_dot_is_a_directory() -> None:
    """Defect 31: only a path that ends in disk.<number> is a disk (defect 31)."""
    order = parse(Call("tm", "delete", ("h:/srv/one.d/datastores/0/7", "7", "0")), documents())
    assert order == orders.DeleteDirectory(orders.Place("h", "/srv/one.d/datastores/0/7"), 7, 0)


def test_a_context_has_any_number_of_files() -> None:
    """The place is the third argument from the end, however many files come first (defect 60)."""
    argv = ("/a/context.sh", "/b/two", "http://c/three", "h:/d//0/7/disk.1", "7", "0")
    order = parse(Call("tm", "context", argv), documents())
    assert isinstance(order, orders.MakeContext)
    assert (order.place.path, order.argv) == ("/d/0/7/disk.1", argv)


def test_volatile_disks_carry_size_and_format() -> None:
    """Mkimage and mkswap give one kind of order; `-` stands for an empty format (defect 52)."""
    image = parse(Call("tm", "mkimage", ("64", "-", "h:/d/0/7/disk.3", "7", "0")), documents())
    swap = parse(Call("tm", "mkswap", ("32", "h:/d/0/7/disk.4", "7", "0")), documents())
    assert image == orders.MakeVolatile(64, "", orders.Place("h", "/d/0/7/disk.3"), DiskOf(7, 3), 0)
    assert swap == orders.MakeVolatile(32, "swap", orders.Place("h", "/d/0/7/disk.4"), DiskOf(7, 4), 0)


@pytest.mark.parametrize(
    ("action", "argv"),
    [
        ("clone", ("fe:Image", "h:/d/0/7/disk.0", "7")),
        ("clone", ("fe:Image", "no-colon", "7", "0")),
        ("clone", ("fe:Image", "h:relative/disk.0", "7", "0")),
        ("clone", ("fe:Image", "h:/d/../etc/disk.0", "7", "0")),
        ("clone", ("fe:$(reboot)", "h:/d/0/7/disk.0", "7", "0")),
        ("clone", ("fe:Image", "-oProxyCommand=x:/d/0/7/disk.0", "7", "0")),
        ("ln", ("fe:Image", "h:/d/0/7/disk.x", "7", "0")),
        ("mkimage", ("0", "raw", "h:/d/0/7/disk.0", "7", "0")),
        ("mkimage", ("sixty", "raw", "h:/d/0/7/disk.0", "7", "0")),
        ("delete", ("h:/d/0/7/disk.0", "seven", "0")),
        ("nonsense", ()),
    ],
)
def test_what_is_no_order_is_refused_with_a_sentence(action: str, argv: tuple[str, ...]) -> None:
    """Missing arguments, foreign words and names with shell in them never get past the parser (defect 37)."""
    with pytest.raises(BadOrder) as refused:
        parse(Call("tm", action, argv), documents())
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("element", "asked"),
    [("", None), ("<MONITOR_VM_DISKS>0</MONITOR_VM_DISKS>", False), ("<MONITOR_VM_DISKS>1</MONITOR_VM_DISKS>", True)],
)
def test_monitor_is_asked_for_the_disks_of_vms_now_and_then(element: str, asked: bool | None) -> None:
    """OpenNebula before 5.10 says neither yes nor no."""
    text = f"<DS_DRIVER_ACTION_DATA><DATASTORE><ID>104</ID></DATASTORE>{element}</DS_DRIVER_ACTION_DATA>"
    order = parse(Call("tm", "monitor", ("104",), base64.b64encode(text.encode())), documents())
    assert isinstance(order, orders.Monitor)
    assert order.vm_disks is asked


@pytest.mark.parametrize(
    "path", ["/d/0/7\n/disk.0", "/d/0/7 8/disk.0", "/d/\x1b[31m/disk.0", "/d/\udcff/disk.0", "/d/../disk.0", "d/disk.0"]
)
def test_a_path_with_blanks_or_control_characters_is_refused(path: str) -> None:
    """A debt of a dead host is a list of paths with blanks between them, and a script is text."""
    with pytest.raises(BadOrder, match="absolute path"):
        parse(Call("tm", "delete", (f"h:{path}", "7", "0")), documents())


@pytest.mark.parametrize("disk", ["9" * 5000, "٣", "-1", "1e3"])
def test_a_disk_has_a_plain_number(disk: str) -> None:
    """What is no number of a disk is no disk, and ends with one sentence."""
    with pytest.raises(BadOrder, match="does not end in disk"):
        parse(Call("tm", "resize", (f"h:/d/0/7/disk.{disk}", "8", "7", "0")), documents())


def test_an_argument_in_another_encoding_is_no_document() -> None:
    """Python keeps such bytes as surrogates."""
    with pytest.raises(BadOrder, match="base64"):
        parse(Call("datastore", "rm", ("\udcff\udcfe", "5")), documents())


@pytest.mark.parametrize("action", ["cp", "mkfs", "clone"])
def test_an_image_that_is_made_has_a_number(action: str) -> None:
    """Its volume is named after it; stat alone comes without one."""
    document = b"<DS_DRIVER_ACTION_DATA><IMAGE/><DATASTORE><ID>1</ID></DATASTORE></DS_DRIVER_ACTION_DATA>"
    with pytest.raises(BadOrder, match="without ID"):
        parse(Call("datastore", action, ("5",), base64.b64encode(document)), documents())


VM = b"<VM><ID>46</ID><DEPLOY_ID>one-46</DEPLOY_ID></VM>"


@pytest.mark.parametrize("action", ["prebackup", "prebackup_live", "postbackup", "postbackup_live"])
@pytest.mark.parametrize(
    "argv",
    [
        ("host-a:/var/ds/104/46", "0:1:", "one-46", "46", "104"),
        ("host-a:/var/ds/104/46", "0:1", "one-46", "-", "46", "104"),
        ("host-a:/var/ds/104/46", "0:1", "one-46", "12", "46", "104"),
    ],
)
@pytest.mark.parametrize("stdin", [VM + b"\n", base64.b64encode(VM)])
def test_a_backup_in_all_its_shapes(action: str, argv: tuple[str, ...], stdin: bytes) -> None:
    """6.6 knows no backup jobs and ends the list of disks with a colon (opennebula.md 3.1)."""
    order = parse(Call("tm", action, argv, stdin), documents())
    assert isinstance(order, orders.BackUp)
    assert (order.place, order.disks, order.deploy_id) == (orders.Place("host-a", "/var/ds/104/46"), (0, 1), "one-46")
    assert (order.vm.vm_id, order.datastore_id, order.document) == (46, 104, VM)


@pytest.mark.parametrize(
    ("argv", "stdin"),
    [
        (("host-a:/var/ds/104/46", "0:x", "one-46", "46", "104"), VM),
        (("host-a:/var/ds/104/46", "0", "one-46", "47", "104"), VM),
        (("host-a:/var/ds/104/46", "0", "one-46", "46", "104"), b""),
        (("host-a:/var/ds/104/46", "0", "one-46"), VM),
    ],
)
def test_a_backup_that_makes_no_sense(argv: tuple[str, ...], stdin: bytes) -> None:
    """Another VM, no VM, no number of a disk."""
    with pytest.raises(BadOrder):
        parse(Call("tm", "prebackup", argv, stdin), documents())


def test_a_restore_of_all_or_of_one() -> None:
    """-1 is the last increment, and all disks."""
    words = ("host-a:/var/lib/one//datastores/104/46", "46", "49")
    place = orders.Place("host-a", "/var/lib/one/datastores/104/46")
    whole = parse(Call("tm", "restore", (*words, "-1", "-1")), documents())
    assert whole == orders.RestoreDisks(place, 46, 49, None, None)
    part = parse(Call("tm", "restore", (*words, "2", "0")), documents())
    assert part == orders.RestoreDisks(place, 46, 49, 2, 0)
