"""Reads a recording of oned: operations, the calls each made in order, and the documents taken at its end.

The format is that of `captures/oned-*`: `index.md` has the order of all calls, `calls/*.json` has some of them in
full, `xml/<operation>-<kind>-<id>.xml` is what oned said when an operation was over. Without `index.md` the files of
`calls/` alone are played. A journal, of an order that was killed, has no end to compare with.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

from entrypoints.sandbox.replay.payload import document_in

_CALL = re.compile(r"(\d+) \**`([a-z]+)/([^/`]+)/([^`]+)`\**(?: `(?!< )([^`]*)`)?(?: `< ([^`]*)`)?(?: -> exit (\d+))?")
_DOCUMENT = re.compile(r"(.+)-(vm|image|datastore|host)-(\d+)\.xml")
_PLACEHOLDER = re.compile(r"<[^>]*>")
DOCUMENT_WORD = "<document>"


class NotARecording(Exception):
    """The directory holds neither `index.md` nor `calls/*.json` of the format."""


@dataclass(frozen=True)
class Call:
    """One program that oned ran.

    *kind* is `ds`, `tm` or `vmm`. *stdin* is what it could read; where only the index tells of the call, *stdin* is
    None and *wants* says what was on it ("base64(XML)", "XML", ""). *stdout* is None where it is not recorded.
    """

    operation: str
    seq: int
    kind: str
    driver: str
    action: str
    argv: tuple[str, ...] = ()
    exit_code: int = 0
    stdin: bytes | None = None
    wants: str = ""
    stdout: str | None = None
    time: float = 0.0
    script: str = ""
    home: str = ""

    @property
    def plain_action(self) -> str:
        """The action without the suffix of the system datastore's driver (opennebula.md 3.3)."""
        return self.action.split(".", 1)[0]

    @property
    def document(self) -> str:
        """The XML document that came with the call, from standard input or an argument; "" for none."""
        if self.stdin and (found := document_in(self.stdin)):
            return found
        return next((found for word in self.argv if len(word) > 64 and (found := document_in(word.encode()))), "")

    def __str__(self) -> str:
        return f"{self.seq:04d} {self.kind}/{self.driver}/{self.action}"


@dataclass(frozen=True)
class Document:
    """What oned said of one object when an operation was over. *kind*: `vm`, `image`, `datastore` or `host`."""

    operation: str
    kind: str
    number: int
    xml: str


@dataclass(frozen=True)
class Operation:
    """What somebody asked of oned, and the calls that followed."""

    name: str
    commands: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    states: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Recording:
    """A directory, read. *operations* are in the order of their calls, those without calls at the end."""

    operations: tuple[Operation, ...]
    contexts: Mapping[str, str] = field(default_factory=dict)
    """operation -> text of its context.sh"""
    unended: tuple[str, ...] = ()
    """Orders of a black box that left a journal and no end, by their ids."""

    def calls(self) -> Iterator[Call]:
        """All calls in order."""
        for operation in self.operations:
            yield from operation.calls

    def documents(self, kind: str) -> list[Document]:
        """All documents of a kind, in the order of the operations."""
        return [each for operation in self.operations for each in operation.documents if each.kind == kind]


def read(directory: Path) -> Recording:
    """Read a recording. Raises NotARecording."""
    files = {call.seq: call for call in map(_from_file, sorted((directory / "calls").glob("*.json")))}
    index = directory / "index.md"
    rows = list(_rows(index.read_text(encoding="utf-8"))) if index.is_file() else []
    known = {call.seq for row in rows for call in row.calls}
    rows += list(_grouped(call for seq, call in sorted(files.items()) if seq not in known))
    unended = tuple(_unended(directory / "calls"))
    if not rows:
        raise NotARecording(_nothing(directory, unended))
    documents = list(_documents(directory / "xml"))
    names = {row.name for row in rows}
    rows += [Operation(name) for name in dict.fromkeys(each.operation for each in documents) if name not in names]
    operations = [_completed(row, files, documents) for row in rows]
    operations.sort(key=lambda each: each.calls[0].seq if each.calls else float("inf"))
    return Recording(tuple(operations), dict(_contexts(directory / "xml")), unended)


