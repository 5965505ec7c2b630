"""What oned 5.8 to 6.10 would have called is understood as what oned 7.4 called."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.variants.calls import as_called_by, is_known
from tests.variants.recordings import variant, write
from tests.variants.versions import VERSIONS, Version

from adapters.opennebula.xml import parse_action_data, parse_vm
from domain import orders
from domain.opennebula import Disk, Image, Vm
from entrypoints.remotes.parser import ACTIONS, Documents, parse, plain_action
from entrypoints.remotes.parser import Call as Start
from entrypoints.sandbox.replay.payload import document_in
from entrypoints.sandbox.replay.recording import Call, Document, Operation, Recording, read

CALLS = Path(__file__).parent.parent / "captures" / "oned-7.4.0" / "linstor-calls.jsonl.gz"
KINDS = {"ds": "datastore", "tm": "tm"}
STORE_AND_VM = b"<X><DATASTORE><ID>107</ID></DATASTORE> <VM><ID>7</ID></VM></X>"
each_version = pytest.mark.parametrize("version", VERSIONS, ids=[each.name for each in VERSIONS])


def recorded() -> Iterator[Call]:
    with gzip.open(CALLS, "rt", encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            words, stdin = tuple(told["argv"]), base64.b64decode(told["stdin_base64"])
            yield Call(
                told["operation"], told["seq"], told["kind"], "linstor", told["action"], words, stdin=stdin,
                stdout=told.get("stdout_given"),
            )  # fmt: skip


def order_of(call: Call) -> object:
    """The order without the words that it keeps for others: they are the version's own."""

    def ask(vm_id: int) -> Vm:
        raise AssertionError(f"{call}: oned was asked for VM {vm_id}")

    start = Start(KINDS[call.kind], call.action, call.argv, call.stdin or b"")
    order = parse(start, Documents(parse_vm, parse_action_data, ask))
    if isinstance(order, (orders.Migrate, orders.StatImage, orders.MakeContext)):
        return order._replace(argv=(), payload=b"")
    if isinstance(order, orders.BackUp):
        return order._replace(document=b"")
    return order._replace(payload_base64="") if isinstance(order, orders.CreateImage) else order


def as_known_to(version: Version, told: Any) -> Any:
    """An order of 7.4, or a part of it, without what *version* cannot say."""
    if isinstance(told, Mapping):
        return {name: text for name, text in told.items() if name not in version.no_elements}
    if is_dataclass(told) and not isinstance(told, type):
        parts = {each.name: as_known_to(version, getattr(told, each.name)) for each in fields(told)}
        return _without_chain(version, _without_format(version, replace(told, **parts)))
    if isinstance(told, tuple):
        parts = [as_known_to(version, each) for each in told]
        return _without_question(version, type(told)(*parts)) if hasattr(told, "_fields") else tuple(parts)
    return told


def _without_question(version: Version, told: Any) -> Any:
    """Before 5.10 oned does not say whether it wants the sizes of VM disks."""
    asks = "MONITOR_VM_DISKS" not in version.no_elements
    return told if asks or not isinstance(told, orders.Monitor) else told._replace(vm_disks=None)


def _without_chain(version: Version, told: Any) -> Any:
    """Where raw disks have no increments, oned asks for a whole backup."""
    if version.raw_increments or not isinstance(told, Vm) or not told.backup:
        return told
    whole = {"MODE": "FULL", "LAST_INCREMENT_ID": "-1", "INCREMENTAL_BACKUP_ID": "-1"}
    return replace(told, backup={**told.backup, **whole})


def _without_format(version: Version, told: Any) -> Any:
    """Before 6.0 an image has one word for format and file system, and a disk of an image has none."""
    if version.fstype and isinstance(told, Image):
        return replace(told, format="", file_system=told.file_system or told.format)
    if version.fstype and isinstance(told, Disk) and not told.volatile:
        known = {name: text for name, text in told.attributes.items() if name != "FORMAT"}
        return replace(told, format="", attributes=known)
    return told


@each_version
def test_every_call_of_another_version_is_the_same_order(version: Version) -> None:
    """Wherever a version puts a document, and whatever it calls an action, the order is that of 7.4."""
    count = 0
    for call in recorded():
        if plain_action(call.action) in ACTIONS[KINDS[call.kind]] and is_known(version, call):
            assert order_of(as_called_by(version, call)) == as_known_to(version, order_of(call)), call
            count += 1
    assert count > 300


@pytest.mark.parametrize(
    ("version", "argv", "on_stdin"),
    [
        ("5.8.5", ("<document>", "100"), False),
        ("5.12.0", ("<document>", "100"), False),
        ("6.4.0", ("<document>", "100"), False),
        ("6.6.3", ("-", "100"), True),
        ("6.10.0", ("100",), True),
    ],
)
def test_the_document_of_a_datastore_action_stands_where_the_version_has_it(
    version: str, argv: tuple[str, ...], on_stdin: bool
) -> None:
    """The table of opennebula.md 2.1, in the calls themselves."""
    call = as_called_by(named(version), next(each for each in recorded() if each.action == "monitor"))
    assert tuple("<document>" if document_in(word.encode()) else word for word in call.argv) == argv
    assert bool(document_in(call.stdin or b"")) is on_stdin


