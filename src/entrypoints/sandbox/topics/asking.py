"""Sends the requests of a topic to a simulated controller and compares what can be compared of the answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adapters.memory.linstor import LinstorModel
from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox.drbd.playing import NotSimulated
from entrypoints.sandbox.linstor.likeness import differences
from entrypoints.sandbox.linstor.playing import Player
from entrypoints.sandbox.topics.placing import placed
from entrypoints.sandbox.topics.programs import Unknown
from entrypoints.sandbox.topics.recording import SETUP, Step
from entrypoints.sandbox.topics.replies import comparable

ABOUT_POOLS = r"/view/storage-pools$|/error-reports$|/query-size-info$"
"""Requests that tell of what all topics together have used, or met."""
LISTS = {"/v1/resource-definitions": "name", "/v1/view/snapshots": "resource_name"}
"""Requests that tell of all volumes, and the member that names them."""
SPAWN = "/spawn"
INTERNAL = 998


@dataclass(frozen=True)
class Compared:
    """One answer. *differences*: none where it is as recorded."""

    what: str
    differences: list[str]


class Requests:
    """Requests of the topic *name*; those of the set-up that change something have made the cluster already."""

    def __init__(self, name: str, model: LinstorModel, wire: Player) -> None:
        self._is_setup = name == SETUP
        self._model = model
        self._wire = wire

    def ask(self, step: Step) -> Iterator[Compared]:
        """Ask as *step* did. Raises NotSimulated, Unknown."""
        if self._is_setup and step.changes:
            return
        self._refuse(step)
        with placed(self._model, step):
            status, body = self._wire.ask(step.request)
        recorded = comparable(self._recorded(step))
        found = differences(step.recorded["status"], recorded, status, comparable(body))
        yield Compared(f"{step.method} {step.path}", [] if step.passing else found)

    def _refuse(self, step: Step) -> None:
        """Raises Unknown for what other topics have made, NotSimulated for what the rest of this one would need."""
        named = self._model.state.find(step.resource)
        if re.search(ABOUT_POOLS, step.path) and not self._is_setup:
            raise Unknown("it tells of what all topics together have used")
        if step.path.endswith(SPAWN):
            if step.failed == INTERNAL:
                raise NotSimulated("something on the hosts kept a volume from being made")
        elif step.resource and named is None and not step.failed:
            raise (NotSimulated if step.changes else Unknown)(f"no step makes {step.resource}")
        elif step.path == "/v1/view/resources" and named is not None and self._on_files(named):
            raise Unknown("loop devices of files are not simulated")

    def _recorded(self, step: Step) -> Any:
        """The recorded answer without what other topics had made, and without what an installation sets itself."""
        body = step.recorded.get("body")
        if step.changes:
            return body
        if step.path.endswith("/controller/properties"):
            return {key: value for key, value in step.recorded["body"].items() if key.startswith("DrbdOptions/")}
        key = None if step.resource else LISTS.get(step.path)
        return body if key is None else [each for each in step.body if each[key] in self._model.state.definitions]

    def _on_files(self, definition: Definition) -> bool:
        nodes = self._model.state.nodes
        kinds = {nodes[each.node].pools[each.pool].kind for each in definition.diskful()}
        return any(kind.startswith("FILE") for kind in kinds)
