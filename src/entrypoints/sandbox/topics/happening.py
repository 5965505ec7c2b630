"""Lets happen around a recording what no step of it does: programs, attachments, networks and satellites."""

from __future__ import annotations

from contextlib import suppress

from adapters.memory.linstor import LinstorModel, OpenRefused
from entrypoints.sandbox.drbd.playing import NotSimulated
from entrypoints.sandbox.topics.observing import NOTHING, Shown, shown
from entrypoints.sandbox.topics.programs import Programs
from entrypoints.sandbox.topics.recording import Step, Topic


class Surroundings:
    """The world around a topic, as far as the recording shows it."""

    def __init__(self, topic: Topic, model: LinstorModel, programs: Programs) -> None:
        self._topic = topic
        self._model = model
        self._programs = programs

    def happen(self, index: int) -> None:
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
        self._attached(found, between, about)
        if not any(step.changes for step in between):
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

    def _attached(self, found: Shown, between: tuple[Step, ...], about: str) -> None:
        """Somebody attached the volume where there was a witness, and no step until then is about that."""
        definition = self._model.state.find(about)
        resources = definition.resources if definition is not None else {}
        for node in found.wanted & resources.keys():
            if resources[node].tiebreaker and not any(f"/resources/{node}" in step.path for step in between):
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
