"""The recordings' programs that keep a device open, on the simulated devices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.memory.linstor import Handle, LinstorModel
from entrypoints.sandbox.drbd.playing import BLOCK, NotSimulated, errno_of
from entrypoints.sandbox.drbd.recording import writes

Answer = tuple[str, str, str]
"""What was done, what the recording says, what the simulated devices say."""

UNTOLD = "f"
"""The name that the recordings give to the one program of a host."""


class Unknown(Exception):
    """A step that is about something of which the recording does not tell."""


class Programs:
    """The programs that have devices open, by node and name. *names*: the resources that had each device."""

    def __init__(self, model: LinstorModel, names: Mapping[str, Sequence[str]]) -> None:
        self._model = model
        self._names = names
        self._open: dict[tuple[str, str], Handle] = {}
        self._untold: set[str] = set()

    # -- what the recording tells -----------------------------------------------------------------

    def run(self, node: str, done: Mapping[str, Any]) -> Iterator[Answer]:
        """What a program did. Raises NotSimulated, Unknown."""
        what = str(done["op"])
        words = what.split()
        known = {
            "open": lambda: self._opens(node, words[1], words[2], words[3]),
            "close": lambda: self._handle(node, words[1]).close(),
            "read": lambda: self._handle(node, words[1]).read(int(words[2]), BLOCK),
            "write": lambda: self._handle(node, words[1]).write_at(int(words[2]), bytes([1]) * BLOCK),
        }
        if words[0] == "size":
            size = self._handle(node, words[1]).content.size
            yield f"{node} {what}", str(done["value"]["BLKGETSIZE64"]), str(size)
        elif words[0] in known:
            yield f"{node} {what}", str(done["result"]), errno_of(known[words[0]])
            if words[0] == "close":
                del self._open[node, words[1]]
        else:
            raise NotSimulated(what)

    def _opens(self, node: str, label: str, device: str, flags: str) -> None:
        self._open[node, label] = self.at(node, device, write=writes(flags))

    def _handle(self, node: str, label: str) -> Handle:
        if (node, label) not in self._open:
            raise NotSimulated(f"{label} is not open on {node}")
        return self._open[node, label]

    def at(self, node: str, device: str, *, write: bool) -> Handle:
        """The device, open. Raises OpenRefused, Unknown."""
        return self._model.devices.open(node, self.resource(device), write=write, label="recorded")

    def resource(self, device: str) -> str:
        """The newest of which an answer names the device, or the only one of which none does. Raises Unknown."""
        there = self._model.state.definitions
        named = [each for each in there if each in self._names.get(device, ())]
        known = {name for names in self._names.values() for name in names}
        others = [each for each in there if each not in known]
        if not named and len(others) != 1:
            raise Unknown(f"no answer tells of which resource {device} is")
        return named[-1] if named else others[0]

    # -- what it only shows -----------------------------------------------------------------------

    def hold(self, node: str, resource: str) -> None:
        """A program that no step tells of opens the device, unless one has it open. Raises OpenRefused."""
        if not any(each.node == node and each.resource == resource and each.write for each in self._open.values()):
            self._open[node, UNTOLD] = self._model.devices.open(node, resource, write=True, label="shown")
            self._untold.add(node)

    def release(self, node: str, resource: str) -> None:
        """All writers of that node have closed the device."""
        for key, handle in list(self._open.items()):
            if handle.node == node and handle.resource == resource and handle.write:
                self._open.pop(key).close()

    def end_untold(self, node: str) -> None:
        """A program that no step told of has ended."""
        if node in self._untold and (node, UNTOLD) in self._open:
            self._open.pop((node, UNTOLD)).close()
        self._untold.discard(node)
