"""DRBD devices as programs see them: who may open what (captures drbd-9, linstor.md 2.18 and 5)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.memory.linstor.contents import Content
from adapters.memory.linstor.objects import Definition, Resource

QUORUM = "DrbdOptions/Resource/quorum"

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
    held: Callable[[Handle], Content]
    ended: Callable[[Handle], None]
    check: Callable[[Handle], None]
    identity: int = field(default_factory=itertools.count(1).__next__)

    @property
    def content(self) -> Content:
        """What this node reads and writes."""
        return self.held(self)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the volume. Raises OpenRefused: EIO without quorum, EAGAIN where I/O is suspended."""
        self.check(self)
        return self.content.read(offset, length)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write; acknowledged when it returns.

        Raises OpenRefused: EIO without quorum, EBADF for a reader, EAGAIN where I/O is suspended.
        """
        if not self.write:
            raise OpenRefused("EBADF", "not open for writing")
        self.check(self)
        self.content.write(offset, data)

    def close(self) -> None:
        """Close; closing twice is fine."""
        self.ended(self)


class Devices:
    """The devices of all nodes."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open: list[Handle] = []
        self._primary: set[tuple[str, str]] = set()

    # -- what programs do -----------------------------------------------------------------------

    def open(self, node: str, resource: str, *, write: bool, label: str = "") -> Handle:
        """Open the device of *resource* on *node*. Raises OpenRefused with the errno that DRBD gives."""
        with self._state.lock:
            definition, here = self._device(node, resource)
            if definition.drbd:
                self._check(definition, here, write)
            handle = Handle(here.node, definition.name, write, label, self._content, self._close, self._may_use)
            self._open.append(handle)
            if write and definition.drbd:
                self._promote(definition, here)
            return handle

    def _device(self, node: str, resource: str) -> tuple[Definition, Resource]:
        definition = self._state.find(resource)
        here = definition.resources.get(self._state.node_name(node) or node) if definition is not None else None
        if definition is None or here is None or not here.deployed or "INACTIVE" in here.flags:
            raise OpenRefused("ENOENT", f"{resource} has no device on {node}")
        return definition, here

    def _check(self, definition: Definition, here: Resource, write: bool) -> None:
        if write and self.in_use(definition, here.node):
            return
        if not self.data_reachable(definition, here) or not self.has_quorum(definition, here):
            raise OpenRefused("EROFS" if write else "ENODATA", "need access to UpToDate data, and quorum")
        for other in dict.fromkeys(each.node for each in self.openers_elsewhere(definition.name, here.node)):
            if self._both_allowed(definition, here.node, other) or not self._sees(definition, here, other, write):
                continue
            primary = other in self.primaries(definition)
            if write:
                raise OpenRefused("EROFS", f"{other} is Primary" if primary else f"held open read-only on {other}")
            if primary:
                raise OpenRefused("EMEDIUMTYPE", f"{other} is Primary")

    def _sees(self, definition: Definition, here: Resource, other: str, write: bool) -> bool:
        """Whether *other* matters to an open here: a writer is also declined by the peers of both (captures 023)."""
        there = definition.resources.get(other)
        if there is None or self.joined(definition, here, there):
            return there is not None
        return write and any(
            self.joined(definition, here, peer) and self.joined(definition, there, peer) for peer in definition.active()
        )

    def _promote(self, definition: Definition, here: Resource) -> None:
        """The node becomes Primary and stays it until its last program has closed."""
        self._primary.add((definition.name, here.node))
        for volume in definition.volumes.values():
            # the controller sees the first Primary, and from then on keeps the block size (recorded)
            volume.props.setdefault("Linstor/Drbd/freeze-block-size", "True")

    def _content(self, handle: Handle) -> Content:
        """The content behind a handle: of the node's own replica, or of its peers where that is behind or broken.

        Raises OpenRefused EIO.
        """
        definition = self._state.find(handle.resource)
        here = definition.resources.get(handle.node) if definition is not None else None
        if definition is None or here is None:
            raise OpenRefused("EIO", "the device is gone")
        own = min(definition.volumes)
        over_network = definition.volumes[own].content if definition.drbd and here.disk_state else None
        return over_network or definition.content(here, own)

    def _may_use(self, handle: Handle) -> None:
        with self._state.lock:
            if handle not in self._open:
                raise OpenRefused("EBADF", "closed, or its node died")
            definition = self._state.find(handle.resource)
            here = definition.resources.get(handle.node) if definition is not None else None
            if definition is None or here is None:
                raise OpenRefused("EIO", "the device is gone")
            if definition.drbd and not (self.has_quorum(definition, here) and self.data_reachable(definition, here)):
                raise OpenRefused("EIO", "quorum lost")
            if definition.suspended:
                # a real one waits until somebody resumes it
                raise OpenRefused("EAGAIN", "I/O is suspended")

    def _close(self, handle: Handle) -> None:
        with self._state.lock:
            if handle in self._open:
                self._open.remove(handle)
                self._demote(handle.resource, handle.node)

    def _demote(self, resource: str, node: str) -> None:
        if not self.openers(node, resource):
            self._primary.discard((resource, node))

    def close_all(self, node: str) -> None:
        """What happens to the handles of a node that dies."""
        with self._state.lock:
            self._open = [each for each in self._open if each.node != node]
            self._primary = {each for each in self._primary if each[1] != node}

    # -- connections and data -------------------------------------------------------------------

    def linked(self, one: str, other: str) -> bool:
        """Whether the data network joins two nodes."""
        return not (self._state.nodes[one].networks_cut or self._state.nodes[other].networks_cut)

    def joined(self, definition: Definition, one: Resource, other: Resource) -> bool:
        """Whether the DRBD of two nodes are connected; two without data never are."""
        if one is other or (one.diskless and other.diskless) or not (one.deployed and other.deployed):
            return False
        told = other.node not in one.unseen and one.node not in other.unseen
        return told and self.linked(one.node, other.node)

    def data_reachable(self, definition: Definition, here: Resource) -> bool:
        """Whether an up-to-date copy is here or behind a connection."""
        good = [each for each in definition.resources.values() if not each.diskless and each.deployed]
        good = [each for each in good if each.disk_state in ("", "UpToDate")]
        return any(each is here or self.joined(definition, here, each) for each in good)

    def has_quorum(self, definition: Definition, here: Resource) -> bool:
        """Whether a majority of all nodes is connected, where that is asked for (linstor.md 5)."""
        if definition.props.get(QUORUM) != "majority":
            return True
        votes = list(definition.resources.values())
        seen = [each for each in votes if each is here or self.linked(here.node, each.node)]
        return 2 * len(seen) > len(votes)

    def _both_allowed(self, definition: Definition, one: str, other: str) -> bool:
        """Whether the kernels let both be Primary: by their connection, or where two without data have none, by those
        with each of their peers.
        """
        ends = [each for name in (one, other) if (each := definition.resources.get(name)) is not None]
        if len(ends) < 2:
            return True
        if not all(each.diskless for each in ends):
            return frozenset((one, other)) in definition.kernel
        peers = [each.node for each in definition.active()]
        return all(frozenset((end, peer)) in definition.kernel for end in (one, other) for peer in peers)

    # -- look-ups -------------------------------------------------------------------------------

    def openers(self, node: str, resource: str) -> list[Handle]:
        """The handles on one node."""
        return [each for each in self._open if each.node == node and each.resource == resource]

    def openers_elsewhere(self, resource: str, node: str) -> list[Handle]:
        """The handles on other nodes."""
        return [each for each in self._open if each.resource == resource and each.node != node]

    def primaries(self, definition: Definition) -> list[str]:
        """The nodes that are Primary."""
        return sorted(node for resource, node in self._primary if resource == definition.name)

    def in_use(self, definition: Definition, node: str) -> bool:
        """Whether *node* is Primary."""
        return (definition.name, node) in self._primary