def test_5_8_has_its_own_words() -> None:
    """A migration has its VM as sixth argument, no action a suffix, `mkfs` FSTYPE, and `cp` prints the source alone."""
    version, calls = named("5.8.5"), list(recorded())
    migration = as_called_by(version, next(each for each in calls if each.argv[5:] == ("ssh",)))
    assert document_in(migration.argv[5].encode()).startswith("<VM>")
    assert (migration.argv[6:], migration.stdin) == (("ssh",), b"")
    assert not [each for each in calls if "." in as_called_by(version, each).action and is_known(version, each)]
    mkfs = as_called_by(version, next(each for each in calls if each.action == "mkfs"))
    assert "<FSTYPE>raw</FSTYPE>" in mkfs.document
    assert "<FORMAT>" not in mkfs.document
    assert as_called_by(version, next(each for each in calls if each.action == "cp")).stdout == "OpenNebula-Image-0\n"


def test_5_10_is_5_8_with_suffixes_and_the_vm_on_standard_input() -> None:
    """All else of a migration is as in 7.4, all else of a datastore action as in 5.8."""
    version, calls = named("5.10.5"), list(recorded())
    migration = next(each for each in calls if each.argv[5:] == ("ssh",))
    assert (as_called_by(version, migration).argv, as_called_by(version, migration).action) == (
        migration.argv,
        migration.action,
    )
    assert as_called_by(version, migration).stdin
    assert [each for each in calls if as_called_by(version, each).action == "clone.ssh"]
    mkfs = next(each for each in calls if each.action == "mkfs")
    assert as_called_by(version, mkfs) == as_called_by(named("5.8.5"), mkfs)


@each_version
def test_before_7_4_nothing_follows_a_premigrate_that_failed(version: Version) -> None:
    """`failmigrate` is called only where the hypervisor failed."""
    calls = list(recorded())
    premigrate = next(each for each in calls if each.action == "premigrate")
    fail = replace(premigrate, action="failmigrate", seq=premigrate.seq + 1)

    def made(code: int) -> list[str]:
        operation = Operation("migrate", calls=(replace(premigrate, exit_code=code), fail))
        return [each.action for each in variant(Recording((operation,), {}), version).calls()]

    assert made(1) == ["premigrate"]
    assert made(0) == ["premigrate", "failmigrate"]


def test_backups_are_called_as_the_version_knows_them() -> None:
    """Before 6.6 not at all; 6.6 has no backup job, a colon after the disks, and no restore in place.

    Neither has increments of raw disks, and the store is given no VM.
    """
    call = next(each for each in recorded() if each.action == "prebackup_live")
    assert not is_known(named("5.8.5"), call)
    assert not is_known(named("6.4.0"), call)
    place, disks, deploy_id, _job, *ids = call.argv
    assert as_called_by(named("6.6.3"), call).argv == (place, f"{disks}:", deploy_id, *ids)
    assert as_called_by(named("6.10.0"), call).argv == call.argv
    assert "<MODE><![CDATA[FULL]]></MODE>" in call.document
    chained = next(each for each in recorded() if "<MODE><![CDATA[INCREMENT]]></MODE>" in each.document)
    for version in ("6.6.3", "6.10.0"):
        assert "<MODE>FULL</MODE>" in as_called_by(named(version), chained).document
    stored = replace(call, kind="ds", driver="rsync", action="backup", stdin=STORE_AND_VM)
    assert as_called_by(named("6.6.3"), stored).argv == (place, f"{disks}:", deploy_id, *ids)
    assert as_called_by(named("6.10.0"), stored).stdin == b"<DATASTORE><ID>107</ID></DATASTORE>"
    restore = next(each for each in recorded() if each.action == "restore")
    assert [is_known(each, restore) for each in VERSIONS] == [False, False, False, False, False, True]
    assert is_known(named("6.6.3"), replace(restore, kind="ds", driver="rsync"))


def named(version: str) -> Version:
    return next(each for each in VERSIONS if each.name == version)


@each_version
def test_a_variant_that_was_written_is_read_again(version: Version, tmp_path: Path) -> None:
    """Calls, documents and contexts come back from the directory as they went into it."""
    calls = tuple(each for each in recorded() if each.operation == "ssh-migrate-live")
    index_only = replace(calls[0], driver="ssh", seq=1, argv=calls[0].argv[:5], stdin=None, wants="base64(XML)")
    documents = (Document("ssh-migrate-live", "image", 4, "<IMAGE><ID>4</ID><FORMAT>raw</FORMAT></IMAGE>"),)
    operation = Operation(
        "ssh-migrate-live", ("onevm migrate",), (index_only, *calls), ("VM 0 ACTIVE/RUNNING",), documents
    )
    made = variant(Recording((operation,), {"ssh-migrate-live": "A=1\n"}), version)
    write(made, "a variant", tmp_path / "made")
    again = read(tmp_path / "made")
    assert again.contexts == made.contexts
    (told,), (found,) = made.operations, again.operations
    assert replace(found, calls=()) == replace(told, calls=())
    assert [known(each) for each in found.calls] == [known(each) for each in told.calls]
    # what a driver's script passes on is told from the argument list, so they must agree
    assert {each.document for each in found.calls} == {found.calls[1].document}


def known(call: Call) -> tuple[object, ...]:
    return call.seq, call.driver, call.action, call.argv, call.stdin, call.stdout or "", call.exit_code
