"""Plays the steps of a recording on the simulated devices and gives what they answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

from adapters.memory.linstor import Handle, LinstorModel, OpenRefused
from adapters.memory.linstor.devices import QUORUM
from adapters.memory.linstor.objects import Definition, Resource
from entrypoints.sandbox.drbd.commands import Commands
from entrypoints.sandbox.drbd.recording import Recording, States, Step, cut_off, only_looks, writes

BLOCK = 4096
SIZE_KIB = 262144
BLOCKED = "BLOCKED"
REFUSED, DONE = "refused", "done"

Answer = tuple[str, str, str]
"""What was done, what the recording says, what the simulated devices say."""


class NotSimulated(Exception):
    """A step whose consequences the model does not know: the rest of a recording proves nothing."""


class Player:
    """A resource as the recording has it, and the programs that have its devices open."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._name = recording.resource
        self._model = _model(recording)
        self._definition = self._model.definitions.find(self._name)
        self._commands = Commands(self._model, recording)
        self._handles: dict[tuple[str, str], Handle] = {}
        self._twice: set[tuple[str, str]] = set()

    def play(self, step: Step) -> Iterator[Answer]:
        """Do what a step did. Raises NotSimulated."""
        if "before the close" in str(step.get("note")):
            raise NotSimulated("calls that overlap in time")
        if "state" in step:
            yield from self._state(step["state"])
        elif "op" in step:
            yield from self._operation(str(step["op"]), step)
        elif "cmd" in step:
            yield from self._command(str(step["cmd"]), step)

    # -- states ---------------------------------------------------------------------------------

    def _state(self, states: States) -> Iterator[Answer]:
        """Roles, disks and quorum; that a network is cut was done by hand, not always in a step."""
        self._cut(set(cut_off(states)))
        for node in self._recording.nodes:
            recorded = states.get(node, {})
            if not isinstance(recorded, dict) or "role" not in recorded:
                raise NotSimulated(f"{node} does not have the resource any more")
            here = self._definition.resources[node]
            yield f"state of {node}", _shown(recorded), state_of(self._model, self._definition, here)

    def _cut(self, nodes: set[str]) -> None:
        for node in self._recording.nodes:
            if node in nodes and not self._model.state.nodes[node].networks_cut:
                self._model.events.cut_network(node)
            elif node not in nodes and self._model.state.nodes[node].networks_cut:
                self._healed(node)

    def _healed(self, node: str) -> None:
        if node in self._model.devices.primaries(self._definition):
            raise NotSimulated(f"{node} was Primary without quorum, and goes back to its peers in its own time")
        self._model.events.heal_network(node)

    # -- programs -------------------------------------------------------------------------------

    def _operation(self, what: str, step: Step) -> Iterator[Answer]:
        words = what.split()
        if what == "network healed":
            self._cut(set())
        elif what.startswith("cut network of "):
            self._cut({words[-1]})
        elif words[0] in ("open", "close", "read", "write") and not str(step["result"]).startswith("("):
            node = str(step["node"])
            yield f"{node} {what}", str(step["result"]), self._program(node, words)
        elif words[0] not in ("open", "close", "read", "write", "size"):
            raise NotSimulated(what)

    def _program(self, node: str, words: list[str]) -> str:
        known = {
            "open": lambda: self._open(node, words[1], words[-1]),
            "close": lambda: self._close(node, words[1]),
            "read": lambda: self._handle(node, words[1]).read(int(words[2]), BLOCK),
            "write": lambda: self._handle(node, words[1]).write_at(int(words[2]), bytes(BLOCK)),
        }
        return errno_of(known[words[0]])

    def _open(self, node: str, label: str, flags: str) -> None:
        handle = self._model.devices.open(node, self._name, write=writes(flags), label=label)
        if (node, label) in self._handles:
            self._twice.add((node, label))
        self._handles[node, label] = handle

    def _handle(self, node: str, label: str) -> Handle:
        if (node, label) not in self._handles:
            raise NotSimulated(f"{label} is not open on {node}")
        return self._handles[node, label]

    def _close(self, node: str, label: str) -> None:
        if (node, label) in self._twice:
            raise NotSimulated(f"whether the {label} that was open before on {node} is still open")
        self._handle(node, label).close()
        del self._handles[node, label]

    def _matrix(self, node: str, printed: str) -> Iterator[Answer]:
        """Every combination of flags: opened, used and closed."""
        for each in json.loads(printed):
            flags = str(each["flags"])
            yield f"{node} open {flags}", each["open"]["result"], errno_of(partial(self._open, node, "matrix", flags))
            handle = self._handles.pop((node, "matrix"), None)
            if handle is not None and "write" in each:
                yield f"{node} write", each["write"]["result"], errno_of(partial(handle.write_at, 0, bytes(BLOCK)))
            if handle is not None:
                handle.close()

    def _command(self, command: str, step: Step) -> Iterator[Answer]:
        node = str(step["node"])
        if command.startswith("python3 /root/blk.py matrix "):
            yield from self._matrix(node, str(step["stdout"]))
            return
        done = None if only_looks(command) else self._commands.run(node, command)
        if done is not None:
            yield f"{node} {command}", REFUSED if _refused(step) else DONE, DONE if done else REFUSED
        elif not only_looks(command) and not step["rc"]:
            raise NotSimulated(command)


def _refused(step: Step) -> bool:
    return bool(step["rc"]) or "rc=1" in str(step["stdout"])


def _model(recording: Recording) -> LinstorModel:
    """A cluster in which the resource lies as it did in the recording."""
    diskful = recording.diskful
    diskless = [name for name in recording.nodes if name not in diskful]
    model = LinstorModel.simple(diskful, diskless=diskless, groups={"recorded": len(diskful)})
    model.definitions.spawn("recorded", recording.resource, [SIZE_KIB])
    for node in diskless:
        model.resources.make_available(recording.resource, node)
    model.definitions.find(recording.resource).props[QUORUM] = "majority" if recording.quorum else "off"
    return model


def _shown(recorded: Step) -> str:
    quorum = "quorum" if all(recorded["quorum"]) else "no quorum"
    return f"{recorded['role']} {recorded['disk']} {quorum}"


def state_of(model: LinstorModel, definition: Definition, here: Resource) -> str:
    """Role, disk and quorum of a resource on its node."""
    role = "Primary" if here.node in model.devices.primaries(definition) else "Secondary"
    disk = "Diskless" if here.diskless else here.disk_state or "UpToDate"
    return f"{role} {disk} {'quorum' if model.devices.has_quorum(definition, here) else 'no quorum'}"


def errno_of(act: Callable[[], object]) -> str:
    """`ok` or the name of the error, as the recordings have it."""
    try:
        act()
    except OpenRefused as error:
        return BLOCKED if error.errno_name == "EAGAIN" else error.errno_name
    return "ok"
