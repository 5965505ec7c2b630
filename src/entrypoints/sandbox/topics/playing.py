"""Plays one topic: its requests on a simulated controller, its programs on the simulated devices."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.memory.linstor import LinstorModel
from entrypoints.sandbox.linstor.playing import Player
from entrypoints.sandbox.topics.asking import Compared, Requests
from entrypoints.sandbox.topics.commands import Commands
from entrypoints.sandbox.topics.happening import Surroundings
from entrypoints.sandbox.topics.observing import devices
from entrypoints.sandbox.topics.programs import Programs
from entrypoints.sandbox.topics.recording import Topic


class TopicPlayer:
    """A cluster as the set-up has it, and what the topic made of it so far."""

    def __init__(self, topic: Topic, model: LinstorModel, wire: Player) -> None:
        self._topic = topic
        self._requests = Requests(topic.name, model, wire)
        self._programs = Programs(model, devices(topic.steps))
        self._commands = Commands(model, self._programs)
        self._surroundings = Surroundings(topic, model, self._programs)

    def play(self, index: int) -> Iterator[Compared]:
        """Do what step *index* did. Raises NotSimulated, Unknown."""
        step = self._topic.steps[index]
        self._surroundings.happen(index)
        if step.request:
            yield from self._requests.ask(step)
        for each in step.done:
            of = self._programs if "op" in each else self._commands
            for what, recorded, simulated in of.run(str(each["node"]), each):
                yield Compared(what, [f"{simulated}, recorded {recorded}"] if recorded != simulated else [])
