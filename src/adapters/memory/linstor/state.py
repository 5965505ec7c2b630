"""The state of a cluster, and what every operation needs of it: look-ups, names, satellites that may fail."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.memory.linstor.contents import Contents, InMemory
from adapters.memory.linstor.devices import Devices
from adapters.memory.linstor.objects import Definition, Group, Node, Resource, by_name
from adapters.memory.linstor.replies import DEL, RSC_DFN, ControllerDied, Refused, missing, refuse, reported

RESOURCE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{1,47}")
FIRST_MINOR = 1000
FIRST_PORT = 7000

Listener = Callable[[str, Definition, Resource], None]
"""Gets "appeared", "changed" or "vanished" for the device of a resource on a node."""


@dataclass(frozen=True)
class ErrorReport:
    """What the controller wrote down about something it did not expect."""

    name: str
    node: str
    millis: int
    message: str


FRESH = {
    "DrbdOptions/AutoEvictAllowEviction": "True",
    "DrbdOptions/Resource/on-no-quorum": "io-error",
    "DrbdOptions/auto-add-quorum-tiebreaker": "True",
    "DrbdOptions/auto-diskful-allow-cleanup": "True",
    "DrbdOptions/auto-resync-after-disable": "true",
    "DrbdOptions/auto-verify-algo-allowed-list": "crct10dif;crc32c;sha384;sha512;sha256;sha1;md5;windrbd",
}
"""What a controller sets itself at its first start, but for its own network and identity (recorded)."""


class State:
    """All objects of one cluster. One lock around every operation."""

    def __init__(self, contents: Contents | None = None, now: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.contents = contents or InMemory()
        self.now = now
        self.nodes: dict[str, Node] = {}
        self.groups: dict[str, Group] = {}
        self.definitions: dict[str, Definition] = {}
        self.properties: dict[str, str] = dict(FRESH)
        self.devices = Devices(self)
        self.listeners: list[Listener] = []
        self.kernel_refuses = True
        self.rest_api_version = "1.27.0"
        self.dies_in: set[str] = set()
        self.reports: list[ErrorReport] = []
        self._names: dict[str, str] = {}

    def live_through(self, operation: str, source: Definition) -> None:
        """Raises ControllerDied where that was ordered. The suspended I/O stays suspended (linstor.md 2.17 no. 0a)."""
        if operation in self.dies_in:
            self.dies_in.discard(operation)
            source.suspended = True
            raise ControllerDied(f"the controller died during a {operation} of {source.name}")

    # -- look-ups -------------------------------------------------------------------------------

    def find(self, name: str) -> Definition | None:
        """The definition; case does not matter."""
        key = self._names.get(name.lower())
        return self.definitions.get(key) if key is not None else None

    def definition(self, name: str, context: int) -> Definition:
        """The definition. Raises Refused 301."""
        found = self.find(name)
        if found is None:
            raise missing(context, 301, "Resource definition", name)
        return found

    def add(self, definition: Definition) -> None:
        """Put a definition into the cluster."""
        self.definitions[definition.name] = definition
        self._names[definition.name.lower()] = definition.name

    def remove(self, definition: Definition) -> None:
        """Take a definition out of the cluster, with its contents."""
        self.definitions.pop(definition.name, None)
        self._names.pop(definition.name.lower(), None)
        for volume in definition.volumes.values():
            if volume.content is not None:
                volume.content.discard()

    def node_name(self, name: str) -> str | None:
        """The node's own spelling."""
        return by_name(self.nodes, name)

    def node(self, name: str, context: int) -> Node:
        """The node. Raises Refused 300."""
        found = self.node_name(name)
        if found is None:
            raise missing(context, 300, "Node", name)
        return self.nodes[found]

    def group(self, name: str, context: int) -> Group:
        """The group. Raises Refused 317."""
        found = by_name(self.groups, name)
        if found is None:
            raise missing(context, 317, "Resource group", name)
        return self.groups[found]

    # -- numbers --------------------------------------------------------------------------------

    def free_minor(self) -> int:
        """The lowest minor that no volume has: minors are used again after a deletion."""
        taken = {volume.minor for each in self.definitions.values() for volume in each.volumes.values()}
        return next(minor for minor in itertools.count(FIRST_MINOR) if minor not in taken)

    def free_port(self) -> int:
        """The lowest port that no definition has."""
        taken = {each.port for each in self.definitions.values()}
        return next(port for port in itertools.count(FIRST_PORT) if port not in taken)

    def report(self, message: str, node: str = "Controller") -> str:
        """Write an error report; its name."""
        name = f"6A12B7E0-00000-{len(self.reports):06d}"
        self.reports.append(ErrorReport(name, node, self.millis(), message))
        return name

    def internal(self, details: str, context: int = 0) -> Refused:
        """998 of the controller itself, with an error report."""
        return reported(refuse(context, 998, "An unknown error occurred.", details=details), self.report(details))

    def millis(self) -> int:
        """Now, as the controller writes times."""
        return int(self.now() * 1000)

    # -- satellites -----------------------------------------------------------------------------

    def fails(self, node: str, command: str) -> bool:
        """Whether the satellite of *node* cannot carry out *command*."""
        return any(re.search(pattern, command) for pattern in self.nodes[node].failing)

    def offline(self, definition: Definition) -> list[str]:
        """The nodes of a definition whose satellite is away, in the order of the definition."""
        return [name for name in definition.resources if not self.nodes[name].online]

    def sync_kernel(self, definition: Definition) -> None:
        """What an adjust does to the kernels: the options become those of the properties, but for those they keep."""
        definition.kernel = self.wanted_options(definition) | self.kept_options(definition)

    def wanted_options(self, definition: Definition) -> set[frozenset[str]]:
        """The connections, as pairs of nodes, on which properties allow two primaries; two without data have none."""
        asked = {pair for pair, props in definition.connections.items() if _allows(props)}
        inherited = [definition.props, self.groups[definition.group].props if definition.group in self.groups else {}]
        if not any(_allows(props) for props in [*inherited, self.properties]):
            return asked
        pairs = itertools.combinations(definition.resources.values(), 2)
        return asked | {frozenset((one.node, two.node)) for one, two in pairs if not (one.diskless and two.diskless)}

    def kept_options(self, definition: Definition) -> set[frozenset[str]]:
        """Where the kernels keep allowing it although the properties do not."""
        if not self.kernel_refuses or len(self.devices.primaries(definition)) < 2:
            return set()
        unwanted = definition.kernel - self.wanted_options(definition)
        return {each for each in unwanted if self.held(definition, each)}

    def held(self, definition: Definition, pair: frozenset[str]) -> bool:
        """Whether two connected Primaries keep the kernel from clearing the option between them (linstor.md 2.18)."""
        with_data = any(not definition.resources[end].diskless for end in pair if end in definition.resources)
        return with_data and pair <= set(self.devices.primaries(definition))

    def announce(self, what: str, definition: Definition, resource: Resource) -> None:
        """Tell the listeners about a device."""
        for listener in self.listeners:
            listener(what, definition, resource)

    def changed(self, definition: Definition) -> None:
        """Tell the listeners that the devices of a definition have another size or content."""
        for resource in definition.resources.values():
            if resource.deployed:
                self.announce("changed", definition, resource)


