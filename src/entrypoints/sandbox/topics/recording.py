"""Topics of a recording: steps in the order of their files, and the cluster in which they were taken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrypoints.sandbox.linstor.likeness import kind_of

ERROR = 3
"""The type of a reply."""
SETUP = "00-setup"
"""The topic that tells of which nodes, pools and groups the cluster is."""


@dataclass(frozen=True)
class Step:
    """One file: a request and its answer, what was done on hosts (`guest`), or a value over time (`data`)."""

    name: str
    given: Mapping[str, Any] = field(repr=False)

    @property
    def request(self) -> Mapping[str, Any]:
        """The request, {} for any other step."""
        found: Mapping[str, Any] = self.given.get("request") or {}
        return found

    @property
    def method(self) -> str:
        """Of the request."""
        return str(self.request.get("method", "GET"))

    @property
    def path(self) -> str:
        """Of the request."""
        return str(self.request.get("path", ""))

    @property
    def recorded(self) -> Mapping[str, Any]:
        """Status and body of the answer."""
        found: Mapping[str, Any] = self.given.get("response") or {}
        return found

    @property
    def body(self) -> list[Mapping[str, Any]]:
        """The elements of the answer, as far as they are objects."""
        answer = self.recorded.get("body")
        return [each for each in answer if isinstance(each, dict)] if isinstance(answer, list) else []

    @property
    def changes(self) -> bool:
        """Whether it asks LINSTOR for a change."""
        return self.method != "GET" and "/query-" not in self.path

    @property
    def starves(self) -> bool:
        """Whether a program could not read or write."""
        return any(each.get("result") == "EIO" for each in self.done)

    @property
    def failed(self) -> int:
        """The number of the first error in the answer, 0 where there is none."""
        replies = (each for each in self.body if "ret_code" in each)
        return next((each["ret_code"] & 0x7FFF for each in replies if kind_of(each) == ERROR), 0)

    @property
    def passing(self) -> bool:
        """Whether the answer tells of work that goes on, which the simulated one has already done."""
        body = self.recorded.get("body")
        return isinstance(body, dict) and body.get("status") == "CLONING"

    @property
    def done(self) -> list[Mapping[str, Any]]:
        """What programs on hosts did."""
        return list(self.given.get("guest") or ())

    @property
    def settled(self) -> Any:
        """The last value of a series, None for any other step."""
        data = self.given.get("data")
        return data[-1]["value"] if isinstance(data, list) and data else None

    @property
    def resource(self) -> str:
        """The resource that a request is about, "" where it is about none or about many."""
        named = re.match(r"/v1/resource-definitions/([^/]+)", self.path)
        asked = (self.request.get("query") or {}).get("resources") or [named[1] if named else ""]
        told = self.request.get("body")
        made = told.get("resource_definition_name") if isinstance(told, dict) and self.path.endswith("/spawn") else ""
        return str(made or asked[0])


@dataclass(frozen=True)
class Topic:
    """One directory. *cluster*: as the head of a scenario has it, {} where its set-up is not beside it."""

    name: str
    steps: tuple[Step, ...] = field(repr=False)
    cluster: Mapping[str, Any] = field(repr=False)

    def about(self, index: int) -> str:
        """The resource that step *index* is about: that of the last request until then that was about one."""
        return next((step.resource for step in self.steps[index::-1] if step.resource), "")

    def complete(self, index: int) -> bool:
        """Whether no step before *index* is missing: their names begin with numbers."""
        numbers = [int(found[0]) for step in self.steps[: index + 1] if (found := re.match(r"\d+", step.name))]
        return numbers == list(range(1, len(numbers) + 1))


def is_step(given: Any) -> bool:
    """Whether a JSON document is a step of this kind; single exchanges without a clock are none."""
    if not isinstance(given, dict) or "name" not in given:
        return False
    answered = "request" in given and "response" in given and "t_s" in given
    return answered or isinstance(given.get("guest"), list) or "data" in given


def topics(files: Iterable[tuple[Path, Any]]) -> Iterator[Topic]:
    """The topics that these files, and what they hold, belong to."""
    directories: dict[Path, list[Step]] = {}
    for path, given in files:
        if is_step(given):
            directories.setdefault(path.parent, []).append(Step(path.stem, given))
    for directory, steps in directories.items():
        yield Topic(directory.name, tuple(steps), cluster(_steps(directory.parent / SETUP)))


def _steps(directory: Path) -> list[Step]:
    documents = (json.loads(each.read_text(encoding="utf-8")) for each in sorted(directory.glob("*.json")))
    return [Step("", each) for each in documents if is_step(each)]


def cluster(setup: Iterable[Step]) -> dict[str, Any]:
    """Nodes with their pools, and groups, as the requests of a set-up made them."""
    nodes: dict[str, dict[str, Any]] = {}
    groups: list[dict[str, Any]] = []
    pools: list[Mapping[str, Any]] = []
    for step in setup:
        asked = f"{step.method} {step.path}"
        told: dict[str, Any] = step.request.get("body") or {}
        if asked == "POST /v1/nodes":
            nodes[told["name"]] = {"name": told["name"], "address": told["net_interfaces"][0]["address"]}
        elif asked == "POST /v1/resource-groups":
            groups.append(told)
        elif asked == "GET /v1/view/storage-pools":
            pools = step.body
    for name, node in nodes.items():
        node["pools"] = [each for each in pools if each["node_name"] == name]
    return {"nodes": list(nodes.values()), "resource_groups": groups} if nodes and pools else {}
