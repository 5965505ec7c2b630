"""Commands of the recordings that look at devices or use them for a moment, on the simulated devices."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from adapters.memory.linstor import Handle, LinstorModel
from adapters.memory.linstor.objects import Definition
from entrypoints.sandbox.drbd.playing import BLOCK, NotSimulated, errno_of, state_of
from entrypoints.sandbox.drbd.recording import only_looks, writes
from entrypoints.sandbox.topics.programs import Answer, Programs, Unknown

DEVICE = r"(?P<device>/dev/drbd\d+)"
NAME = r"(?P<name>\S+)"
OTHER_LOOKS = ("lvs", "losetup", "for i in")
"""Looks at backing volumes, and a loop that waits for a program to end."""


class Commands:
    """The commands, by what they look like. *programs*: those that may end."""

    def __init__(self, model: LinstorModel, programs: Programs) -> None:
        self._model = model
        self._programs = programs
        self._written: dict[str, int] = {}
        self._known: dict[str, Callable[..., Iterator[Answer]]] = {
            rf"python3 /root/blk.py matrix {DEVICE} .*": self._matrix,
            rf"python3 /root/blk.py write {DEVICE} (?P<first>\d+) (?P<end>\d+) .*": self._fill,
            rf"python3 /root/blk.py verify {DEVICE} (?P<end>\d+).*": self._verify,
            rf"dd if=/dev/urandom of={DEVICE} .*": self._scribble,
            rf"blockdev --getsize64 {DEVICE}(;.*)?": self._size,
            rf"drbdsetup status {NAME} --verbose": self._status,
            rf"drbdsetup show {NAME} \| grep two-pri": self._allowed_lines,
            rf"drbdsetup show {NAME} \| grep -c 'allow-two-primaries.\*yes'": partial(self._allowed_count, word=0),
            rf"echo kernel \$\(drbdsetup show {NAME} \| grep -c .*": partial(self._allowed_count, word=1),
            rf"drbdadm down {NAME}": self._down,
            r"kill .*": self._killed,
        }

    def run(self, node: str, done: Mapping[str, Any]) -> Iterator[Answer]:
        """What a command did. Raises NotSimulated, Unknown."""
        command = str(done["cmd"])
        found = ((act, re.fullmatch(form, command, re.DOTALL)) for form, act in self._known.items())
        act, match = next(((act, match) for act, match in found if match), (None, None))
        if act is not None and match is not None:
            yield from act(node, done, **match.groupdict())
        elif not only_looks(command) and not command.startswith(OTHER_LOOKS):
            raise NotSimulated(command)

    def _killed(self, node: str, _done: Mapping[str, Any]) -> Iterator[Answer]:
        self._programs.end_untold(node)
        yield from ()

    # -- devices ----------------------------------------------------------------------------------

    def _matrix(self, node: str, done: Mapping[str, Any], device: str) -> Iterator[Answer]:
        """Every combination of flags: opened, used and closed."""
        for each in json.loads(done["stdout"]):
            flags = str(each["flags"])
            opened, answer = self._tried(node, device, write=writes(flags))
            yield f"{node} open {device} {flags}", each["open"]["result"], answer
            for handle in opened:
                yield f"{node} size", str(each["size"]["value"]), str(handle.content.size)
                if "write" in each:
                    yield f"{node} write", each["write"]["result"], errno_of(partial(handle.write_at, 0, bytes(BLOCK)))
                handle.close()

    def _tried(self, node: str, device: str, *, write: bool) -> tuple[list[Handle], str]:
        """The device, if it could be opened, and what the kernel said."""
        opened: list[Handle] = []
        return opened, errno_of(lambda: opened.append(self._programs.at(node, device, write=write)))

    def _size(self, node: str, done: Mapping[str, Any], device: str, **_: str) -> Iterator[Answer]:
        opened, _said = self._tried(node, device, write=False)
        size = str(opened[0].content.size) if opened else ""
        for each in opened:
            each.close()
        yield f"{node} size of {device}", str(done["stdout"]).split("\n")[0], size

    def _fill(self, node: str, done: Mapping[str, Any], device: str, first: str, end: str) -> Iterator[Answer]:
        """Blocks that hold their own number."""
        handle = self._programs.at(node, device, write=True)
        for number in range(int(first), int(end)):
            handle.write_at(number * BLOCK, _block(number))
        handle.close()
        if int(first) <= self._written.get(handle.resource, 0):
            self._written[handle.resource] = int(end)
        yield f"{node} fills {device}", "closed", str(done["stdout"]).split()[-1]

    def _verify(self, node: str, done: Mapping[str, Any], device: str, end: str) -> Iterator[Answer]:
        """What was written by programs that the recording does not tell of cannot be read here."""
        if not any(count >= int(end) for count in self._written.values()):
            return
        handle = self._programs.at(node, device, write=False)
        good = sum(handle.read(number * BLOCK, BLOCK) == _block(number) for number in range(int(end)))
        handle.close()
        printed = re.search(r'"ok": (\d+)', str(done["stdout"]))
        yield f"{node} verifies {device}", printed[1] if printed else "", str(good)

    def _scribble(self, node: str, done: Mapping[str, Any], device: str) -> Iterator[Answer]:
        """Bytes that nobody looks at."""
        self._programs.at(node, device, write=True).close()
        yield f"{node} writes {device}", "copied" if "copied" in str(done["stdout"]) else "refused", "copied"

    # -- DRBD -------------------------------------------------------------------------------------

    def _definition(self, name: str) -> Definition:
        found = self._model.state.find(name)
        if found is None:
            raise Unknown(f"no step makes {name}")
        return found

    def _status(self, node: str, done: Mapping[str, Any], name: str) -> Iterator[Answer]:
        told = [re.search(rf"\b{word}:(\w+)", str(done["stdout"])) for word in ("role", "disk", "quorum")]
        role, disk, quorum = (each[1] if each else "" for each in told)
        recorded = f"{role} {disk} {'quorum' if quorum == 'yes' else 'no quorum'}"
        definition = self._definition(name)
        yield f"status of {name} on {node}", recorded, state_of(self._model, definition, definition.resources[node])

    def _allowed(self, node: str, name: str) -> str:
        """On how many connections of the node the kernel allows two Primaries."""
        definition = self._definition(name)
        return str(sum(node in pair for pair in definition.kernel if pair <= definition.resources.keys()))

    def _allowed_lines(self, node: str, done: Mapping[str, Any], name: str) -> Iterator[Answer]:
        lines = len(str(done["stdout"]).splitlines())
        yield f"two primaries of {name} on {node}", str(lines), self._allowed(node, name)

    def _allowed_count(self, node: str, done: Mapping[str, Any], name: str, word: int) -> Iterator[Answer]:
        yield f"two primaries of {name} on {node}", str(done["stdout"]).split()[word], self._allowed(node, name)

    def _down(self, node: str, done: Mapping[str, Any], name: str) -> Iterator[Answer]:
        """Refused by whoever would lose the last data; what follows otherwise is not simulated."""
        if not done["rc"]:
            raise NotSimulated(str(done["cmd"]))
        definition = self._definition(name)
        elsewhere = set(self._model.devices.primaries(definition)) - {node}
        last = [each.node for each in definition.diskful()] == [node]
        refused = bool(elsewhere and last) or bool(self._model.devices.openers(node, name))
        yield f"{node} takes {name} down", "refused", "refused" if refused else "done"


def _block(number: int) -> bytes:
    return number.to_bytes(8, "big").ljust(BLOCK, b"x")