def _allows(props: Mapping[str, str]) -> bool:
    return props.get("DrbdOptions/Net/allow-two-primaries", "").lower() == "yes"


def check_resource_name(name: str, context: int, state: State) -> None:
    """Raises Refused 202 for a name outside LINSTOR's alphabet (linstor.md 1.5)."""
    if not RESOURCE_NAME.fullmatch(name) or name.lower() in ("all", "proxy"):
        raise reported_name(context, 202, f"The specified resource name '{name}' is invalid.", state)


def reported_name(context: int, code: int, message: str, state: State) -> Refused:
    """A refusal of a name, which the controller reports as an error of its own."""
    return reported(
        refuse(context, code, message, cause="The name has a bad character or length.", details=message),
        state.report(message),
    )


def in_use(definition: Definition, node: str, context: int) -> Refused:
    """997: a program has the device open."""
    of_definition = context & 0x7C0000 == RSC_DFN
    where = f" on node '{node}'" if of_definition or context & 0x3000000 != DEL else ""
    return refuse(
        context,
        997,
        f"Resource '{definition.name}'{where} is still in use.",
        cause="Resource is mounted/in use.",
        details=f"Node: {node}, Resource: {definition.name}",
        correction=f"Un-mount resource '{definition.name}' on the node '{node}'.",
    )
