"""How a recording of oned is read."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from entrypoints.sandbox.replay.recording import NotARecording, read

FIRST = (
    "| first | `onevm create <template>`<br>`onevm deploy 7 0 102` "
    "| 0001 **`tm/linstor/ln.ssh`** `fe:Image-4 host-a:/d/102/7/disk.0 7 100` -> exit 1"
    "<br>0002 `tm/ssh/premigrate` `host-a host-b /d/102/7 7 102` `< base64(XML)` | VM 7 ACTIVE/PROLOG_FAILURE |"
)
INDEX = f"""# Calls

| kind | calls |
|---|---|
| ds | 1 |

## Operations

| operation | commands | calls in order | state after |
|---|---|---|---|
| second | `onevm poweroff 7` | 0003 `vmm/kvm/shutdown` `one-7 host-a 7 host-a` | VM 7 POWEROFF |
{FIRST}
| refused |  | none | VM 7 HOLD |
"""


def _write_call(directory: Path, seq: int, **given: object) -> None:
    call = {
        "operation": "first",
        "seq": seq,
        "kind": "tm",
        "driver": "linstor",
        "action": "ln.ssh",
        "argv": ["fe:Image-4", "host-a:/d/102/7/disk.0", "7", "100"],
        "script": "/srv/one/var/remotes/tm/linstor/ln.ssh",
        "stdin_base64": "",
        "stdout_given": "",
        "exit_code": 1,
        "time": 5.0,
    }
    (directory / "calls").mkdir(exist_ok=True)
    (directory / "calls" / f"{seq:04d}-x.json").write_text(json.dumps(call | given))


def test_operations_come_in_the_order_of_their_calls(tmp_path: Path) -> None:
    """The rows of the index may stand in any order; calls decide, and rows without calls come last."""
    (tmp_path / "index.md").write_text(INDEX)

    operations = read(tmp_path).operations

    assert [each.name for each in operations] == ["first", "second", "refused"]
    assert operations[0].commands == ("onevm create <template>", "onevm deploy 7 0 102")
    assert operations[0].states == ("VM 7 ACTIVE/PROLOG_FAILURE",)


def test_the_index_tells_of_calls_that_have_no_file(tmp_path: Path) -> None:
    """Driver, action, arguments, exit code and what was on standard input are read from the row."""
    (tmp_path / "index.md").write_text(INDEX)

    link, premigrate = read(tmp_path).operations[0].calls

    assert (link.driver, link.action, link.plain_action, link.exit_code) == ("linstor", "ln.ssh", "ln", 1)
    assert premigrate.argv == ("host-a", "host-b", "/d/102/7", "7", "102")
    assert (premigrate.stdin, premigrate.wants, premigrate.exit_code) == (None, "base64(XML)", 0)


def test_a_file_says_more_than_the_row(tmp_path: Path) -> None:
    """Where a call has a file, its standard input, output and home of the installation are known."""
    (tmp_path / "index.md").write_text(INDEX)
    inner = base64.b64encode(b"<VM><ID>7</ID></VM>")
    _write_call(tmp_path, 1, stdin_base64=base64.b64encode(inner).decode(), stdout_given="Image-4\n")

    call = read(tmp_path).operations[0].calls[0]

    assert call.document == "<VM><ID>7</ID></VM>"
    assert (call.stdin, call.stdout, call.home) == (inner, "Image-4\n", "/srv/one/var")


def test_an_argument_may_carry_the_document(tmp_path: Path) -> None:
    """Before 6.8 the XML was an argument in base64 (opennebula.md 2.1)."""
    document = "<DS_DRIVER_ACTION_DATA><IMAGE><ID>3</ID></IMAGE></DS_DRIVER_ACTION_DATA>"
    _write_call(tmp_path, 1, kind="ds", action="rm", argv=[base64.b64encode(document.encode()).decode(), "3"])

    assert next(read(tmp_path).calls()).document == document


def test_without_an_index_the_files_are_the_recording(tmp_path: Path) -> None:
    """Calls of one operation in a row are one operation."""
    _write_call(tmp_path, 2)
    _write_call(tmp_path, 1)
    _write_call(tmp_path, 3, operation="other")

    operations = read(tmp_path).operations

    assert [(each.name, [call.seq for call in each.calls]) for each in operations] == [
        ("first", [1, 2]),
        ("other", [3]),
    ]


def test_documents_belong_to_their_operation(tmp_path: Path) -> None:
    """`xml/<operation>-<kind>-<id>.xml` is what oned said at the end of that operation."""
    (tmp_path / "index.md").write_text(INDEX)
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "first-vm-7.xml").write_text("<VM><ID>7</ID></VM>")
    (tmp_path / "xml" / "first.context.sh").write_text("A='1'\n")

    recording = read(tmp_path)

    assert [(each.operation, each.kind, each.number) for each in recording.documents("vm")] == [("first", "vm", 7)]
    assert recording.contexts == {"first": "A='1'\n"}


def test_documents_of_no_operation_are_kept(tmp_path: Path) -> None:
    """What was recorded before the first operation, as the datastores are, comes without a row."""
    (tmp_path / "index.md").write_text(INDEX)
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "before-datastore-102.xml").write_text("<DATASTORE><ID>102</ID></DATASTORE>")

    assert [each.number for each in read(tmp_path).documents("datastore")] == [102]


def test_a_directory_of_another_kind_is_refused(tmp_path: Path) -> None:
    """An empty directory is no recording, and the error says what was looked for."""
    with pytest.raises(NotARecording, match=r"index\.md"):
        read(tmp_path)


def test_a_killed_order_is_told_of_and_not_played(tmp_path: Path) -> None:
    """Its journal has no end to compare with; one that has its file is an order like any other."""
    _write_call(tmp_path, 1)
    for name in ("0001-x", "0002-tm-linstor-clone-dead00"):
        (tmp_path / "calls" / f"{name}.journal").touch()
    recording = read(tmp_path)
    assert [call.seq for call in recording.calls()] == [1]
    assert recording.unended == ("dead00",)


def test_killed_orders_alone_are_no_recording(tmp_path: Path) -> None:
    """And the message says how to see them."""
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "0002-tm-linstor-clone-dead00.journal").touch()
    with pytest.raises(NotARecording, match=f"killed.*dead00; .* trace --directory {tmp_path} show dead00"):
        read(tmp_path)
