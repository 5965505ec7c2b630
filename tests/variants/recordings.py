"""A whole recording of oned 7.4 as another version would have made it, written as a recording directory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from tests.variants.calls import MIGRATIONS, as_called_by, is_known
from tests.variants.documents import as_written_by
from tests.variants.versions import Version

from entrypoints.sandbox.replay.recording import Call, Operation, Recording
from entrypoints.sandbox.replay.subject import subject

HEAD = """# {about}

| operation | commands | calls | states |
|---|---|---|---|
"""


def variant(recording: Recording, version: Version) -> Recording:
    """*recording* as *version* would have made it; what it does not know is left out."""
    operations = tuple(_operation(version, each) for each in _with_vms(recording))
    return Recording(operations, recording.contexts)


def write(recording: Recording, about: str, directory: Path) -> None:
    """Write *recording* in the format of `sandbox replay` into a new directory; *about* says what it is."""
    (directory / "calls").mkdir(parents=True)
    (directory / "xml").mkdir()
    rows = "".join(f"{_row(each)}\n" for each in recording.operations)
    (directory / "index.md").write_text(HEAD.format(about=about) + rows, encoding="utf-8")
    for call in recording.calls():
        if call.stdin is not None:
            (directory / "calls" / _file_name(call)).write_text(json.dumps(_as_json(call), indent=1), encoding="utf-8")
    for operation in recording.operations:
        for each in operation.documents:
            name = f"{each.operation}-{each.kind}-{each.number}.xml"
            (directory / "xml" / name).write_text(each.xml, encoding="utf-8")
    for operation_name, text in recording.contexts.items():
        (directory / "xml" / f"{operation_name}.context.sh").write_text(text, encoding="utf-8")


def write_variant(recording: Recording, version: Version, into: Path) -> Path:
    """Write the variant of *version* into a new directory in *into*, whose name tells the sandbox the version."""
    directory = into / f"oned-{version.name}"
    write(variant(recording, version), f"What oned {version.name} would call, made from calls of oned 7.4", directory)
    return directory


def _operation(version: Version, operation: Operation) -> Operation:
    made = (call for place, call in enumerate(operation.calls) if not _follows_a_failed_premigrate(operation, place))
    calls = tuple(as_called_by(version, call) for call in made if is_known(version, call))
    documents = tuple(replace(each, xml=as_written_by(version, each.xml)) for each in operation.documents)
    return replace(operation, calls=calls, documents=documents)


def _follows_a_failed_premigrate(operation: Operation, place: int) -> bool:
    """No version before 7.4 calls `failmigrate` then (opennebula.md 3.4)."""
    call, before = operation.calls[place], operation.calls[max(place - 1, 0)]
    return call.action == "failmigrate" and before.action == "premigrate" and before.exit_code != 0


def _with_vms(recording: Recording) -> Iterator[Operation]:
    """The operations, where each migration that only the index tells of has its VM: that of the nearest migration."""
    last: dict[int | None, bytes] = {}
    for operation in recording.operations:
        calls = [_with_vm(call, [*operation.calls[place:]], last) for place, call in enumerate(operation.calls)]
        yield replace(operation, calls=tuple(calls))


def _with_vm(call: Call, following: Sequence[Call], last: dict[int | None, bytes]) -> Call:
    if not _is_migration(call):
        return call
    same: Callable[[Call], bool] = lambda each: _is_migration(each) and subject(each).vm == subject(call).vm  # noqa: E731
    found = next((each.stdin for each in following if same(each) and each.stdin), None)
    document = found or last.get(subject(call).vm)
    if document is None:
        return call
    last[subject(call).vm] = document
    return call if call.stdin is not None else replace(call, stdin=document)


def _is_migration(call: Call) -> bool:
    return call.kind == "tm" and call.action in MIGRATIONS


def _file_name(call: Call) -> str:
    return f"{call.seq:04d}-{call.operation}-{call.kind}-{call.driver}-{call.action}.json"


def _as_json(call: Call) -> dict[str, object]:
    return {
        "operation": call.operation,
        "seq": call.seq,
        "time": call.time,
        "kind": call.kind,
        "driver": call.driver,
        "action": call.action,
        "script": call.script,
        "argv": call.argv,
        "stdin_base64": base64.b64encode(call.stdin or b"").decode(),
        "stdout_given": call.stdout or "",
        "exit_code": call.exit_code,
    }


def _row(operation: Operation) -> str:
    commands = "<br>".join(f"`{escape(each, quote=False)}`" for each in operation.commands)
    calls = "<br>".join(_piece(each) for each in operation.calls)
    return f"| {operation.name} | {commands} | {calls} | {'<br>'.join(operation.states)} |"


def _piece(call: Call) -> str:
    """One call of a row; a document is only named."""
    words = " ".join("<document>" if len(word) > 500 else word for word in call.argv)
    piece = f"{call.seq:04d} `{call.kind}/{call.driver}/{call.action}`"
    piece += f" `{escape(words, quote=False)}`" if words else ""
    piece += f" `&lt; {call.wants}`" if call.wants else ""
    return piece + (f" -> exit {call.exit_code}" if call.exit_code else "")