def _nothing(directory: Path, unended: Sequence[str]) -> str:
    if not unended:
        return f"{directory} holds no recording: neither index.md with a table nor calls/*.json"
    orders = f"no order of {directory} has an end to compare with: killed or still running are {', '.join(unended)}"
    return f"{orders}; see what they did: onelinstor trace --directory {directory} show {unended[-1]}"


def _unended(calls: Path) -> Iterator[str]:
    for path in sorted(calls.glob("*.journal")):
        if not path.with_suffix(".json").exists():
            yield path.stem.rpartition("-")[2]


def _completed(row: Operation, files: Mapping[int, Call], documents: Sequence[Document]) -> Operation:
    """The row with its calls in full where there are files, and with its documents."""
    calls = tuple(replace(files.get(call.seq, call), operation=row.name) for call in row.calls)
    own = tuple(each for each in documents if each.operation == row.name)
    return replace(row, calls=calls, documents=own)


# -- calls/*.json ---------------------------------------------------------------------------------


def _from_file(path: Path) -> Call:
    given: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    script = str(given.get("script") or "")
    return Call(
        operation=str(given["operation"]),
        seq=int(given["seq"]),
        kind=str(given["kind"]),
        driver=str(given["driver"]),
        action=str(given["action"]),
        argv=tuple(map(str, given.get("argv") or ())),
        exit_code=int(given.get("exit_code") or 0),
        stdin=base64.b64decode(given.get("stdin_base64") or ""),
        stdout=str(given.get("stdout_given") or ""),
        time=float(given.get("time") or 0),
        script=script,
        home=script.split("/remotes/", 1)[0] if "/remotes/" in script else "",
    )


def _grouped(calls: Iterable[Call]) -> Iterator[Operation]:
    """Calls that no index orders: those of one name in a row are one operation."""
    pending: list[Call] = []
    for call in calls:
        if pending and pending[-1].operation != call.operation:
            yield Operation(pending[0].operation, calls=tuple(pending))
            pending = []
        pending.append(call)
    if pending:
        yield Operation(pending[0].operation, calls=tuple(pending))


# -- index.md -------------------------------------------------------------------------------------


def _rows(text: str) -> Iterator[Operation]:
    """The rows of the table whose first column is called `operation`."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith("| operation |"):
            inside = True
        elif inside and not line.startswith("|---"):
            yield _row(line)


def _row(line: str) -> Operation:
    parts = line[2:-2].split(" | ")
    name, commands, calls, states = parts[0], parts[1], " | ".join(parts[2:-1]), parts[-1]
    found = (_CALL.match(unescape(piece.strip())) for piece in calls.split("<br>"))
    return Operation(
        name=name.strip(),
        commands=tuple(unescape(each.strip()).strip("`") for each in commands.split("<br>") if each.strip()),
        calls=tuple(_from_row(name.strip(), each) for each in found if each is not None),
        states=tuple(each.strip() for each in states.split("<br>") if each.strip()),
    )


def _from_row(operation: str, found: re.Match[str]) -> Call:
    words = _PLACEHOLDER.sub(DOCUMENT_WORD, found[5] or "").split()
    return Call(
        operation=operation,
        seq=int(found[1]),
        kind=found[2],
        driver=found[3],
        action=found[4],
        argv=tuple(words),
        exit_code=int(found[7] or 0),
        wants=found[6] or "",
    )


# -- xml/ -----------------------------------------------------------------------------------------


def _documents(directory: Path) -> Iterator[Document]:
    for path in sorted(directory.glob("*.xml")):
        if match := _DOCUMENT.fullmatch(path.name):
            yield Document(match[1], match[2], int(match[3]), path.read_text(encoding="utf-8"))


def _contexts(directory: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.glob("*.context.sh")):
        yield path.name.removesuffix(".context.sh"), path.read_text(encoding="utf-8")
