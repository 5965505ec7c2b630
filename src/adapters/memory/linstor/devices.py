"""DRBD devices as programs see them: who may open what (captures drbd-9, linstor.md 2.18 and 5)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.objects import Definition, Resource

if TYPE_CHECKING:
    from adapters.memory.linstor.state import State


class OpenRefused(OSError):
    """The kernel refuses an open; *errno_name* is what `open` sets."""

    def __init__(self, errno_name: str, why: str) -> None:
        self.errno_name = errno_name
        super().__init__(f"{errno_name}: {why}")


@dataclass
class Handle:
    """An open device."""

    node: str
    resource: str
    write: bool
    label: str
    content: Content
    ended: Callable[[Handle], None]
    may_write: Callable[[Handle], None]
    identity: int = field(default_factory=itertools.count(1).__next__)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the volume."""
        return self.content.read(offset, length)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write; acknowledged when it returns. Raises OpenRefused EIO without quorum, EBADF for a reader."""
        self.may_write(self)
        self.content.write(offset, data)

    def close(self) -> None:
        """Close; closing twice is fine."""
        self.ended(self)


class Devices:
    """The devices of all nodes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open: list[Handle] = []

    def open(self, node: str, resource: str, *, write: bool, label: str = "") -> Handle:
        """Open the device of *resource* on *node*. Raises OpenRefused with the errno that DRBD gives."""
        with self._state.lock:
            definition, here = self._device(node, resource)
            self._check(definition, here, write)
            content = definition.volumes[min(definition.volumes)].content
            assert content is not None
            handle = Handle(here.node, definition.name, write, label, content, self._close, self._may_write)
            self._open.append(handle)
            return handle

    def _device(self, node: str, resource: str) -> tuple[Definition, Resource]:
        definition = self._state.find(resource)
        here = definition.resources.get(self._state.node_name(node) or node) if definition is not None else None
        if definition is None or here is None or not here.deployed or "INACTIVE" in here.flags:
            raise OpenRefused("ENOENT", f"{resource} has no device on {node}")
        return definition, here

    def _check(self, definition: Definition, here: Resource, write: bool) -> None:
        if not definition.drbd:
            return
        if not self._data_reachable(definition, here):
            raise OpenRefused("EROFS" if write else "ENODATA", "need access to UpToDate data")
        for handle in self.openers_elsewhere(definition.name, here.node):
            if handle.write and not self._both_allowed(definition, here.node, handle.node):
                raise OpenRefused("EROFS" if write else "EMEDIUMTYPE", f"{handle.node} is Primary")
            if write and not handle.write and not self._both_allowed(definition, here.node, handle.node):
                raise OpenRefused("EROFS", f"held open read-only on {handle.node}")
            if not write and handle.write and self._connected(definition, here.node, handle.node):
                raise OpenRefused("EMEDIUMTYPE", f"{handle.node} is Primary")

    def _data_reachable(self, definition: Definition, here: Resource) -> bool:
        """Whether an up-to-date copy is here or behind a connection, and a majority of the votes is."""
        for each in definition.resources.values():
            good = not each.diskless and each.deployed and each.disk_state in ("", "UpToDate")
            if good and (each is here or self._linked(here.node, each.node)):
                return True
        return False

    def _linked(self, one: str, other: str) -> bool:
        return not (self._state.nodes[one].networks_cut or self._state.nodes[other].networks_cut)

    @staticmethod
    def _connected(definition: Definition, one: str, other: str) -> bool:
        """Two nodes without data have no connection with each other."""
        ends = [definition.resources.get(one), definition.resources.get(other)]
        return any(end is not None and not end.diskless for end in ends)

    def _both_allowed(self, definition: Definition, one: str, other: str) -> bool:
        """Whether the kernels let both be Primary: by their connection, or by the option of the whole resource."""
        if frozenset() in definition.kernel:
            return True
        return self._connected(definition, one, other) and frozenset((one, other)) in definition.kernel

    def _may_write(self, handle: Handle) -> None:
        with self._state.lock:
            if not handle.write or handle not in self._open:
                raise OpenRefused("EBADF", "not open for writing")
            definition = self._state.find(handle.resource)
            here = definition.resources.get(handle.node) if definition is not None else None
            if definition is None or here is None or not self._has_quorum(definition, handle.node):
                raise OpenRefused("EIO", "quorum lost")

    def _has_quorum(self, definition: Definition, node: str) -> bool:
        if not self._state.nodes[node].networks_cut:
            return self._data_reachable(definition, definition.resources[node])
        return definition.props.get("DrbdOptions/Resource/quorum") != "majority"

    def _close(self, handle: Handle) -> None:
        with self._state.lock:
            if handle in self._open:
                self._open.remove(handle)

    def openers(self, node: str, resource: str) -> list[Handle]:
        """The handles on one node."""
        return [each for each in self._open if each.node == node and each.resource == resource]

    def openers_elsewhere(self, resource: str, node: str) -> list[Handle]:
        """The handles on other nodes."""
        return [each for each in self._open if each.resource == resource and each.node != node]

    def primaries(self, definition: Definition) -> list[str]:
        """The nodes on which a program has it open for writing."""
        return sorted({each.node for each in self._open if each.resource == definition.name and each.write})

    def in_use(self, definition: Definition, node: str) -> bool:
        """Whether *node* is Primary."""
        return definition.drbd and node in self.primaries(definition)

    def close_all(self, node: str) -> None:
        """What happens to the handles of a node that dies."""
        with self._state.lock:
            self._open = [each for each in self._open if each.node != node]
