"""Single recorded exchanges with a real controller, each on the same preparation (linstor.md 9).

The recordings hold requests and answers, texts shortened; the preparations were made by hand from the notes beside
them. A step is a topic with the numbers of its exchanges, or something that happens in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client

from adapters.memory.linstor import Handle, LinstorModel
from entrypoints.sandbox.linstor import make_app
from entrypoints.sandbox.linstor.likeness import differences

CAPTURES = Path(__file__).parent.parent.parent / "captures" / "linstor-1.33.3"


class Lab:
    """The cluster of the recordings: three nodes with pools and one without."""

    def __init__(self) -> None:
        head = (CAPTURES / "scenarios" / "image-life.jsonl").read_text(encoding="utf-8").splitlines()[0]
        self.model = LinstorModel.from_cluster(json.loads(head)["cluster"])
        self.model.state.kernel_refuses = False
        self.opened: list[Handle] = []

    def empty(self, name: str, group: str, size: int = 0, layers: Sequence[str] = (), **props: str) -> None:
        """A definition without resources."""
        self.model.definitions.create(name, group, {f"Aux/{key}": value for key, value in props.items()}, layers)
        if size:
            self.model.volumes.create(name, size)

    def volume(
        self, name: str, group: str, on: str, diskless: str = "", size: int = 65536, layers: Sequence[str] = ()
    ) -> None:
        """A definition with replicas, then attachments, on these nodes."""
        self.empty(name, group, size, layers)
        for node in on.split():
            self.model.resources.create(name, node, set())
        for node in diskless.split():
            self.model.resources.make_available(name, node)

    def open(self, name: str, node: str) -> None:
        """A program writes there."""
        self.opened.append(self.model.devices.open(node, name, write=True))

    def fail(self, node: str, command: str) -> None:
        """Commands of that node fail."""
        self.model.events.fail(node, command)

    def close(self) -> None:
        """All programs end."""
        for each in self.opened:
            each.close()


Step = str | Callable[[Lab], object]


def _recorded() -> dict[str, Any]:
    lines = (CAPTURES / "topics.jsonl").read_text(encoding="utf-8").splitlines()
    return {each["file"]: each for each in map(json.loads, lines)}


def _answer(lab: Lab, request: dict[str, Any]) -> tuple[int, Any]:
    body = request.get("body")
    raw = body["__raw__"] if isinstance(body, dict) and "__raw__" in body else json.dumps(body)
    got = Client(make_app(lab.model)).open(
        request["path"],
        method=request["method"],
        query_string=urlencode(request.get("query", {}), doseq=True),
        data=None if body is None else raw.encode(),
        headers=request.get("headers"),
    )
    return got.status_code, json.loads(got.data) if got.data.strip() else None


def _played(lab: Lab, steps: Sequence[Step]) -> Iterator[str]:
    known = _recorded()
    for step in steps:
        if callable(step):
            step(lab)
            continue
        topic, *numbers = step.split()
        for each in (known[f"{topic}/{number}"] for number in numbers):
            want, (status, body) = each["response"], _answer(lab, each["request"])
            for text in differences(want["status"], want["body"] or None, status, body or None):
                yield f"{each['file']}: {text}"


@pytest.fixture
def unlike_recorded() -> Callable[..., list[str]]:
    """Plays the steps of a case on its preparation; what is answered otherwise than recorded."""

    def play(prepare: Callable[[Lab], object], steps: Sequence[Step]) -> list[str]:
        lab = Lab()
        prepare(lab)
        return list(_played(lab, steps))

    return play
