"""Plays one topic: its requests on a simulated controller, its programs on the simulated devices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.memory.linstor import LinstorModel, OpenRefused
from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox.drbd.playing import NotSimulated
from entrypoints.sandbox.linstor.likeness import differences
from entrypoints.sandbox.linstor.playing import Player
from entrypoints.sandbox.linstor.server import LinstorServer
from entrypoints.sandbox.topics.commands import Commands
from entrypoints.sandbox.topics.observing import NOTHING, Shown, devices, shown
from entrypoints.sandbox.topics.placing import placed
from entrypoints.sandbox.topics.programs import Programs, Unknown
from entrypoints.sandbox.topics.recording import SETUP, Step, Topic
from entrypoints.sandbox.topics.replies import told_once

ABOUT_POOLS = r"/view/storage-pools$|/error-reports$|/query-size-info$"
"""Requests that tell of what all topics together have used, or met."""
LISTS = {"/v1/resource-definitions": "name", "/v1/view/snapshots": "resource_name"}
"""Requests that tell of all volumes, and the member that names them."""
INTERNAL = 998


@dataclass(frozen=True)
class Compared:
    """One answer. *differences*: none where it is as recorded."""

    what: str
    differences: list[str]


class TopicPlayer:
    """A cluster as the set-up has it, and what the topic made of it so far."""

    def __init__(self, topic: Topic, model: LinstorModel, server: LinstorServer) -> None:
        self._topic = topic
        self._model = model
        self._wire = Player(model, server)
        self._programs = Programs(model, devices(topic.steps))
        self._commands = Commands(model, self._programs)

    def play(self, index: int) -> Iterator[Compared]:
        """Do what step *index* did. Raises NotSimulated, Unknown."""
        step = self._topic.steps[index]
        self._happen(index)
        if step.request:
            yield from self._request(step)
        for each in step.done:
            of = self._programs if "op" in each else self._commands
            for what, recorded, simulated in of.run(str(each["node"]), each):
                yield Compared(what, [f"{simulated}, recorded {recorded}"] if recorded != simulated else [])

    # -- the world around -------------------------------------------------------------------------

    def _happen(self, index: int) -> None:
        """What the next look of the recording shows has happened before this step, unless a step until then does it.

        Programs may have begun at any time since the last look. A host goes away after the last request that changes
        something: what an absent host would have made of it is in its answer.
        """
        ahead = self._topic.steps[index:]
        seen = ((number, found) for number, step in enumerate(ahead) if (found := shown(step)) != NOTHING)
        number, found = next(seen, (0, NOTHING))
        if found.torn:
            raise NotSimulated("both sides of a network that was cut have written, and DRBD keeps them apart")
        between, about = ahead[: number + 1], self._topic.about(index + number)
        if about in self._model.state.definitions:
            self._programs_do(found, between, about)
        self._programs_begin_again(ahead)
        if not any(step.changes for step in between):
            self._attached(found, about)
            self._nodes_do(found, now=number == 0 or ahead[0].starves)

    def _programs_do(self, found: Shown, between: tuple[Step, ...], about: str) -> None:
        """Programs that no step opens or closes; one that is still to do something has not ended."""
        told = [each for step in between for each in step.done]
        acting = {str(each["node"]) for each in told if "op" in each}
        opening = {str(each["node"]) for each in told if str(each.get("op")).startswith(("open", "close"))}
        for node, used in found.in_use.items():
            if node not in (opening if used else acting):
                with suppress(OpenRefused):
                    (self._programs.hold if used else self._programs.release)(node, about)

    def _attached(self, found: Shown, about: str) -> None:
        """Somebody attached the volume where there was a witness."""
        definition = self._model.state.find(about)
        resources = definition.resources if definition is not None else {}
        for node in found.wanted & resources.keys():
            if resources[node].tiebreaker:
                self._model.resources.make_available(about, node)

    def _programs_begin_again(self, ahead: tuple[Step, ...]) -> None:
        """One that opens a device later has closed it before: at once after the last look that shows it."""
        using: set[str] = set()
        for step in ahead:
            using |= {node for node, used in shown(step).in_use.items() if used}
            begins = {str(each["node"]) for each in step.done if str(each.get("op")).startswith("open")}
            for node in begins - using:
                self._programs.end_untold(node)
            using |= begins

    def _nodes_do(self, found: Shown, *, now: bool) -> None:
        """A network is cut when a program feels it, or *now* that a look shows it."""
        nodes, events = self._model.state.nodes, self._model.events
        for name, cut in found.cut.items():
            if nodes[name].networks_cut != cut and (now or not cut):
                (events.cut_network if cut else events.heal_network)(name)
        for name, down in found.offline.items():
            if nodes[name].online == down:
                (events.satellite_down if down else events.satellite_up)(name)

    # -- requests -----------------------------------------------------------------------------------

    def _request(self, step: Step) -> Iterator[Compared]:
        method, path = str(step.request["method"]), str(step.request["path"])
        if self._topic.name == SETUP and method != "GET":
            return
        recorded = self._narrowed(step, method, path)
        with placed(self._model, step):
            status, body = self._wire.ask(step.request)
        found = differences(recorded["status"], told_once(recorded.get("body")), status, told_once(body))
        yield Compared(f"{method} {path}", [] if step.passing else found)

    def _narrowed(self, step: Step, method: str, path: str) -> Mapping[str, Any]:
        """The answer without what other topics had made. Raises Unknown, NotSimulated."""
        named = self._model.state.find(step.resource)
        if self._topic.name != SETUP and re.search(ABOUT_POOLS, path):
            raise Unknown("it tells of what all topics together have used")
        if method != "GET":
            if path.endswith("/spawn") and step.failed == INTERNAL:
                raise NotSimulated("something on the hosts kept a volume from being made")
            if step.resource and named is None and not path.endswith("/spawn") and not step.failed:
                raise NotSimulated(f"no step makes {step.resource}")
            return step.recorded
        if (step.resource and named is None and not step.failed) or (named and self._on_files(named, path)):
            raise Unknown(f"{step.resource} is of another topic, or on files")
        if path.endswith("/controller/properties"):
            own = {key: value for key, value in step.recorded["body"].items() if key.startswith("DrbdOptions/")}
            return {**step.recorded, "body": own}
        key = None if step.resource else LISTS.get(path)
        if key is None:
            return step.recorded
        return {**step.recorded, "body": [each for each in step.body if each[key] in self._model.state.definitions]}

    def _on_files(self, definition: Definition, path: str) -> bool:
        """Whether a view tells of the loop devices of a FILE pool, which are not simulated."""
        nodes = self._model.state.nodes
        kinds = {nodes[each.node].pools[each.pool].kind for each in definition.diskful()}
        return path == "/v1/view/resources" and any(kind.startswith("FILE") for kind in kinds)
